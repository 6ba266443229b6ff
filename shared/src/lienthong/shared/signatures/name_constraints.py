"""Name constraints: what an authority lets those below it be called. Source: RFC 5280 sections 4.2.1.10 and 6.1.3-4.

Directory names, DNS names, e-mail addresses and URIs. A constraint of another form refuses every name of that form.
"""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.x509.oid import NameOID


def first_violation(path: Sequence[x509.Certificate]) -> str | None:
    """A name in ``path`` (leaf first) that a certificate above it does not allow; None: there is none.

    Self-issued authorities between the two are exempt, the leaf never is.
    """
    for height, authority in enumerate(path[1:], 1):
        constraints = _constraints(authority)
        if constraints is None:
            continue
        for n, certificate in enumerate(path[:height]):
            if n and certificate.subject == certificate.issuer:
                continue
            refused = next((one for one in _names(certificate) if not _is_allowed(one, constraints)), None)
            if refused is not None:
                return str(refused.value)
    return None


def _constraints(authority: x509.Certificate) -> x509.NameConstraints | None:
    try:
        return authority.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        return None


def _names(certificate: x509.Certificate) -> Iterator[x509.GeneralName]:
    if list(certificate.subject):
        yield x509.DirectoryName(certificate.subject)
    for attribute in certificate.subject.get_attributes_for_oid(NameOID.EMAIL_ADDRESS):
        yield x509.RFC822Name(str(attribute.value))
    try:
        yield from certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return


def _is_allowed(name: x509.GeneralName, constraints: x509.NameConstraints) -> bool:
    kind = type(name)
    permitted = [one for one in constraints.permitted_subtrees or () if type(one) is kind]
    excluded = [one for one in constraints.excluded_subtrees or () if type(one) is kind]
    if any(_is_within(name, one, unknown=True) for one in excluded):
        return False
    return not permitted or any(_is_within(name, one, unknown=False) for one in permitted)


def _is_within(name: x509.GeneralName, subtree: x509.GeneralName, *, unknown: bool) -> bool:
    """Whether ``name`` is in ``subtree``; ``unknown`` for a form that is not understood."""
    value, limit = name.value, subtree.value
    if isinstance(value, x509.Name) and isinstance(limit, x509.Name):
        return [_folded(one) for one in value.rdns[: len(limit.rdns)]] == [_folded(one) for one in limit.rdns]
    if isinstance(limit, IPv4Network | IPv6Network):
        return isinstance(value, IPv4Address | IPv6Address) and value in limit
    if isinstance(value, str) and isinstance(limit, str):
        return _is_text_within(type(name), value.lower(), limit.lower(), unknown=unknown)
    return unknown


def _is_text_within(kind: type[x509.GeneralName], value: str, limit: str, *, unknown: bool) -> bool:
    if kind is x509.DNSName:
        return value == limit or value.endswith(f".{limit}") or not limit
    if kind is x509.RFC822Name:
        return value == limit if "@" in limit else _is_host_within(value.rpartition("@")[2], limit)
    if kind is x509.UniformResourceIdentifier:
        host = urlsplit(value).hostname
        return unknown if not host else _is_host_within(host, limit)
    return unknown


def _is_host_within(host: str, limit: str) -> bool:
    """``.example`` stands for every host below example, ``example`` for that host alone."""
    return host.endswith(limit) and host != limit[1:] if limit.startswith(".") else host == limit


def _folded(rdn: x509.RelativeDistinguishedName) -> set[tuple[str, str]]:
    """Compared without regard to case and repeated spaces. Source: RFC 5280 section 7.1."""
    return {(one.oid.dotted_string, " ".join(str(one.value).casefold().split())) for one in rdn}
