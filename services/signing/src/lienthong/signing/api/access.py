"""What every endpoint takes: the process-wide things and the caller."""

from typing import Annotated

from fastapi import Depends, Request

from lienthong.shared.contracts.tokens import Scope
from lienthong.shared.tokens import Principal, ScopeMissing, TokenInvalid, TokenMissing, require
from lienthong.signing.usecases.resources import Resources

TOKEN_PROBLEMS = (TokenMissing, TokenInvalid, ScopeMissing)
"""What every endpoint with a token may answer."""


def resources_of(request: Request) -> Resources:
    """The things that the lifespan opened."""
    resources: Resources = request.app.state.signing.resources
    return resources


WithResources = Annotated[Resources, Depends(resources_of)]
AnyCaller = Annotated[Principal, Depends(require())]
"""Anyone whom the registry knows."""
Issuer = Annotated[Principal, Depends(require(Scope.CERTIFICATES_ISSUE))]
"""A caller that may have certificates issued."""
Approver = Annotated[Principal, Depends(require(Scope.CERTIFICATES_APPROVE))]
"""A caller that may decide what others asked for."""
Revoker = Annotated[Principal, Depends(require(Scope.CERTIFICATES_REVOKE))]
"""A caller that may have certificates revoked."""
Signer = Annotated[Principal, Depends(require(Scope.SIGNATURES_CREATE))]
"""A caller that may have something signed."""
Validator = Annotated[Principal, Depends(require(Scope.VALIDATIONS_CREATE))]
"""A caller that may have something validated."""
