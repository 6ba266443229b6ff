"""The refusals that several endpoints document."""

from lienthong.exchange.errors import DirectoryMissing, SenderNotAllowed
from lienthong.shared.database import DatabaseUnavailable
from lienthong.shared.tokens import ScopeMissing, TokenInvalid, TokenMissing

CALLER_ERRORS = (TokenMissing, TokenInvalid, ScopeMissing, SenderNotAllowed, DirectoryMissing, DatabaseUnavailable)
"""What every endpoint may answer on account of who calls, or of what this node needs."""
