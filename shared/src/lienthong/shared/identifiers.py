"""Identifiers that cross service borders, and the two generations of agency identity codes."""

import re
from enum import StrEnum
from typing import NewType

import uuid_utils

DocumentId = NewType("DocumentId", str)
"""A document as the platform knows it: UUIDv7, lower-case with hyphens; safe as a file name."""
DeliveryId = NewType("DeliveryId", str)
"""One document on its way to one recipient agency: UUIDv7."""
MessageId = NewType("MessageId", str)
"""One envelope from one node to the next: UUIDv7. A repeated delivery repeats it."""
EvidenceId = NewType("EvidenceId", str)
"""One signed statement of one node: UUIDv7."""
NodeId = NewType("NodeId", str)
"""A node, named by the identity code of the agency that runs it, such as ``H28.31``."""
AgencyCode = NewType("AgencyCode", str)
"""An agency's identity code in either generation; see :func:`code_form`."""
Sha256 = NewType("Sha256", str)
"""A SHA-256 digest: 64 lower-case hexadecimal digits."""

MAX_CODE_LENGTH = 35
"""Characters of an identity code. Source: Decision 20/2020/QĐ-TTg."""

_OLD = re.compile(r"\d{3}\.\d{2}\.\d{2}\.[A-Z][0-9A-Z]{2}")
_NEW = re.compile(r"[A-Y]\d{2}(\.[0-9A-Z]+)*")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class CodeForm(StrEnum):
    """The generation of an identity code."""

    QCVN_102_2016 = "qcvn-102-2016"
    """``000.05.31.H28``: four groups, level 1 last. Source: QCVN 102:2016/BTTTT."""
    DECISION_20_2020 = "decision-20-2020"
    """``H28.31.05``: level 1 first. Source: Decision 20/2020/QĐ-TTg."""
    OTHER = "other"
    """Neither form. Real traffic holds such codes: warn, do not refuse."""


def new_uuid() -> str:
    """A fresh UUIDv7 as text. Source: RFC 9562 section 5.7."""
    return str(uuid_utils.uuid7())


def code_form(code: str) -> CodeForm:
    """The generation of ``code``; never an error."""
    if _OLD.fullmatch(code):
        return CodeForm.QCVN_102_2016
    if len(code) <= MAX_CODE_LENGTH and _NEW.fullmatch(code):
        return CodeForm.DECISION_20_2020
    return CodeForm.OTHER


def new_form_of(code: str) -> AgencyCode | None:
    """The Decision 20/2020 form that an old code stands for, or None when ``code`` is not an old code.

    The groups are reversed and zero groups dropped: ``000.00.01.H27`` gives ``H27.01``. The way back is
    ambiguous, which is why directories publish both codes.
    """
    if code_form(code) is not CodeForm.QCVN_102_2016:
        return None
    groups = reversed(code.split("."))
    return AgencyCode(".".join(group for group in groups if group.strip("0")))


def is_sha256(text: str) -> bool:
    """Whether ``text`` is a digest in the one form that the platform writes."""
    return _SHA256.fullmatch(text) is not None
