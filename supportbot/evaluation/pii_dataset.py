"""Texts with marked personal data (DESIGN: dataset forms), and ordinary questions without any.

Marked: a file of `{id, text, spans: [{start, end, label}]}`, or a folder with such files.
Ordinary: a file of `{text}`, whatever else its lines hold.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from supportbot.evaluation.questions import BadDatasetError
from supportbot.guardrails.detectors.personal_data.types import (
    ADDRESS,
    BIRTH_DATE,
    CARD,
    EMAIL,
    IBAN,
    IMEI,
    IP,
    LICENCE,
    MAC,
    NAME,
    NATIONAL_ID,
    PASSPORT,
    PHONE,
    SSN,
    URL,
    Found,
)

T = TypeVar("T")

# The names that public sets have for each kind.
LABELS: dict[str, tuple[str, ...]] = {
    EMAIL: ("EMAIL_ADDRESS", "EMAIL"),
    CARD: ("CREDIT_CARD", "CREDIT_CARD_NUMBER", "CARD"),
    IBAN: ("IBAN_CODE", "IBAN"),
    SSN: ("US_SSN", "SSN"),
    IP: ("IP_ADDRESS", "IPV4", "IPV6", "IP"),
    PHONE: ("PHONE_NUMBER", "PHONE"),
    URL: ("URL", "DOMAIN_NAME"),
    LICENCE: ("US_DRIVER_LICENSE", "DRIVER_LICENSE", "DRIVER_LICENCE"),
    PASSPORT: ("US_PASSPORT", "PASSPORT"),
    NATIONAL_ID: ("NATIONAL_ID", "US_ITIN", "UK_NHS", "UK_NINO"),
    MAC: ("MAC_ADDRESS", "MAC"),
    IMEI: ("IMEI",),
    BIRTH_DATE: ("DATE_OF_BIRTH", "BIRTH_DATE"),
    NAME: ("PERSON", "NAME"),
    ADDRESS: ("ADDRESS", "STREET_ADDRESS"),
}
_KIND_OF = {label: kind for kind, labels in LABELS.items() for label in labels}


@dataclass(frozen=True)
class Marked:
    """A text and the personal data in it, by the kinds of the product. `labels` are the set's own
    names of them."""

    id: str
    text: str
    spans: tuple[Found, ...]
    labels: tuple[str, ...]


def load(data: Path) -> list[Marked]:
    """Raises BadDatasetError, which names file and line."""
    files = [data] if data.is_file() else sorted(data.glob("*.jsonl"))
    if not files:
        raise BadDatasetError(f"There is no file of marked texts (*.jsonl) in {data}.")
    form = '{"id": …, "text": …, "spans": [{"start": …, "end": …, "label": …}]}'
    marked = [one for path in files for one in _lines(path, form, _marked)]
    if not any(one.spans for one in marked):
        raise BadDatasetError(f"{data} marks no personal data of a kind that the product knows.")
    return marked


def load_ordinary(paths: Sequence[Path]) -> list[str]:
    """Raises BadDatasetError."""
    for path in paths:
        if not path.is_file():
            raise BadDatasetError(f"There is no file {path}.")
    return [text for path in paths for text in _lines(path, '{"text": …}', _text)]


def _lines(path: Path, form: str, read: Callable[[dict[str, Any]], T]) -> Iterator[T]:
    with path.open(encoding="utf-8", newline="\n") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                yield read(json.loads(line))
            except (ValueError, KeyError, TypeError) as error:
                raise BadDatasetError(f"{path}, line {number} is not {form}.") from error


def _marked(entry: dict[str, Any]) -> Marked:
    text, spans = _text(entry), entry["spans"]
    labels = tuple(str(span["label"]) for span in spans)
    known = [
        Found(int(span["start"]), int(span["end"]), _KIND_OF[label])
        for span, label in zip(spans, labels, strict=True)
        if label in _KIND_OF
    ]
    if any(not 0 <= one.start < one.end <= len(text) for one in known):
        raise ValueError("a span lies outside the text")
    return Marked(str(entry["id"]), text, tuple(sorted(known)), labels)


def _text(entry: dict[str, Any]) -> str:
    if not isinstance(entry["text"], str):
        raise TypeError("not the form")
    return entry["text"]
