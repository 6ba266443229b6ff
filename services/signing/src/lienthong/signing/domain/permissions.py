"""Who may have a certificate, revoke one, or sign with a remote key. Scopes are checked before; here it is about whose.

A token with an agency speaks for that agency only. A token without one is an operator's, or a node's when its client
id is ``node.<id>``: the registry gives such ids to nodes only.
"""

from lienthong.shared.identifiers import NodeId
from lienthong.shared.signatures.profiles import SERVICE_PROFILES, Profile
from lienthong.shared.tokens import Principal
from lienthong.signing.domain.records import CertificateRecord, RemoteKey
from lienthong.signing.domain.subjects import Subject
from lienthong.signing.errors import ProfileNotAllowed, RevocationNotAllowed, SigningNotAllowed

NODE_CLIENT_PREFIX = "node."


def node_of_client(caller: Principal) -> NodeId | None:
    """The node that the caller is, or None."""
    if caller.agency is not None or not caller.client_id.startswith(NODE_CLIENT_PREFIX):
        return None
    return NodeId(caller.client_id.removeprefix(NODE_CLIENT_PREFIX))


def require_may_issue(caller: Principal, profile: Profile, subject: Subject) -> None:
    """An agency gets seals and officers' certificates in its own name, a node its own seal, an operator the rest.

    Nobody gets an authority's certificate, or one that the service makes for itself.

    Raises:
        ProfileNotAllowed: None of these.
    """
    if profile.rules.is_ca:
        raise ProfileNotAllowed("Certificates of authorities are made on the machine that holds the root key.")
    if profile in SERVICE_PROFILES:
        raise ProfileNotAllowed("The signing service makes its own certificates by itself.")
    node = node_of_client(caller)
    if caller.agency is not None:
        allowed = profile in (Profile.AGENCY_SEAL, Profile.OFFICER) and subject.agency == caller.agency
    elif node is not None:
        allowed = profile is Profile.NODE_SEAL and subject.node == node
    else:
        allowed = True
    if not allowed:
        raise ProfileNotAllowed(f"Your client may not have a certificate of the profile '{profile}' for that subject.")


def require_may_revoke(caller: Principal, record: CertificateRecord) -> None:
    """An agency revokes its own certificates, a node its own seal, an operator any.

    Raises:
        RevocationNotAllowed: Another's certificate, or an authority's.
    """
    node = node_of_client(caller)
    if caller.agency is not None:
        allowed = record.agency == caller.agency
    elif node is not None:
        allowed = record.node == node
    else:
        allowed = True
    if not allowed or record.profile.rules.is_ca:
        raise RevocationNotAllowed("Your client may not revoke this certificate.")


def require_may_sign(caller: Principal, agency: str, key: RemoteKey | None) -> None:
    """The persons whom a key names sign with it, if they are its agency's; a node, if it names it. No operator signs.

    Raises:
        SigningNotAllowed: Neither. Whether the agency has a key is not told then.
    """
    if caller.agency is not None:
        allowed = caller.agency == agency and (key is None or key.names(caller.client_id))
    else:
        node = node_of_client(caller)
        allowed = node is not None and (key is None or key.terms.node == node)
    if allowed:
        return
    raise SigningNotAllowed(f"Your client may not sign for the agency {agency}.")
