"""Numbers with a unit in a passage, and what they are said of, to find passages that disagree.

Two claims are compared only where nothing but the number differs: the same unit, the same limit
(“up to”, “at least”), the same words around it by their stems, in documents and under headings of
like names. That misses a contradiction told in other words. It is so on purpose: whoever is warned
of nonsense stops reading warnings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from knowledge.text.limits import measures_in
from knowledge.text.plain import HEADING_MARK, LIST_MARK, TABLE_RULE, in_one_line
from knowledge.text.sentences import split_sentences
from knowledge.text.stop_words import STATEMENT_STOP_WORDS, content_stems

MIN_WORDS = 2  # that must be said about a number, besides it

_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)|https?://\S+")
_WORD = re.compile(r"[^\W_]+(?:[.,'’-][^\W_]+)*")
# A sentence that begins so speaks of something that another sentence names.
_POINTERS = frozenset({"it", "this", "that", "they", "these", "those", "he", "she"})
# Words of titles and headings that name a kind of text, or its age, and not what it is about.
_KINDS_OF_TEXT = frozenset(
    {"polici", "faq", "guid", "help", "inform", "overview", "term", "condit", "question", "ask"}
    | {"frequent", "answer", "version", "earlier", "old", "new", "current", "updat", "latest"}
    | {"summari", "rule", "page", "note", "draft", "copi", "final", "brief", "short", "glanc"}
    | {
        "manual",
        "instruct",
        "introduct",
        "general",
        "detail",
        "section",
        "part",
        "chapter",
        "document",
        "text",
    }
)
_YEAR = re.compile(r"(?:19|20)\d\d|v?\d+(?:\.\d+)*")


@dataclass(frozen=True)
class Claim:
    """That something (`about`, as stems) is so many units; `low` and `high` differ for a range.

    `written` is the number as it stands in `sentence`; `title` and `heading` are stems of what it
    stands under.
    """

    unit: str
    low: float
    high: float
    limit: str
    about: frozenset[str]
    title: frozenset[str]
    heading: frozenset[str]
    written: str
    sentence: str
    in_table: bool = False

    def says_enough(self) -> bool:
        return len(self.about) >= MIN_WORDS

    def is_of_the_same(self, other: Claim) -> bool:
        """Whether both say how many units the same thing is."""
        return (
            (self.unit, self.limit, self.about) == (other.unit, other.limit, other.about)
            and self.in_table == other.in_table
            and _subject(self.title) == _subject(other.title)
            and _contains(self.heading, other.heading, self.about | self.title)
        )

    def agrees_with(self, other: Claim) -> bool:
        return self.low <= other.high and other.low <= self.high


def contradictions(
    first: Sequence[Claim], second: Sequence[Claim]
) -> Iterator[tuple[Claim, Claim]]:
    """The claims of two passages that give different numbers for the same thing.

    Nothing that one passage itself says in several ways, such as prices by size, is compared.
    """
    for claim in first:
        same = [other for other in second if claim.is_of_the_same(other)]
        own = [other for other in first if claim.is_of_the_same(other)]
        if len(same) == len(own) == 1 and not claim.agrees_with(same[0]):
            yield claim, same[0]


def claims_of(text: str, *, title: str, heading: Sequence[str]) -> list[Claim]:
    """Every number with a unit of which a passage says enough, in reading order."""
    found: list[Claim] = []
    for statement in _statements(text):
        under = stems(" ".join([*heading, statement.heading])) - stems(title)
        for measure in measures_in(statement.measured):
            claim = Claim(
                unit=measure.unit,
                low=measure.low,
                high=measure.high,
                limit=measure.limit,
                about=stems(f"{measure.rest} {statement.extra}"),
                title=stems(title),
                heading=under,
                written=measure.written,
                sentence=statement.shown,
                in_table=statement.in_table,
            )
            if claim.says_enough():
                found.append(claim)
    return found


def stems(text: str) -> frozenset[str]:
    """The stems of the words that carry meaning; numbers and codes as they are."""
    return frozenset(content_stems(text.replace("’", "'"), STATEMENT_STOP_WORDS))


def _subject(title: frozenset[str]) -> frozenset[str]:
    """What a title is about, without what kind of text it is and of which year."""
    return frozenset(w for w in title - _KINDS_OF_TEXT if not _YEAR.fullmatch(w))


def _contains(first: frozenset[str], second: frozenset[str], known: frozenset[str]) -> bool:
    """Whether one heading says all that the other does, beside what is known anyway.

    Where each has a word of its own, as “Ireland” and “France” have, they speak of two things.
    """
    own, others = _subject(first) - known, _subject(second) - known
    return own <= others or others <= own


# -- Reading --------------------------------------------------------------------------------------
@dataclass(frozen=True)
class _Statement:
    """A sentence, or a cell of a table. `measured` is searched for numbers; `extra` are words that
    it says them of besides its own: a list's introduction, or the row and column of a cell."""

    measured: str
    shown: str
    extra: str
    heading: str
    in_table: bool = False


def _statements(text: str) -> Iterator[_Statement]:
    heading = lead = ""
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        if "|" in lines[at] and at + 1 < len(lines) and TABLE_RULE.match(lines[at + 1]):
            end = at + 2
            while end < len(lines) and "|" in lines[end]:
                end += 1
            yield from _cells_of(lines[at], lines[at + 2 : end], heading)
            at = end
            continue
        if match := HEADING_MARK.match(lines[at]):
            heading, lead = _readable(lines[at][match.end() :]), ""
            at += 1
            continue
        end = at + 1
        while end < len(lines) and _goes_on(lines[end]):
            end += 1
        block, is_item = _readable(" ".join(lines[at:end])), bool(LIST_MARK.match(lines[at]))
        sentences = split_sentences(block, before_capitals=True)
        for sentence in sentences:
            first = _WORD.search(sentence)
            if first is not None and first[0].lower() not in _POINTERS:
                yield _Statement(sentence, sentence, lead if is_item else "", heading)
        if sentences and not is_item:
            lead = sentences[-1]
        at = end


def _goes_on(line: str) -> bool:
    """Whether a line belongs to the paragraph or list item above it."""
    return bool(line.strip()) and not (
        LIST_MARK.match(line) or HEADING_MARK.match(line) or line.lstrip().startswith("|")
    )


def _cells_of(header: str, rows: Iterable[str], heading: str) -> Iterator[_Statement]:
    """The cells right of a row's first one, each said of what stands left of it and above it."""
    names = _split_row(header)
    for row in rows:
        cells = _split_row(row)
        for column in range(1, min(len(cells), len(names))):
            extra = " ".join([*cells[:column], names[column]])
            shown = f"{cells[0]}: {names[column]} {cells[column]}"
            if len(list(measures_in(cells[column]))) == 1:
                yield _Statement(cells[column], shown, extra, heading, in_table=True)


def _split_row(line: str) -> list[str]:
    inner = line.strip().removeprefix("|").removesuffix("|")
    return [_readable(cell) for cell in re.split(r"(?<!\\)\|", inner)]


def _readable(text: str) -> str:
    return in_one_line(_LINK.sub(r"\1", LIST_MARK.sub("", text)))
