"""Where a webhook may point: never at what only this node can reach, unless its operator says so; pure.

A client names an address, and the node sends requests there: without these rules it could be made to speak to its own
neighbourhood (server-side request forgery).
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import SplitResult, urlsplit

from lienthong.shared.errors import InvalidInput

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network

MAX_URL: Final = 2000
"""Characters."""
LOWEST_FREE_PORT: Final = 1024
"""Below it only 443 (and 80 on the node itself) is a web server's."""
_METADATA: Final = frozenset(ip_address(one) for one in ("169.254.169.254", "100.100.100.200", "fd00:ec2::254"))
"""Where clouds tell a machine its own credentials."""
_NAT64: Final = ip_network("64:ff9b::/96")
"""IPv4 addresses in IPv6 clothes. Source: RFC 6052 section 2.1."""


class WebhookAddressRefused(InvalidInput):
    """The address is none that this node sends events to."""

    code = "webhook-address-refused"
    title = "Webhooks may not point there"


def require_permitted_url(url: str, networks: Sequence[IPNetwork]) -> str:
    """The address as it will be called, if its form allows it; names are resolved and judged at each delivery.

    Args:
        url: As the client gave it.
        networks: The operator's: what may be reached beyond public addresses.

    Raises:
        WebhookAddressRefused: With the step that failed.
    """
    # 1. An absolute URL of visible ASCII, not too long, that says nothing in two ways.
    parts = _split(url)
    # 2. Nothing that is sent along unseen, and nothing that is never sent.
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise WebhookAddressRefused("Give the address without user, password and fragment.")
    # 3. Encrypted. Only to the node itself may it be plain, where the operator permits that at all.
    host = parts.hostname or ""
    literal = _literal(host)
    if parts.scheme != "https" and not (parts.scheme == "http" and literal is not None and literal.is_loopback):
        raise WebhookAddressRefused("Use https.")
    # 4. A port of web servers, or a free one: not those of mail, shells and databases of old.
    port = _port(parts)
    if port not in {443, 80} and port < LOWEST_FREE_PORT:
        raise WebhookAddressRefused(f"Use the port 443 or one from {LOWEST_FREE_PORT} on.")
    # 5. An address that is written out is judged at once.
    if literal is not None:
        require_permitted_address(literal, networks)
    elif "." not in host:
        raise WebhookAddressRefused("Use the full name of the receiver's host.")
    return url


def require_permitted_address(address: IPAddress, networks: Sequence[IPNetwork]) -> None:
    """Whether this node may connect to ``address`` for a webhook.

    Raises:
        WebhookAddressRefused: It is inside the node's own neighbourhood, or nobody's.
    """
    # 1. What the address really is: IPv4 in IPv6 clothes is IPv4.
    real = _unwrapped(address)
    # 2. Never, whatever the operator permits: link-local and the clouds' metadata, groups, nobody's addresses.
    if real in _METADATA or real.is_link_local or real.is_multicast or real.is_unspecified:
        raise WebhookAddressRefused("The receiver's address is one that no webhook may have.")
    # 3. What the operator permits: ranges of the government's intranet.
    if any(real in network for network in networks if network.version == real.version):
        return
    # 4. Otherwise public addresses only: not private, shared, reserved, nor the node itself.
    is_site_local = isinstance(real, IPv6Address) and real.is_site_local
    if not real.is_global or real.is_reserved or is_site_local:
        raise WebhookAddressRefused("The receiver's address is not public, and the operator does not permit its range.")


def _split(url: str) -> SplitResult:
    visible = len(url) <= MAX_URL and url.isascii() and url.isprintable() and not set(url) & set(' "<>\\^`{|}')
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        raise WebhookAddressRefused("The address is not a URL.") from error
    if not visible or not has_host:
        raise WebhookAddressRefused(
            f"Give an absolute URL of at most {MAX_URL} ASCII characters; names as xn--…, others as %XX."
        )
    return parts


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _literal(host: str) -> IPAddress | None:
    try:
        return ip_address(host)
    except ValueError:
        pass
    if host.rsplit(".", 1)[-1].isdigit() or host.lower().startswith("0x"):  # 127.1, 2130706433, 0x7f000001
        raise WebhookAddressRefused("Write an IPv4 address as four decimal numbers.")
    return None


def _unwrapped(address: IPAddress) -> IPAddress:
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else address)
