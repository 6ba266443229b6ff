"""The registry's error leaves. Each ``code`` is published: never change one."""

from typing import ClassVar

from lienthong.shared.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    LienthongError,
    NotFound,
    TooLarge,
    Unauthenticated,
    Unavailable,
)


class AgencyNotFound(NotFound):
    """No agency has that code, in either form."""

    code = "agency-not-found"
    title = "The directory has no such agency"


class AgencyClosed(Conflict):
    """The agency is at work no more; ``successors`` are those that the act named."""

    code = "agency-closed"
    title = "The agency is closed"


class InstantUnreadable(InvalidInput):
    """The text is neither a date nor a time of ISO 8601."""

    code = "instant-unreadable"
    title = "The date or time cannot be read"


class AgencyRefused(InvalidInput):
    """The agency breaks a rule of the directory: parent, level, node or code."""

    code = "agency-refused"
    title = "The agency does not fit into the directory"


class AgencyChanged(Conflict):
    """Somebody changed the agency since the version that the caller saw."""

    code = "agency-changed"
    title = "The agency was changed meanwhile"


class NodeTreeInvalid(InvalidInput):
    """The node would not stand in a tree: its parent is missing or below it."""

    code = "node-tree-invalid"
    title = "The node does not fit into the tree"


class CSVUnreadable(InvalidInput):
    """The file is no CSV with the columns that are needed."""

    code = "csv-unreadable"
    title = "The CSV file cannot be read"


class CSVTooLarge(TooLarge):
    """The CSV file exceeds the limit."""

    code = "csv-too-large"
    title = "The CSV file is too large"


class ActUnreadable(InvalidInput):
    """The file is no act of reorganisation; ``lines`` names the operations that are wrong by their form."""

    code = "reorganisation-unreadable"
    title = "The act cannot be read"


class ActTooLarge(TooLarge):
    """The act exceeds the limit."""

    code = "reorganisation-too-large"
    title = "The act is too large"


class ActInThePast(InvalidInput):
    """The act would take effect before now: what was true then is not rewritten."""

    code = "reorganisation-in-the-past"
    title = "The act takes effect in the past"


class ActDuplicate(Conflict):
    """The very same file was uploaded before, and was not withdrawn."""

    code = "reorganisation-duplicate"
    title = "The act was uploaded before"


class ActSameInstant(Conflict):
    """Another approved act takes effect at the same instant: their order would be left to chance."""

    code = "reorganisation-same-instant"
    title = "Another act takes effect at the same instant"


class ActConflicts(Conflict):
    """The act does not fit the directory as it will be when it takes effect; ``problems`` says where."""

    code = "reorganisation-conflicts"
    title = "The act does not fit the directory"


class ActNotFound(NotFound):
    """No act has that id."""

    code = "reorganisation-not-found"
    title = "There is no such act"


class ActDecided(Conflict):
    """The act was approved, withdrawn or applied already: it is never edited."""

    code = "reorganisation-decided"
    title = "The act was decided already"


class ActApprovalNotAllowed(Forbidden):
    """Who uploaded an act does not approve it, and neither does an agency or a node."""

    code = "reorganisation-approval-not-allowed"
    title = "Another operator must approve the act"


class ActDue(Unavailable):
    """An approved act has taken effect and is being applied; changes wait for it."""

    code = "reorganisation-due"
    title = "An act is being applied"


class DelegationNotFound(NotFound):
    """No such delegation is recorded."""

    code = "delegation-not-found"
    title = "There is no such delegation"


class ClientNotFound(NotFound):
    """No client has that id."""

    code = "client-not-found"
    title = "There is no such client"


class ClientExists(Conflict):
    """A client has that id already."""

    code = "client-exists"
    title = "A client with that id exists already"


class ClientKeyInvalid(InvalidInput):
    """The JWK is not a public key that clients may use."""

    code = "client-key-invalid"
    title = "The client's key is not acceptable"


class OAuthRefusal(LienthongError):
    """A refusal in the words of OAuth, shown as RFC 6749 section 5.2 has it."""

    error: ClassVar[str] = "invalid_request"


class OAuthRequestInvalid(OAuthRefusal, InvalidInput):
    """The token request lacks a parameter, repeats one, or uses two ways of authentication."""

    code = "oauth-invalid-request"
    title = "The token request is not valid"
    error = "invalid_request"


class GrantTypeUnsupported(OAuthRefusal, InvalidInput):
    """Only client credentials are granted tokens."""

    code = "oauth-unsupported-grant-type"
    title = "The grant type is not supported"
    error = "unsupported_grant_type"


class ScopeRefused(OAuthRefusal, InvalidInput):
    """The scope is unknown, or beyond what the client has."""

    code = "oauth-invalid-scope"
    title = "The scope is not the client's"
    error = "invalid_scope"


class TargetRefused(OAuthRefusal, InvalidInput):
    """The resource is none of ours. Source: RFC 8707 section 2."""

    code = "oauth-invalid-target"
    title = "The resource is unknown"
    error = "invalid_target"


class ClientRefused(OAuthRefusal, Unauthenticated):
    """The client did not prove who it is."""

    code = "oauth-invalid-client"
    title = "Client authentication failed"
    error = "invalid_client"
