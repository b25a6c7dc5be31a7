"""Which addresses may be connected to: public ones, and hosts that the operator has named."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Collection
from urllib.parse import urlsplit

Resolver = Callable[[str, int], list[str]]
"""(host, port) → the addresses of the host, as text. Raises OSError when there are none."""

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

# Not in every Python's tables, or global by number and still not the internet (RFC 6890; the last
# one is the inner service of a large cloud).
_NEVER_PUBLIC = [
    ipaddress.ip_network(network)
    for network in ("192.0.0.0/24", "192.88.99.0/24", "64:ff9b:1::/48", "3fff::/20", "5f00::/16")
]
# Last parts of names that lead nowhere on the internet (RFC 6761, 6762, 8375, 9476; ICANN, 2024).
INNER = {
    *("alt", "arpa", "corp", "domain", "home", "internal", "intranet", "invalid", "lan", "local"),
    *("localhost", "mail", "onion", "private", "test"),
}
_METADATA = [ipaddress.ip_network(n) for n in ("168.63.129.16/32", "fd00:ec2::/32")]
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class AddressRefusedError(Exception):
    """A host leads to an address that may not be fetched from. `str()` names the host."""


def resolve(host: str, port: int) -> list[str]:
    """Ask the system; numbers in any spelling (hexadecimal, one number) come out as addresses."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def addresses_of(
    host: str, port: int, *, resolver: Resolver = resolve, allowed: Collection[str] = ()
) -> list[str]:
    """The addresses of a host, all of them checked. Raises AddressRefusedError, and OSError.

    One private address among public ones is refused too: whoever mixes them means no good.
    `allowed` names hosts, in lower case, that may have private addresses.
    """
    addresses = resolver(host, port)
    check = is_reachable if host.lower().rstrip(".") in allowed else is_public
    if not addresses:
        raise OSError(f"{host} has no address")
    if not all(check(address) for address in addresses):
        raise AddressRefusedError(host)
    return addresses


def is_public(address: str) -> bool:
    """Whether an address is on the public internet, also inside the ways to write one in IPv6."""
    ip = _parse(address)
    if ip in _NAT64 or getattr(ip, "sixtofour", None) or getattr(ip, "teredo", None):
        # Nobody serves pages from tunnels, and NAT64 is a way to say an IPv4 address.
        return ip in _NAT64 and is_public(str(ipaddress.IPv4Address(ip.packed[-4:])))
    return (
        ip.is_global
        and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)
        and not getattr(ip, "is_site_local", False)
        and not any(ip in network for network in (*_NEVER_PUBLIC, *_METADATA))
    )


def public_page(url: str) -> str:
    """The address if it may be shown to customers, by what it says alone: a page of http or https
    on a host that is a public name or number. Else ""."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or "@" in parts.netloc or not url.isprintable():
        return ""
    if " " in url or port not in {None, 80, 443}:
        return ""
    try:
        return url if is_public(host) else ""
    except ValueError:  # a name
        last = host.rpartition(".")[2]
        return url if "." in host and last not in INNER and not last.isdigit() else ""


def is_reachable(address: str) -> bool:
    """Whether an allowed host may have this address: no cloud metadata and no multicast."""
    ip = _parse(address)
    refused = ip.is_link_local or ip.is_multicast or ip.is_unspecified
    return not refused and not any(ip in network for network in _METADATA)


def _parse(address: str) -> IPAddress:
    ip = ipaddress.ip_address(address.partition("%")[0])  # without the zone of a link-local one
    mapped = getattr(ip, "ipv4_mapped", None)
    return mapped or ip
