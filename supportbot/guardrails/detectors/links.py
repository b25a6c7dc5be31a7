"""Addresses, pictures and HTML in a sentence: only addresses of cited documents and of the allow
list may be shown, and nothing that a browser would load by itself."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from django.conf import settings

from supportbot.guardrails.against import links_in
from supportbot.guardrails.detectors.types import Card, Context, Detector, Stage
from supportbot.guardrails.types import Finding

NAME = "links"
FOREIGN, PICTURE, HTML = "foreign_link", "picture", "html"
_PICTURE = re.compile(r"!\[[^\]]*\]\s*[\[(]")
_HTML = re.compile(r"<\s*/?\s*[a-zA-Z!][^>]*>?")
_SCHEME = re.compile(r"\b(?:javascript|data|vbscript|file)\s*:", re.IGNORECASE)


def detect(text: str, context: Context) -> Sequence[Finding]:
    """Addresses that no source has, pictures and HTML."""
    return list(_findings(text, context))


def _findings(text: str, context: Context) -> Iterator[Finding]:
    known = frozenset[str]().union(*(links_in(source) for source in context.sources))
    for link in sorted(links_in(text)):
        if link not in known and not _is_allowed(link):
            yield Finding(NAME, FOREIGN, source_words=link)
    for found in _SCHEME.finditer(text):
        yield Finding(NAME, FOREIGN, found.span(), source_words=found.group())
    for kind, pattern in ((PICTURE, _PICTURE), (HTML, _HTML)):
        for found in pattern.finditer(text):
            yield Finding(NAME, kind, found.span())


def _is_allowed(link: str) -> bool:
    """Whether its host is on the allow list, or a part of one that is."""
    host = (urlsplit(link if "//" in link else f"//{link}").hostname or "").lower()
    return any(host == one or host.endswith(f".{one}") for one in settings.ALLOWED_LINK_HOSTS)


DETECTOR = Detector(
    name=NAME,
    detect=detect,
    kinds=(FOREIGN, PICTURE, HTML),
    stages=frozenset({Stage.SENTENCE}),
    thresholds={},
    budget_ms=3000,
    card=Card(
        about="Addresses that no cited document has, pictures and HTML in an answer.",
        data="A rule: nothing to measure. The attacks of `manage.py redteam` try it.",
        figures=(),
        measured_on=dt.date(2026, 11, 28),
    ),
)
