"""E-mail addresses, addresses of pages, and addresses of machines."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings

from supportbot.guardrails.detectors.personal_data.types import (
    EMAIL,
    IP,
    MAC,
    URL,
    Found,
    matches,
)

_HOST = r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_]{2,24}"
_EMAIL = re.compile(
    rf"(?<![\w.+%-])[\w.+%'-]{{1,64}}(?:@| ?[\[(] ?at ?[\])] ?){_HOST}(?![\w-])", re.IGNORECASE
)
_URL = re.compile(
    r"\b(?:(?:https?|ftp)://|www\.(?=[\w-]+\.))[^\s<>\"'“”„«»|\\^`{}]{1,2000}", re.IGNORECASE
)
_MAY_NAME = re.compile(r"@|%40|[/?&=](?:~|users?\b|profiles?\b|u/|in/|token\b)", re.IGNORECASE)
_PAGES = (
    r"(?:support|docs?|documentation|help|kb|wiki|knowledge\w*|downloads?|developers?\w*|faqs?"
    r"|manuals?|guides?|articles?|products?|items?|shop|store|catalog(?:ue)?)"
)
_NAMES_NOBODY = re.compile(rf"://{_PAGES}\.|[^/:]/{_PAGES}(?![\w-])", re.IGNORECASE)
_AFTER_URL = ".,;:!?*_~…"
_IPV4 = re.compile(r"(?<![\w.-])(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?![\w:])", re.IGNORECASE)
_MAC = re.compile(
    r"(?<![\w:-])[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}(?![\w:-])", re.IGNORECASE
)
_VERSION = re.compile(
    r"(?:\bv|\b(?:version|release|firmware|build|update|driver|section|chapter)\W{0,3}v?)\s*$",
    re.IGNORECASE,
)
_SAYS_MACHINE = re.compile(
    r"\bips?\b|\baddress(?:es)?\b|\bping|(?:connection|log(?:ged)? ?in|requests?|traffic) from",
    re.IGNORECASE,
)
_SMALL = 64  # four numbers all below it are a version
_BEFORE = 30  # characters that are read before a number


def emails(text: str) -> Iterator[Found]:
    yield from matches(EMAIL, _EMAIL, text)


def urls(text: str) -> Iterator[Found]:
    """Those that may lead to a person: no page of the installation itself (ALLOWED_LINK_HOSTS), and
    none of help, documents or goods."""
    for found in _URL.finditer(text):
        end = found.end()
        while text[end - 1] in _AFTER_URL or _closes_nothing(text[found.start() : end]):
            end -= 1
        url = text[found.start() : end]
        if _MAY_NAME.search(url) or not (_is_own(url) or _NAMES_NOBODY.search(url)):
            yield Found(found.start(), end, URL)


def _closes_nothing(url: str) -> bool:
    return any(
        url.endswith(closing) and url.count(opening) < url.count(closing)
        for opening, closing in ("()", "[]")
    )


def _is_own(url: str) -> bool:
    try:
        host = (urlsplit(url if "://" in url else f"//{url}").hostname or "").lower()
    except ValueError:
        return False
    return any(host == one or host.endswith(f".{one}") for one in settings.ALLOWED_LINK_HOSTS)


def machines(text: str) -> Iterator[Found]:
    """IP addresses that are a machine's, and hardware addresses."""
    for found in _IPV4.finditer(text):
        before = text[max(0, found.start() - _BEFORE) : found.start()]
        if _is_machine(found[0]) and not _is_version(found[0], before):
            yield Found(*found.span(), IP)
    if ":" in text or "-" in text:
        for found in _IPV6.finditer(text):
            if _is_machine(found[0]):
                yield Found(*found.span(), IP)
        yield from matches(MAC, _MAC, text)


def _is_machine(address: str) -> bool:
    try:
        one = ipaddress.ip_address(address)
    except ValueError:
        return False
    return not (one.is_loopback or one.is_unspecified or one.is_multicast or _is_mask(one))


def _is_mask(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return address.version == 4 and int(address) >> 24 in {0, 255}  # noqa: PLR2004


def _is_version(address: str, before: str) -> bool:
    if _VERSION.search(before):
        return True
    return all(int(part) < _SMALL for part in address.split(".")) and not _SAYS_MACHINE.search(
        before
    )
