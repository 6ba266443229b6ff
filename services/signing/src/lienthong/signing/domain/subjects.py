"""Subjects: who a certificate is for, and how its distinguished name says so."""

import unicodedata
from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import NameOID

from lienthong.shared.identifiers import MAX_CODE_LENGTH, AgencyCode, NodeId
from lienthong.shared.signatures.profiles import (
    DIRECTORY_URI,
    OCSP_URI,
    TIME_STAMPING_URI,
    TRUST_LIST_URI,
    Profile,
    agency_uri,
    node_uri,
)
from lienthong.signing.errors import SubjectInvalid

COUNTRY = "VN"
MAX_NAME_LENGTH = 64
"""Characters of an organisation name, and bytes in UTF-8 of a common name: widespread software counts ub-common-name
in bytes. Source: RFC 5280 appendix A.1.
"""
_FIXED_URIS = {
    Profile.DIRECTORY: DIRECTORY_URI,
    Profile.OCSP_RESPONDER: OCSP_URI,
    Profile.TIME_STAMPING: TIME_STAMPING_URI,
    Profile.TRUST_LIST: TRUST_LIST_URI,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whom a certificate is for.

    ``name`` is the agency's name in a seal, the person's in an officer's certificate; ``organisation`` is the agency's
    name then, and in a seal the same as ``name`` if left out. Long names are cut: the identity is the code in the
    subject alternative name.
    """

    name: str
    organisation: str = ""
    agency: AgencyCode | None = None
    node: NodeId | None = None


def subject_uri(profile: Profile, subject: Subject) -> str:
    """The subject alternative name that ``profile`` wants.

    Raises:
        SubjectInvalid: The agency or the node is missing, or too many are named.
    """
    if profile is Profile.NODE_SEAL:
        return node_uri(NodeId(_only_code(subject.node, "node", excluded=subject.agency)))
    if profile in (Profile.AGENCY_SEAL, Profile.OFFICER):
        return agency_uri(AgencyCode(_only_code(subject.agency, "agency", excluded=subject.node)))
    if subject.agency or subject.node:
        raise SubjectInvalid(f"A certificate of the profile '{profile}' names no agency and no node.")
    return _FIXED_URIS[profile]


def subject_name(profile: Profile, subject: Subject) -> x509.Name:
    """The distinguished name: country, organisation, the identity code, common name. UTF-8, NFC.

    Raises:
        SubjectInvalid: A name is empty, or holds control characters.
    """
    code = subject.agency or subject.node
    common_name = _text(subject.name, "name").encode()[:MAX_NAME_LENGTH].decode(errors="ignore").rstrip()
    attributes = [x509.NameAttribute(NameOID.COUNTRY_NAME, COUNTRY)]
    organisation = subject.organisation or (subject.name if profile is Profile.AGENCY_SEAL else "")
    if organisation:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, _text(organisation, "organisation")))
    if code:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, _text(code, "code")))
    attributes.append(x509.NameAttribute(NameOID.COMMON_NAME, common_name))
    return x509.Name(attributes)


def _only_code(code: str | None, field: str, *, excluded: str | None) -> str:
    if not code or excluded:
        raise SubjectInvalid(f"Name the {field} in the subject, and nothing else.", facts={"field": field})
    if len(code) > MAX_CODE_LENGTH:
        raise SubjectInvalid(f"A code has at most {MAX_CODE_LENGTH} characters.", facts={"field": field})
    return code


def plain_text(value: str, field: str) -> str:
    """``value`` in NFC without space around it, if it is text that a person can read.

    Raises:
        SubjectInvalid: It is empty, or holds control characters.
    """
    text = unicodedata.normalize("NFC", value).strip()
    if not text or any(unicodedata.category(character) in ("Cc", "Cs", "Cn", "Co") for character in text):
        raise SubjectInvalid("Names and reasons are plain text, and not empty.", facts={"field": field})
    return text


def _text(value: str, field: str) -> str:
    return plain_text(value, field)[:MAX_NAME_LENGTH].rstrip()
