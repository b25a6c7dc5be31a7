from __future__ import annotations

import pytest

from knowledge.web.addresses import (
    AddressRefusedError,
    addresses_of,
    is_public,
    is_reachable,
    public_page,
    resolve,
)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",  # noqa: S104
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "192.0.2.1",
        "198.18.0.1",
        "203.0.113.5",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::a00:1",
        "2002:7f00:1::",
        "2002:5db8:d822::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:db8::1",
        "3fff::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
    ],
)
def test_an_address_that_is_not_on_the_internet_is_refused(address: str) -> None:
    assert not is_public(address)
    with pytest.raises(AddressRefusedError):
        addresses_of("shop.example", 443, resolver=lambda host, port: [address])


@pytest.mark.parametrize(
    "address",
    ["93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::808:808"],
)
def test_a_public_address_is_taken(address: str) -> None:
    assert is_public(address)
    assert addresses_of("shop.example", 443, resolver=lambda h, p: [address]) == [address]


def test_one_private_address_among_public_ones_is_refused() -> None:
    with pytest.raises(AddressRefusedError):
        addresses_of("shop.example", 443, resolver=lambda h, p: ["93.184.215.14", "10.0.0.1"])


def test_an_allowed_host_may_be_private_in_any_spelling_of_its_name() -> None:
    for name in ("wiki.intern", "WIKI.intern", "wiki.intern."):
        found = addresses_of(name, 80, resolver=lambda h, p: ["10.0.0.1"], allowed=["wiki.intern"])
        assert found == ["10.0.0.1"]


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "fd00:ec2::254", "168.63.129.16", "fe80::1"]
)
def test_an_allowed_host_may_not_be_the_clouds_metadata(address: str) -> None:
    assert not is_reachable(address)
    with pytest.raises(AddressRefusedError):
        addresses_of("wiki.intern", 80, resolver=lambda h, p: [address], allowed=["wiki.intern"])


@pytest.mark.parametrize("name", ["127.0.0.1", "0x7f000001", "2130706433", "0177.0.0.1", "127.1"])
def test_loopback_is_refused_in_every_spelling(name: str) -> None:
    try:
        resolve(name, 80)
    except OSError:
        pytest.skip("this system does not take the name for an address")
    with pytest.raises(AddressRefusedError):
        addresses_of(name, 80)


def test_a_host_without_an_address_is_an_error() -> None:
    with pytest.raises(OSError, match="no address"):
        addresses_of("nowhere.example", 80, resolver=lambda h, p: [])


def test_only_pages_of_the_public_web_are_shown_to_customers() -> None:
    shown = ["https://shop.example/returns?lang=en", "http://8.8.8.8/", "https://büro.example/"]
    assert [public_page(url) for url in shown] == shown
    inner = """
        http://localhost/ http://wiki/ https://wiki.intranet/ http://10.0.0.1/ http://[::1]/
        http://0x7f000001/ http://2130706433/ http://127.1/ https://name:word@shop.example/
        https://shop.example:8443/ file:///etc/passwd javascript:alert(1) http://[ /returns
        https://printer.local./
    """
    assert [url for url in inner.split() if public_page(url)] == []
