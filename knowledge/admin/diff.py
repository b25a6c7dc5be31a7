"""What differs between two texts: paragraphs, and within a changed one the words.

Paragraphs, list items and table rows are the units. Runs of equal ones are found with difflib
(Ratcliff and Obershelp's matching of longest common runs); within a stretch that was replaced, each
old unit is paired, in order, with the new one it shares most words with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from knowledge.text.plain import plain

CONTEXT = 1  # equal units shown on either side of a change
MOST_PAIRS = 2500  # comparisons within one replaced stretch; beyond, units are paired in order
ALIKE = 0.5  # share of words in common from which two units are one that changed
MOST_WORDS = 1500  # of a unit whose words are compared; a longer one is shown as replaced
_WORD = re.compile(r"\d+(?:[.,:/-]\d+)*|\w+|\s+|[^\w\s]")
_RULE = re.compile(r"\s*\|?[\s:|-]*-{2,}[\s:|-]*")
_LINE_UNIT = re.compile(r"\s*(?:\||[-*+]\s|\d+[.)]\s|#{1,6}\s|>)")


@dataclass(frozen=True)
class Words:
    """A run of words: kind is same, added or removed. `number` when a figure is among them."""

    kind: str
    text: str
    number: bool = False


@dataclass(frozen=True)
class Change:
    """kind is same, changed, added or removed; words are in reading order, old before new."""

    kind: str
    words: list[Words]

    @property
    def numbers(self) -> bool:
        """Whether a figure was changed, added or removed."""
        return any(words.number for words in self.words if words.kind != "same")


@dataclass
class Diff:
    """All units of both texts in order, and how many of them changed."""

    changes: list[Change] = field(default_factory=list)

    def count(self, kind: str) -> int:
        return sum(1 for change in self.changes if change.kind == kind)

    @property
    def differs(self) -> bool:
        return any(change.kind != "same" for change in self.changes)

    @property
    def numbers(self) -> int:
        return sum(1 for change in self.changes if change.numbers)


def compare(old: str, new: str) -> Diff:
    """Two Markdown texts → what became of each unit of the old one, and what is new."""
    before, after = units_of(old), units_of(new)
    diff = Diff()
    for kind, low, high, start, end in _opcodes(before, after):
        if kind == "equal":
            diff.changes += [Change("same", [Words("same", unit)]) for unit in before[low:high]]
        else:
            diff.changes += _pair(before[low:high], after[start:end])
    return diff


def units_of(markdown: str) -> list[str]:
    """Paragraphs as one line each; list items, headings and table rows by themselves."""
    units: list[str] = []
    paragraph: list[str] = []
    for line in [*markdown.split("\n"), ""]:
        if not line.strip() or _LINE_UNIT.match(line):
            if paragraph:
                units.append(_as_read(" ".join(paragraph)))
            paragraph = []
            if line.strip() and not _RULE.fullmatch(line):
                paragraph = [line.strip()]
            if line.lstrip().startswith("|"):
                units += [_as_read(row) for row in paragraph]
                paragraph = []
        else:
            paragraph.append(line.strip())
    return [unit for unit in units if unit]


def _as_read(line: str) -> str:
    """As a reader sees it: without marks, the cells of a row parted by bars."""
    text = plain(line)
    if text.startswith("|"):
        cells = [cell.strip() for cell in text.strip("|").split("|")]
        return " | ".join(cells).strip(" |")
    return re.sub(r"^#{1,6}\s+", "", text)


def _opcodes(
    before: Sequence[str], after: Sequence[str]
) -> Iterator[tuple[str, int, int, int, int]]:
    """SequenceMatcher's, with what both begin and end with cut off first: most edits are small."""
    shorter = min(len(before), len(after))
    head = 0
    while head < shorter and before[head] == after[head]:
        head += 1
    tail = 0
    while tail < shorter - head and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    if head:
        yield "equal", 0, head, 0, head
    middle = SequenceMatcher(
        None, before[head : len(before) - tail], after[head : len(after) - tail], autojunk=True
    )
    for kind, low, high, start, end in middle.get_opcodes():
        yield kind, low + head, high + head, start + head, end + head
    if tail:
        yield "equal", len(before) - tail, len(before), len(after) - tail, len(after)


def _pair(before: Sequence[str], after: Sequence[str]) -> list[Change]:
    """Units of a replaced stretch: changed where two are alike, else removed or added."""
    partners = _partners(before, after)
    changes: list[Change] = []
    shown = 0
    for index, unit in enumerate(before):
        partner = partners.get(index)
        if partner is None:
            changes.append(_whole("removed", unit))
            continue
        changes += [_whole("added", extra) for extra in after[shown:partner]]
        changes.append(Change("changed", words_between(unit, after[partner])))
        shown = partner + 1
    return [*changes, *(_whole("added", extra) for extra in after[shown:])]


def _partners(before: Sequence[str], after: Sequence[str]) -> dict[int, int]:
    """Old unit → new unit, both ascending, so that the order of either text is kept."""
    if len(before) * len(after) > MOST_PAIRS:
        return _partners_in_order(before, after)
    partners: dict[int, int] = {}
    lowest = 0
    new_words = [_word_set(unit) for unit in after]
    for index, unit in enumerate(before):
        words = _word_set(unit)
        likeness = [(_alike(words, new_words[at]), -at) for at in range(lowest, len(after))]
        best, place = max(likeness, default=(0.0, 0))
        if best >= ALIKE:
            partners[index] = -place
            lowest = 1 - place
    return partners


def _partners_in_order(before: Sequence[str], after: Sequence[str]) -> dict[int, int]:
    pairs = enumerate(zip(before, after, strict=False))
    return {i: i for i, (a, b) in pairs if _alike(_word_set(a), _word_set(b)) >= ALIKE}


def _word_set(unit: str) -> set[str]:
    return {word for word in _WORD.findall(unit.casefold()) if word.strip()}


def _alike(first: set[str], second: set[str]) -> float:
    """Dice's coefficient of two sets of words."""
    return 2 * len(first & second) / max(1, len(first) + len(second))


def words_between(old: str, new: str) -> list[Words]:
    """The words of both, in order; each run that was replaced old first, then new."""
    before, after = _WORD.findall(old), _WORD.findall(new)
    if max(len(before), len(after)) > MOST_WORDS:
        return [_words("removed", [old]), _words("added", [new])]
    found: list[Words] = []
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for kind, low, high, start, end in _without_slivers(matcher.get_opcodes(), before):
        if kind == "equal":
            found.append(_words("same", before[low:high]))
            continue
        if high > low:
            found.append(_words("removed", before[low:high]))
        if end > start:
            found.append(_words("added", after[start:end]))
    return found


def _without_slivers(
    opcodes: Sequence[tuple[str, int, int, int, int]], before: Sequence[str]
) -> Iterator[tuple[str, int, int, int, int]]:
    """Changes with nothing but a space between them as one: “in 14 days” → “within 30 days”."""
    held: tuple[str, int, int, int, int] | None = None
    last = len(opcodes) - 1
    for index, (kind, low, high, start, end) in enumerate(opcodes):
        sliver = kind == "equal" and 0 < index < last and not "".join(before[low:high]).strip()
        if kind == "equal" and not sliver:
            if held:
                yield held
            held = None
            yield kind, low, high, start, end
        elif held:
            held = ("replace", held[1], high, held[3], end)
        else:
            held = (kind, low, high, start, end)
    if held:
        yield held


def _whole(kind: str, unit: str) -> Change:
    return Change(kind, [_words(kind, [unit])])


def _words(kind: str, parts: Sequence[str]) -> Words:
    text = "".join(parts)
    return Words(kind, text, any(character.isdigit() for character in text))
