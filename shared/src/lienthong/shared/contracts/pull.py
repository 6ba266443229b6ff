"""How one node asks another for a package: a sealed request as bearer token, checked without the registry."""

from datetime import timedelta

from pydantic import AwareDatetime

from lienthong.shared.contracts import Contract
from lienthong.shared.identifiers import NodeId, Sha256

PULL_TYPE = "lienthong-pull+jws"
"""JWS ``typ`` of a request for a package."""
PULL_LIFETIME = timedelta(minutes=5)
"""How long a request is good, either way: clocks differ."""


class PullRequest(Contract):
    """``issuer`` asks ``audience`` for one package. The seal must be the issuer's."""

    issuer: NodeId
    audience: NodeId
    issued_at: AwareDatetime
    sha256: Sha256
