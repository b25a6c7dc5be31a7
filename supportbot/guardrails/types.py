"""The values that checks take and return. All are frozen."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from knowledge.text.units import Unit


class Verdict(StrEnum):
    KEEP = "keep"
    SOFTEN = "soften"  # the source's own sentence takes its place
    DROP = "drop"
    HAND_OVER = "hand_over"


class SourceKind(StrEnum):
    PASSAGE = "passage"
    CURATED = "curated"
    ACTION = "action"


@dataclass(frozen=True)
class Source:
    """What a sentence may rest on. `number` is its position among the sources of the run, from 0;
    `context` the title and headings above the text."""

    number: int
    kind: SourceKind
    context: str
    text: str


@dataclass(frozen=True)
class Piece:
    """The smallest place that can support a sentence: one unit of a source, with what it needs to
    be read alone (title, heading, the line that leads its list, the heads of its columns)."""

    source: int  # Source.number
    position: int  # of its unit within the source
    unit: Unit
    context: str

    @property
    def text(self) -> str:
        """Its words as a person reads them, without the context."""
        return f"{self.unit.lead} {self.unit.text}" if self.unit.lead else self.unit.text


@dataclass(frozen=True)
class Finding:
    """What one check has found against a sentence. `span` holds the characters of the sentence it
    is about, `score` a probability where the check has one, `source_words` the words of the source
    that decided."""

    check: str  # citation, fact, support, promise
    reason: str  # a code, such as number_not_in_source
    span: tuple[int, int] | None = None
    score: float | None = None
    source_words: str = ""
