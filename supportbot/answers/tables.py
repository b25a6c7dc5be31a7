"""Answers from several rows of one table: those that fit equally well, one column of all, or the
whole of a small table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from knowledge.text.units import Form
from supportbot.answers.rows import subject_of
from supportbot.answers.types import Proposed
from supportbot.answers.wording import Composing, proposed, word_count
from supportbot.reader.answer_types import WORDS_OF_QUESTIONS, AnswerType, answer_type, holds
from supportbot.reader.reading import ReadUnit

MOST_WORDS = 45  # of the rows that are said
MOST_ROWS = 4
MOST_ROWS_OF_COLUMN, MOST_WORDS_OF_COLUMN = 6, 60
MOST_ROWS_OF_WHOLE, MOST_WORDS_OF_WHOLE = 7, 90
MOST_WORDS_OF_TABLE = 130  # of a table that is asked about as a whole
LEAST_NEAR = 2  # rows that answer about equally well, so that the table is said as a whole
WHOLE_MARGIN = 1.0  # of the reader's score, between two rows of a table that is said as a whole
TABLE_MARGIN = 6.0  # of the reader's score, for a row of the table that is asked about as a whole
ROW_MARGIN = 0.35  # of the reader's score
_NAME = re.compile(r"(?<=\w )[A-Z]\w+")  # “Dublin” in “my parcel to Dublin”
_SPEAKS_OF_TABLE = re.compile(r"\b(?:this|the) table\b(?! (?:lamp|top))", re.IGNORECASE)
_ASKS_PRICE = re.compile(
    r"\bhow much (?:is|are)\b|\bprices?\b|\b(?:what|how much) (?:do|does)\b.*\bcost",
    re.IGNORECASE,
)
_PRICE = re.compile(r"(?:[\w-]+ )?price", re.IGNORECASE)
_YES_OR_NO = re.compile(r"(?:yes|no)\b", re.IGNORECASE)


def say_price(ranked: Sequence[ReadUnit], work: Composing) -> list[Proposed]:
    """The price of a thing, from the row of a price list that is about this thing and least else:
    “Ingle Duo espresso machine” before “Set: Ingle Duo with grinder”."""
    if answer_type(work.question) is not AnswerType.MONEY or not _ASKS_PRICE.search(work.question):
        return []
    thing = work.terms(work.question) - work.terms(WORDS_OF_QUESTIONS)
    priced = [
        one
        for one in ranked
        if one.unit.form is Form.ROW
        and any(_PRICE.fullmatch(cell.head) for cell in one.unit.cells[1:])
        and thing <= work.terms(one.unit.cells[0].text)
    ]
    if not thing or not priced:
        return []
    named = min(priced, key=lambda one: (len(work.terms(one.unit.cells[0].text)), -one.score))
    heads = {cell.head for cell in named.unit.cells[1:] if _PRICE.fullmatch(cell.head)}
    return [proposed(_with_columns(named, heads), work)]


def with_whole_table(chosen: Sequence[ReadUnit], work: Composing) -> list[Proposed]:
    """All rows of a small table instead of the one or two that were chosen, behind the best unit if
    that is a sentence: “Is my kettle affected?”. [] if the question says which row it is about or
    names something else, or if the best unit stands elsewhere."""
    best = chosen[0]
    row = next((one for one in chosen if one.unit.form is Form.ROW), None)
    if row is None or _section_of(row, work) != _section_of(best, work):
        return []
    rows = _rows_of_table(row, work)
    near = [one for one in rows if one.score >= row.score - WHOLE_MARGIN]
    if (
        len(near) < LEAST_NEAR
        or len(rows) == LEAST_NEAR
        or not _is_small(rows, MOST_WORDS_OF_WHOLE, work)
    ):
        return []
    asked = work.terms(work.text)
    above = work.terms(" ".join(_section_of(row, work)[-1]))
    if any(asked & work.terms(subject_of(one.unit)) - above for one in rows):
        return []
    text = " ".join(cell.text for one in rows for cell in one.unit.cells)
    if not work.terms(" ".join(_NAME.findall(work.question))) <= work.terms(text) | above:
        return []
    before = [] if best.unit.form is Form.ROW else [proposed(best, work)]
    return [*before, *(proposed(one, work, form="item") for one in rows)]


def table_spoken_of(chosen: Sequence[ReadUnit], work: Composing) -> list[Proposed]:
    """The table that a chosen sentence speaks of, and the sentence: “We do not deliver to countries
    that are not in this table.” If the question names something in the table, its row alone."""
    speaker = next((one for one in chosen if _SPEAKS_OF_TABLE.search(one.unit.text)), None)
    if speaker is None:
        return []
    section = _section_of(speaker, work)
    in_section = (one for one in work.reading.units if _section_of(one, work) == section)
    rows = [one for one in in_section if one.unit.form is Form.ROW]
    if not rows:
        return []
    asked = work.terms(work.text) - work.terms(section[-1][0])
    named = [
        one for one in rows if asked & work.terms(" ".join(cell.text for cell in one.unit.cells))
    ]
    if named:
        return [proposed(max(named, key=lambda one: one.score), work)]
    told = say_table(rows[0], work)
    return [*told, proposed(speaker, work)] if told else []


def say_table(row: ReadUnit, work: Composing) -> list[Proposed]:
    """The table of this row: all rows if they are few, else the first row of each kind."""
    rows = _rows_of_table(row, work)
    if _is_small(rows, MOST_WORDS_OF_TABLE, work):
        return [proposed(one, work, form="item") for one in rows]
    return _first_of_each_kind(rows, MOST_WORDS_OF_TABLE, work)


def _is_small(rows: Sequence[ReadUnit], most_words: int, work: Composing) -> bool:
    words = sum(word_count(one, work) for one in rows)
    return len(rows) <= MOST_ROWS_OF_WHOLE and words <= most_words


def list_rows(best: ReadUnit, ranked: Sequence[ReadUnit], work: Composing) -> list[Proposed]:
    """The rows of one table that fit the question equally well, in the order of the table."""
    rows = [
        unit
        for unit in ranked
        if (unit.passage, unit.unit.block) == (best.passage, best.unit.block)
        and unit.unit.form is Form.ROW
        and unit.score >= best.score - ROW_MARGIN
    ]
    total = sum(word_count(unit, work) for unit in rows)
    if answer_type(work.question) is AnswerType.YES_NO:
        return []
    if best.unit.form is not Form.ROW or not 1 < len(rows) <= MOST_ROWS or total > MOST_WORDS:
        return []
    in_order = sorted(rows, key=lambda unit: unit.position)
    return [proposed(unit, work, form="item") for unit in in_order]


def overview_rows(best: ReadUnit, ranked: Sequence[ReadUnit], work: Composing) -> list[Proposed]:
    """The first row of each kind in a table that is asked about as a whole: “How much is
    delivery?”, where the title says “Shipping and delivery” and no row does."""
    asked = work.terms(work.question)
    wanted = answer_type(work.question)
    row = best if _asks_for_whole(best, asked, work) else None
    if row is None and wanted in {AnswerType.MONEY, AnswerType.DURATION}:
        near = (one for one in ranked if one.score >= best.score - TABLE_MARGIN)
        telling = (one for one in near if holds(wanted, one.unit.text))
        row = next(
            (one for one in telling if _asks_for_whole(one, asked, work, by_title=True)), None
        )
    if row is None:
        return []
    return _first_of_each_kind(_rows_of_table(row, work), MOST_WORDS, work)


def _first_of_each_kind(
    rows: Sequence[ReadUnit], most_words: int, work: Composing
) -> list[Proposed]:
    """[] if only one kind has room."""
    kinds: dict[str, ReadUnit] = {}
    room = most_words
    for row in rows:
        kind, words = row.unit.cells[0].text, word_count(row, work)
        if kind not in kinds and words <= room and len(kinds) < MOST_ROWS:
            kinds[kind] = row
            room -= words
    return [proposed(row, work, form="item") for row in kinds.values()] if len(kinds) > 1 else []


def column_rows(best: ReadUnit, work: Composing) -> list[Proposed]:
    """One column of every row, if the question names a column and no row: “What time do you open on
    Sunday?” of a table of stores."""
    if best.unit.form is not Form.ROW or answer_type(work.question) is AnswerType.YES_NO:
        return []
    rows = _rows_of_table(best, work)
    named = work.terms(work.question) - work.terms(WORDS_OF_QUESTIONS)
    columns = _named_columns(rows, named, work)
    if not columns or not 1 < len(rows) <= MOST_ROWS_OF_COLUMN:
        return []
    short = [_with_columns(row, columns) for row in rows]
    if sum(word_count(row, work) for row in short) > MOST_WORDS_OF_COLUMN:
        return []
    return [proposed(row, work, form="item") for row in short]


def _named_columns(rows: Sequence[ReadUnit], named: frozenset[int], work: Composing) -> set[str]:
    """The heads that the question names; none if it names a row or something that the table is not
    about."""
    passage = work.passages[rows[0].passage]
    above = work.terms(" ".join([passage.title, *passage.heading]))
    heads = {cell.head: work.terms(cell.head) for row in rows for cell in row.unit.cells[1:]}
    in_rows = work.terms(" ".join(row.unit.cells[0].text for row in rows))
    if named & in_rows or not named <= above.union(*heads.values()):
        return set()
    found = {head for head, terms in heads.items() if terms & named - above}
    return found if len(found) == 1 else set()


def _with_columns(row: ReadUnit, columns: set[str]) -> ReadUnit:
    """The row with its first cell and these. The question says the heads of these; “yes” alone
    would not be understood."""
    first, *others = row.unit.cells
    kept = [cell for cell in others if cell.head in columns]
    plain = [cell if _YES_OR_NO.match(cell.text) else replace(cell, head="") for cell in kept]
    return replace(row, unit=replace(row.unit, cells=(first, *plain)))


def _rows_of_table(row: ReadUnit, work: Composing) -> list[ReadUnit]:
    """All rows of its table that were read, in the table's order."""
    table = _table_of(row, work)
    rows = [
        unit
        for unit in work.reading.units
        if unit.unit.form is Form.ROW and _table_of(unit, work) == table
    ]
    return sorted(rows, key=lambda unit: (work.passages[unit.passage].position, unit.position))


def _asks_for_whole(
    row: ReadUnit, asked: frozenset[int], work: Composing, *, by_title: bool = False
) -> bool:
    """Whether it is a row, and the question names what its table is about and nothing else.
    `by_title`: the title says what that is, not the heading alone."""
    if row.unit.form is not Form.ROW:
        return False
    passage = work.passages[row.passage]
    title, heading = work.terms(passage.title), work.terms(" ".join(passage.heading[-1:]))
    heads = work.terms(" ".join(cell.head for cell in row.unit.cells))
    named = asked - work.terms(WORDS_OF_QUESTIONS)
    names = (title,) if by_title else (title, heading)
    is_named = any(2 * len(named & above) >= len(above) > 0 for above in names)
    if not is_named or not named <= title | heading | heads:
        return False
    rows = _rows_of_table(row, work)
    return not named & work.terms(" ".join(cell.text for one in rows for cell in one.unit.cells))


def _section_of(unit: ReadUnit, work: Composing) -> tuple[int, tuple[str, ...]]:
    """Its document and all headings above it."""
    passage = work.passages[unit.passage]
    return passage.document_id, (passage.title, *passage.heading, unit.unit.heading)


def _table_of(row: ReadUnit, work: Composing) -> tuple[object, ...]:
    """What the rows of one table have in common, in whichever passages they stand."""
    passage = work.passages[row.passage]
    return passage.document_id, passage.version, passage.heading, row.unit.cells[0].head
