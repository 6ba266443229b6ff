"""Where webhooks may point. Each refused address is an attempt to make the node speak to its own neighbourhood."""

from ipaddress import ip_address, ip_network

import pytest

from lienthong.exchange.domain.webhook_addresses import (
    MAX_URL,
    WebhookAddressRefused,
    require_permitted_address,
    require_permitted_url,
)

INTRANET = (ip_network("10.20.0.0/16"), ip_network("fd12:3456::/32"))
EVERYTHING = (ip_network("0.0.0.0/0"), ip_network("::/0"))


@pytest.mark.parametrize(
    "url",
    [
        "https://vanthu.maichau.example/lien-thong",
        "https://vanthu.maichau.example:8443/a?b=%C3%A9",
        "https://vanthu.maichau.example",
        "https://113.160.0.10/hook",
        "https://[2405:4800::1]/hook",
        "https://10.20.3.4/hook",
    ],
)
def test_public_addresses_and_the_operators_ranges_are_permitted(url: str) -> None:
    assert require_permitted_url(url, INTRANET) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://vanthu.maichau.example/",
        "http://113.160.0.10/",
        "ftp://vanthu.maichau.example/",
        "file:///etc/passwd",
        "gopher://vanthu.maichau.example/",
        "//vanthu.maichau.example/",
        "vanthu.maichau.example",
        "https://",
        "https:///path",
        "https://user@vanthu.maichau.example/",
        "https://user:secret@vanthu.maichau.example/",
        "https://vanthu.maichau.example/#part",
        "https://vanthu.maichau.example:22/",
        "https://vanthu.maichau.example:25/",
        "https://vanthu.maichau.example:0/",
        "https://vanthu.maichau.example:99999/",
        "https://localhost/",
        "https://postgres/",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.0.0.1/",
        "https://0177.0.0.1/",
        "https://10.1.2.3/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://169.254.169.254/latest/meta-data/",
        "https://văn-thư.example/",
        "https://vanthu.maichau.example\\@127.0.0.1/",
        "https://vanthu.maichau.example/\r\nX: y",
        "https://vanthu.maichau.example/a b",
        "https://vanthu.maichau.example/" + "a" * MAX_URL,
    ],
)
def test_an_address_of_another_form_or_place_is_refused(url: str) -> None:
    with pytest.raises(WebhookAddressRefused):
        require_permitted_url(url, INTRANET)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.21.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "0.1.2.3",
        "192.0.2.1",
        "198.18.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::1",
        "fd00::1",
        "fec0::1",
        "2001:db8::1",
        "::ffff:10.0.0.1",
        "64:ff9b::10.0.0.1",
        "2002:a00:1::",
        "2001:0:0:0:0:0:f5ff:fffe",
    ],
)
def test_private_and_reserved_addresses_in_any_clothes_are_refused(address: str) -> None:
    with pytest.raises(WebhookAddressRefused):
        require_permitted_address(ip_address(address), INTRANET)


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "169.254.0.1",
        "100.100.100.200",
        "fd00:ec2::254",
        "fe80::1",
        "::ffff:169.254.169.254",
        "64:ff9b::169.254.169.254",
        "224.0.0.1",
        "ff02::1",
        "0.0.0.0",  # noqa: S104 — nothing is bound
        "::",
    ],
)
def test_metadata_and_link_local_addresses_are_refused_whatever_the_operator_permits(address: str) -> None:
    with pytest.raises(WebhookAddressRefused):
        require_permitted_address(ip_address(address), EVERYTHING)


@pytest.mark.parametrize("address", ["10.20.255.1", "fd12:3456::1", "::ffff:10.20.0.1", "8.8.8.8", "2405:4800::1"])
def test_the_operators_ranges_and_public_addresses_are_permitted(address: str) -> None:
    require_permitted_address(ip_address(address), INTRANET)


def test_plain_http_goes_to_the_node_itself_only_and_only_where_the_operator_permits_it() -> None:
    loopback = (ip_network("127.0.0.0/8"),)

    assert require_permitted_url("http://127.0.0.1:8080/", loopback)
    for url, networks in (
        ("http://127.0.0.1:8080/", ()),
        ("http://10.20.0.1:8080/", INTRANET),
        ("http://vanthu.maichau.example/", loopback),
    ):
        with pytest.raises(WebhookAddressRefused):
            require_permitted_url(url, networks)
