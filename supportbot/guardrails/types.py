"""The values that checks take and return. All are frozen."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from knowledge.text.units import Cell, Unit
from supportbot.guardrails.lexicon import CONDITIONS, NEGATIONS

FACT, SUPPORT = "fact", "support"  # checks
# A line that ends with one of these goes on in the items of its list.
_OPEN_ENDS = frozenset(
    ["for", "to", "of", "in", "on", "at", "by", "from", "with", "about", "is", "are", "include"]
)
DENYING_CELLS = frozenset(
    {"✗", "✘", "❌", "–", "—", "-", "no", "none", "never", "not possible", "not available"}
)
MANY_CELLS = 3  # of a row that says several things of its first cell


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
    """The smallest place that can support a sentence: one unit of a source, or two, with what they
    need to be read alone (title, headings, the line that leads a list, column heads)."""

    source: int  # Source.number
    position: int  # of its unit within the source
    unit: Unit
    context: str
    beside: Unit | None = None  # another unit of its source, where both are read together
    beside_position: int | None = None

    @property
    def text(self) -> str:
        """Its words as a person reads them, without the context."""
        return (
            _read(self.unit) if self.beside is None else f"{_read(self.unit)} {_read(self.beside)}"
        )

    @property
    def is_row(self) -> bool:
        return bool(self.unit.cells)

    @property
    def claims(self) -> str:
        """Its text for the comparison of facts: each cell of a row is a statement of its own, an
        item is one with the line that leads its list."""
        cells = self.unit.cells
        if len(cells) < MANY_CELLS:
            lead, text = self.unit.lead.rstrip(" :"), self.text
            words = lead.lower().split()
            if not words or cells:
                return text
            joint = "," if words[0] in CONDITIONS else "" if words[-1] in _OPEN_ENDS else ":"
            return f"{lead}{joint} {text[len(self.unit.lead) :].lstrip()}"
        row = "; ".join(_claim(cells[0].text, cell) for cell in cells[1:])
        return f"{row}; {_read(self.beside)}" if self.beside else row

    @property
    def quote(self) -> str:
        """Its words as they stand in the source."""
        return self.unit.quote


def _claim(about: str, cell: Cell) -> str:
    """“Fit yourself: no” denies what the head says."""
    if set(about.lower().split()) & NEGATIONS:
        about = f"if {about},"  # “Not collected”
    if cell.text.strip().lower() in DENYING_CELLS:
        return f"{about} not {cell.head}"
    if cell.text.strip().isdigit() and cell.head:
        return f"{about} {cell.text} {cell.head.lower()}"  # “Hours: 10” is “10 hours”
    return f"{about} {cell.head} {cell.text}".strip()


def _read(unit: Unit) -> str:
    if unit.cells:
        return ", ".join(f"{cell.head} {cell.text}".strip() for cell in unit.cells)
    return f"{unit.lead} {unit.text}" if unit.lead else unit.text


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
