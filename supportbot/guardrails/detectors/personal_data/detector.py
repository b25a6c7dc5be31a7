"""The detector: all recognisers over one text."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

from supportbot.guardrails.detectors.personal_data import addresses, names, numbers, phones
from supportbot.guardrails.detectors.personal_data.types import KINDS, Found, Recogniser
from supportbot.guardrails.detectors.runner import MOST_FINDINGS
from supportbot.guardrails.detectors.types import Card, Context, Detector, Stage
from supportbot.guardrails.types import Finding

NAME = "personal_data"
# Without one of these there is no number and no address.
_HAS_ANY = re.compile(r"\d\D{0,4}\d|@|://|www\.|::|\bat\b|P<", re.IGNORECASE)
_BY_FORM: tuple[Recogniser, ...] = (
    addresses.emails,
    addresses.urls,
    addresses.machines,
    numbers.cards,
    numbers.ibans,
    numbers.identifiers,
    phones.phones,
)


def personal_data_in(text: str) -> list[Found]:
    """In order, without overlaps: of two that overlap the longer counts."""
    found = list(names.names(text))
    if _HAS_ANY.search(text):
        for recogniser in _BY_FORM:
            found += recogniser(text)
    return _without_overlaps(found) if found else []


def _without_overlaps(found: Sequence[Found]) -> list[Found]:
    kept: list[Found] = []
    for one in sorted(found, key=lambda f: (f.start - f.end, KINDS.index(f.kind), f.start)):
        if all(one.end <= other.start or other.end <= one.start for other in kept):
            kept.append(one)
    return sorted(kept)


def detect(text: str, context: Context) -> Sequence[Finding]:
    found = personal_data_in(text)[:MOST_FINDINGS]
    return [Finding(NAME, one.kind, (one.start, one.end)) for one in found]


DETECTOR = Detector(
    name=NAME,
    detect=detect,
    kinds=KINDS,
    stages=frozenset({Stage.MESSAGE, Stage.SENTENCE}),
    thresholds={},
    budget_ms=3000,
    card=Card(
        about=(
            "E-mail addresses, telephones, cards, accounts, identity numbers and the like, by form "
            "and check digits. It lets through telephones of bare digits that no word goes with, "
            "addresses of homes, and names that people do not say with “my name is”."
        ),
        data=(
            "2,109 synthetic sentences (presidio-research), 4,000 texts made with Faker in 30 "
            "locales, 11,002 ordinary questions (made ones with numbers, banking77, clinc150, "
            "stackfaq, techqa, mtrag). Measure it with `manage.py evaluate pii`."
        ),
        figures=(
            ("recall and precision, each of e-mail, card, IBAN, SSN, IP, telephone, URL", "1.00"),
            ("recall with Faker, IBAN, SSN, IP, URL, e-mail", "1.00"),
            ("recall with Faker, telephone and card", ".96 and .95"),
            ("names, recall", ".03"),
            ("ordinary questions masked", "0.1%"),
            ("milliseconds a text, p50 and p95", "0.1 and 0.4"),
        ),
        measured_on=dt.date(2026, 11, 28),
    ),
)
