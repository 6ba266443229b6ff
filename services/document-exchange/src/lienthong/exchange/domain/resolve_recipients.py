"""Who is responsible for what a package is addressed to, and where that agency is served."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from lienthong.shared.contracts.envelope import EnvelopeDelivery
from lienthong.shared.contracts.evidence import RecipientOutcome
from lienthong.shared.directory import Directory, NodeUnknown
from lienthong.shared.edxml.model import DocumentHeader, PackageContent
from lienthong.shared.identifiers import AgencyCode, DeliveryId, NodeId


class Outcome(StrEnum):
    """What a submission does for one addressee."""

    ACCEPTED = "accepted"
    UNKNOWN = "unknown-recipient"
    NOT_PLACED = "recipient-not-placed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """One addressee of a package. ``delivery`` is shared by addressees that are the same agency; None: not accepted."""

    addressed_to: str
    outcome: Outcome
    detail: str = ""
    code: AgencyCode | None = None
    name: str = ""
    node: NodeId | None = None
    delivery: DeliveryId | None = None

    @property
    def stated(self) -> RecipientOutcome:
        """The same, as evidence states it."""
        return RecipientOutcome(
            addressed_to=self.addressed_to,
            delivery=self.delivery,
            agency=self.code,
            node=self.node,
            outcome=self.outcome.value,
            detail=self.detail,
        )


def addressees(content: PackageContent) -> tuple[str, ...]:
    """The codes that a package is addressed to, each once, in its order. A status speaks to the document's sender."""
    header = content.header
    if isinstance(header, DocumentHeader):
        return tuple(dict.fromkeys(organ.organ_id for organ in header.to))
    return (header.response_for.organ_id,)


def resolve_recipients(
    codes: Sequence[str], *, here: NodeId, directory: Directory, new_id: Callable[[], DeliveryId]
) -> tuple[Recipient, ...]:
    """What happens for each of ``codes``: either code of an agency will do; one delivery for each agency."""
    deliveries: dict[AgencyCode, DeliveryId] = {}
    resolved = []
    for code in codes:
        recipient = _resolve(code, here, directory)
        if recipient.code is not None and recipient.outcome is Outcome.ACCEPTED:
            if recipient.code not in deliveries:
                deliveries[recipient.code] = new_id()
            recipient = _with_delivery(recipient, deliveries[recipient.code])
        resolved.append(recipient)
    return tuple(resolved)


def accepted_deliveries(recipients: Sequence[Recipient]) -> tuple[EnvelopeDelivery, ...]:
    """One delivery for each agency among ``recipients`` that was accepted; the first address is kept."""
    deliveries: dict[DeliveryId, EnvelopeDelivery] = {}
    for one in recipients:
        if one.delivery is not None and one.code is not None and one.node is not None:
            deliveries.setdefault(
                one.delivery,
                EnvelopeDelivery(id=one.delivery, addressed_to=one.addressed_to, agency=one.code, node=one.node),
            )
    return tuple(deliveries.values())


def _resolve(code: str, here: NodeId, directory: Directory) -> Recipient:
    agency = directory.agency(code)
    if agency is None:
        detail = "The directory has no agency with this code; look it up in the registry's /v1/agencies."
        return Recipient(addressed_to=code, outcome=Outcome.UNKNOWN, detail=detail)
    if agency.node is None or not _is_reachable(agency.node, here, directory):
        detail = "The agency is not on the platform yet."
        return Recipient(
            addressed_to=code, outcome=Outcome.NOT_PLACED, detail=detail, code=agency.code, name=agency.name
        )
    return Recipient(addressed_to=code, outcome=Outcome.ACCEPTED, code=agency.code, name=agency.name, node=agency.node)


def _with_delivery(recipient: Recipient, delivery: DeliveryId) -> Recipient:
    return Recipient(
        addressed_to=recipient.addressed_to,
        outcome=recipient.outcome,
        code=recipient.code,
        name=recipient.name,
        node=recipient.node,
        delivery=delivery,
    )


def _is_reachable(node: NodeId, here: NodeId, directory: Directory) -> bool:
    try:
        directory.next_hop(here, node)
    except NodeUnknown:
        return False
    return True
