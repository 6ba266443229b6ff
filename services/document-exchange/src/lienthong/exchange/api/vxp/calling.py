"""One call of the SDK: who speaks, what for, and what came with it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import Request, Response

from lienthong.exchange.api.authorization import Caller
from lienthong.exchange.domain.submission import Sender
from lienthong.exchange.domain.visibility import Viewer
from lienthong.exchange.domain.vxp.call import VerifiedCall, verify_call
from lienthong.exchange.factory import Factory
from lienthong.shared.tokens import Principal

Answer = dict[str, object] | Response
"""Members of the envelope of a success, or an answer that is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call whose headers are verified, seen through this node's directory."""

    verified: VerifiedCall
    caller: Caller
    request: Request
    factory: Factory

    def parameter(self, name: str) -> str:
        """The value of a signed parameter; empty: not given."""
        return self.verified.parameter(name)

    @property
    def sender(self) -> Sender:
        """The system as one that submits."""
        return Sender(client_id=self.caller.client_id, agency=self.verified.system.agency)

    @property
    def viewer(self) -> Viewer:
        """The agencies of the system, looking at this node."""
        return Viewer(node=self.caller.node, agencies=self.caller.agencies())


Handler = Callable[[Call], Awaitable[Answer]]


def called(request: Request, factory: Factory) -> Call:
    """The call in ``request``.

    Raises:
        SystemsMissing, DirectoryMissing: This node has just started, and nothing else is up.
        CallMalformed, CallRefused, HeaderNotASCII: As :func:`verify_call`.
    """
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw]
    systems = factory.systems.current()
    verified = verify_call(headers, find_system=systems.find, now=factory.clock())
    return call_of(verified, request, factory)


def call_of(verified: VerifiedCall, request: Request, factory: Factory) -> Call:
    """The call of a system that is known. Raises ``DirectoryMissing``."""
    system = verified.system
    principal = Principal(client_id=system.client_id, agency=system.agency, scopes=frozenset())
    caller = Caller(principal=principal, directory=factory.directory.current(), node=factory.here)
    return Call(verified=verified, caller=caller, request=request, factory=factory)
