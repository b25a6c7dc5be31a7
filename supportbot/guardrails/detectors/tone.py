"""What is against the brand's voice in a sentence that a model wrote: blame of the customer,
admission of liability, talk of competitors, and words that have a preferred one.

A sentence that a source has word for word is the company's own and is not judged. Words of the
installation come from SUPPORTBOT_BRAND_FILE: a TOML file with `competitors = ["…"]`, words with
their preferred ones under `[forbidden]`, and more patterns for `blame`, `liability` and
`competitor`.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from knowledge.text.plain import in_one_line
from supportbot.guardrails.detectors.heads import Patterns, compiled, matches
from supportbot.guardrails.detectors.types import Card, Context, Detector, Stage
from supportbot.guardrails.types import Finding

NAME = "tone"
BLAME, LIABILITY, COMPETITOR, FORBIDDEN_WORD = "blame", "liability", "competitor", "forbidden_word"
_JUDGED = (BLAME, LIABILITY, COMPETITOR)


class BrandFileError(ValueError):
    """SUPPORTBOT_BRAND_FILE cannot be used. The message says why."""


@dataclass(frozen=True)
class Voice:
    """`forbidden`: word in lower case → preferred word, "" for none."""

    patterns: Patterns
    forbidden: dict[str, str]

    @functools.cached_property
    def words(self) -> re.Pattern[str]:
        listed = "|".join(re.escape(word) for word in sorted(self.forbidden, key=len, reverse=True))
        return re.compile(rf"(?<!\w)(?:{listed})(?!\w)", re.IGNORECASE)


def detect(text: str, context: Context) -> Sequence[Finding]:
    """Raises BrandFileError."""
    if any(in_one_line(text) in in_one_line(source) for source in context.sources):
        return []
    return list(_findings(text, voice(settings.BRAND_FILE)))


def _findings(text: str, found: Voice) -> Iterator[Finding]:
    for kind, span in matches(found.patterns, text):
        yield Finding(NAME, kind, span)
    for hit in found.words.finditer(text) if found.forbidden else ():
        preferred = found.forbidden[hit.group().lower()]
        capital = hit.start() == 0 and text[:1].isupper()
        yield Finding(
            NAME,
            FORBIDDEN_WORD,
            hit.span(),
            source_words=preferred[:1].upper() + preferred[1:] if capital else preferred,
        )


def voice(path: str) -> Voice:
    """The product's words with those of the installation's file. Raises BrandFileError."""
    if not path:
        return _voice("", 0)
    try:
        return _voice(path, Path(path).stat().st_mtime_ns)
    except OSError as error:
        raise BrandFileError(f"{path} cannot be read: {error.strerror}") from error


@functools.lru_cache(maxsize=8)
def _voice(path: str, changed_at: int) -> Voice:
    own = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
    more = _read(path) if path else {}
    try:
        listed = {kind: [*own[kind], *more.get(kind, [])] for kind in _JUDGED}
        if names := more.get("competitors", []):
            joined = "|".join(map(re.escape, names))
            listed[COMPETITOR].append(own["competitor_names"].replace("{names}", joined))
        forbidden = {**own["forbidden"], **more.get("forbidden", {})}
        return Voice(compiled(listed), {word.lower(): new for word, new in forbidden.items()})
    except (re.error, AttributeError, TypeError) as error:
        raise BrandFileError(f"{path}: {error}") from error


def _read(path: str) -> dict[str, Any]:
    try:
        return tomllib.loads(Path(path).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BrandFileError(f"{path}: {error}") from error


DETECTOR = Detector(
    name=NAME,
    detect=detect,
    kinds=(*_JUDGED, FORBIDDEN_WORD),
    stages=frozenset({Stage.SENTENCE}),
    thresholds={},
    budget_ms=3000,
    card=Card(
        about="Blame of the customer, admission of liability, competitors, forbidden words.",
        data="16 sentences of each kind and 16 that sound alike, by the author of the patterns; "
        "4,000 sentences of the documents of public sets.",
        figures=(
            ("found at the first try: blame, competitors", "14 and 16 of 16"),
            ("sentences of documents blocked", "1 of 4,000"),
            ("sentences of documents reworded", "4 of 4,000"),
            ("time, p50 and p95", "0.1 and 0.2 ms, on busy cores"),
        ),
        measured_on=dt.date(2026, 11, 28),
    ),
)
