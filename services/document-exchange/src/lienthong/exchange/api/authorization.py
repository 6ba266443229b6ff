"""Who calls, and for which agencies it may act."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from lienthong.exchange.errors import AgencyNotServed, SenderNotAllowed
from lienthong.exchange.factory import Factory
from lienthong.shared.contracts.directory import AgencyEntry
from lienthong.shared.contracts.tokens import Scope
from lienthong.shared.directory import Directory
from lienthong.shared.identifiers import AgencyCode, NodeId
from lienthong.shared.tokens import Principal, require


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """An authenticated client, seen through this node's directory."""

    principal: Principal
    directory: Directory
    node: NodeId

    @property
    def client_id(self) -> str:
        """The client, as the registry named it in the token."""
        return self.principal.client_id

    def require_agency(self, code: str | None) -> AgencyEntry:
        """The agency that the caller acts for; None: the one that its token names.

        Raises:
            SenderNotAllowed: It is neither the caller nor one that delegated to it, or nobody knows it.
        """
        actor = self.principal.agency
        agency = self.directory.agency(code or actor or "")
        if actor is None or agency is None or not self.directory.may_act(actor, agency.code):
            raise SenderNotAllowed(f"Your client may not act for the agency {code or 'that it names'}.")
        return agency

    def require_local_agency(self, code: str | None) -> AgencyEntry:
        """Like :meth:`require_agency`, and this node serves it. Raises also :class:`AgencyNotServed`."""
        agency = self.require_agency(code)
        if agency.node != self.node:
            raise AgencyNotServed(
                f"The agency {agency.code} is not served by the node {self.node}; call the node that serves it.",
                facts={"agency": agency.code, "node": agency.node},
            )
        return agency

    def agencies(self, code: str | None = None) -> tuple[AgencyCode, ...]:
        """Codes of all agencies that the caller may act for, or only ``code``. Raises :class:`SenderNotAllowed`."""
        if code is not None:
            return (self.require_agency(code).code,)
        own = self.require_agency(None).code
        delegated = (d.principal for d in self.directory.snapshot.delegations if d.delegate == own)
        return (own, *delegated)

    def agency_codes(self) -> dict[str, AgencyCode]:
        """Each code, old and new, of every agency that the caller may act for, to the code that the directory uses."""
        entries = [entry for code in self.agencies() if (entry := self.directory.agency(code)) is not None]
        return {known: entry.code for entry in entries for known in (entry.code, entry.old_code) if known}


async def factory_of(request: Request) -> Factory:  # async: FastAPI takes anything else to a thread
    """The factory that the lifespan opened."""
    factory: Factory = request.app.state.factory
    return factory


WithFactory = Annotated[Factory, Depends(factory_of)]


def caller_with(*scopes: Scope) -> Callable[..., Awaitable[Caller]]:
    """A dependency that answers with the caller, whose token must hold every one of ``scopes``."""

    async def authorized(factory: WithFactory, principal: Annotated[Principal, Depends(require(*scopes))]) -> Caller:
        return Caller(principal=principal, directory=factory.directory.current(), node=factory.settings.node_id)

    return authorized


Writer = Annotated[Caller, Depends(caller_with(Scope.DOCUMENTS_WRITE))]
"""A caller that may submit."""
Reader = Annotated[Caller, Depends(caller_with(Scope.DOCUMENTS_READ))]
"""A caller that may read documents."""
InboxOwner = Annotated[Caller, Depends(caller_with(Scope.INBOX))]
"""A caller that may take and answer for what arrived."""
Operator = Annotated[Principal, Depends(require(Scope.ADMIN))]
"""An operator. Needs no directory: what an operator mends may be why there is none."""
Subscriber = Annotated[Caller, Depends(caller_with(Scope.DOCUMENTS_READ, Scope.INBOX))]
"""A caller that may say where its agencies' events are sent."""
