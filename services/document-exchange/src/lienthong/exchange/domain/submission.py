"""The rules of a submission that need no database: who may send, what a repeat is, what is refused."""

import re
from dataclasses import dataclass

from lienthong.exchange.domain.resolve_recipients import Recipient
from lienthong.exchange.errors import (
    AgencyNotServed,
    IdempotencyKeyInvalid,
    NoKnownRecipient,
    SenderNotAllowed,
    SenderUnknown,
)
from lienthong.shared.contracts.directory import AgencyEntry
from lienthong.shared.directory import Directory
from lienthong.shared.edxml.model import DocumentHeader, PackageContent
from lienthong.shared.identifiers import AgencyCode, NodeId, Sha256

MAX_KEY_LENGTH = 128
"""Characters of an ``Idempotency-Key``."""
_KEY = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
MAX_SUBJECT_LENGTH = 2000
"""Characters of the subject and of the notation that lists show; the header keeps the whole."""
MAX_NOTATION_LENGTH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """The client that submits, and the agency that its token names."""

    client_id: str
    agency: AgencyCode


def idempotency_key(given: str | None, request_sha256: Sha256) -> str:
    """The key of a submission: what the client gave, else the digest of what it sent.

    Raises:
        IdempotencyKeyInvalid: Not 1 to 128 visible ASCII characters.
    """
    if given is None:
        return f"sha256:{request_sha256}"
    if len(given) > MAX_KEY_LENGTH or not _KEY.fullmatch(given):
        raise IdempotencyKeyInvalid(f"Send 1 to {MAX_KEY_LENGTH} visible ASCII characters as Idempotency-Key.")
    return given


def entitled_sender(code: str, *, sender: Sender, here: NodeId, directory: Directory) -> AgencyEntry:
    """The agency that a package names as ``From/OrganId``, for which ``sender`` may act and which this node serves.

    Raises:
        SenderUnknown: The directory has no such agency.
        SenderNotAllowed: It is neither the caller's agency nor one that delegated to it.
        AgencyNotServed: Another node serves it.
    """
    agency = directory.agency(code)
    if agency is None:
        raise SenderUnknown(
            f"From/OrganId is {code[:64]!r}, which the directory does not have. Use the agency's code.",
            facts={"field": "From/OrganId"},
        )
    if not directory.may_act(sender.agency, agency.code):
        raise SenderNotAllowed(f"Your agency may not send documents of {agency.code}.", facts={"agency": agency.code})
    if agency.node != here:
        raise AgencyNotServed(
            f"The agency {agency.code} is served by the node {agency.node}; submit there.",
            facts={"agency": agency.code, "node": agency.node},
        )
    return agency


def require_recipient(recipients: tuple[Recipient, ...]) -> None:
    """Raises :class:`NoKnownRecipient`, with what is wrong for each, unless one of them is accepted."""
    if any(one.delivery is not None for one in recipients):
        return
    raise NoKnownRecipient(
        "None of the recipients can be reached; nothing was sent.",
        facts={"recipients": [{"addressed_to": one.addressed_to, "outcome": one.outcome} for one in recipients]},
    )


def shown_subject(content: PackageContent) -> str:
    """What lists show as the subject: a status has its description."""
    header = content.header
    text = header.subject if isinstance(header, DocumentHeader) else header.description
    return text[:MAX_SUBJECT_LENGTH]


def shown_notation(content: PackageContent) -> str:
    """Number and symbol as people write them: ``7816/VPCP-TTĐT``; a status has those of its document."""
    header = content.header
    if not isinstance(header, DocumentHeader):
        return header.response_for.code[:MAX_NOTATION_LENGTH]
    parts = (header.code.code_number, header.code.code_notation)
    return "/".join(part for part in parts if part)[:MAX_NOTATION_LENGTH]
