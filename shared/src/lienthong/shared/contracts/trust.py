"""The trust list as nodes hold it locally: certificates and revocation lists, published by the signing service."""

from datetime import datetime

from pydantic import Field

from lienthong.shared.contracts import Contract


class TrustList(Contract):
    """Trust material. Certificates are PEM, one each; CRLs are DER in base64.

    Parsed, not verified: a holder checks every certificate up to the root that it was configured with.
    """

    issued_at: datetime = Field(examples=["2026-11-20T08:00:00Z"])
    expires_at: datetime = Field(examples=["2026-11-27T08:00:00Z"])
    roots: tuple[str, ...]
    intermediates: tuple[str, ...]
    crls: tuple[str, ...]
