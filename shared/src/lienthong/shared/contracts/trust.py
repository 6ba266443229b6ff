"""The trust list as nodes hold it: certificates and revocation lists, published by the signing service, sealed."""

from enum import StrEnum

from pydantic import AwareDatetime, Field

from lienthong.shared.contracts import Contract

TRUST_LIST_TYPE = "lienthong-trust-list+jws"
"""``typ`` of the JWS that holds a :class:`TrustList`."""


class TrustPurpose(StrEnum):
    """What an external authority is trusted for."""

    DOCUMENTS = "documents"
    """Signatures of documents."""
    TIME_STAMPS = "time-stamps"
    """RFC 3161 time stamps."""


class TrustedAuthority(Contract):
    """A certificate authority of somebody else, and how far it is trusted.

    ``certificate`` is the anchor, PEM, one. ``names``: what subjects below it may be called: agency codes, each with
    everything below it (``H28`` allows ``H28.31.05``), or organisation names as ``O=…``; empty: anything. What was
    signed (by proof) outside ``not_before`` to ``not_after`` is not covered. ``crls`` are DER in base64.
    """

    certificate: str
    purposes: tuple[TrustPurpose, ...] = Field(min_length=1)
    names: tuple[str, ...] = ()
    not_before: AwareDatetime
    not_after: AwareDatetime
    crls: tuple[str, ...] = ()


class TrustList(Contract):
    """Trust material. Certificates are PEM, one each; CRLs are DER in base64. ``version`` grows with every change.

    Published sealed; :func:`~lienthong.shared.signatures.trust_list.open_trust_list` gives it out verified. A holder
    still checks every certificate up to the root that it was configured with, or up to one of ``authorities``.
    """

    version: int = Field(ge=1, examples=[42])
    issued_at: AwareDatetime = Field(examples=["2026-11-20T08:00:00Z"])
    expires_at: AwareDatetime = Field(examples=["2026-11-27T08:00:00Z"])
    roots: tuple[str, ...]
    intermediates: tuple[str, ...]
    crls: tuple[str, ...]
    authorities: tuple[TrustedAuthority, ...] = ()
