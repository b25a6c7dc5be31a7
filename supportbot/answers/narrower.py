"""Lowers the units that answer a narrower question than the one asked: a row about something that
the question does not name, a sentence about a case that it does not raise, what is not possible
when it asks how to do something, the answer to another question of a FAQ, and “It takes up to 5
days” where “it” is something else.

“When will I get my refund” is not answered by the row “Gift card: at once”, nor by “If you paid for
Express, we refund …”, as long as something says it in general.
"""

from __future__ import annotations

import re
from dataclasses import replace

from knowledge.text.units import Form, Unit
from supportbot.answers.rows import subject_of
from supportbot.answers.wording import Composing
from supportbot.reader.answer_types import AnswerType, answer_type
from supportbot.reader.reading import Reading, ReadUnit

# Of the reader's score: by how much a unit is lowered.
UNNAMED_ROW = 1.0
UNASKED_CASE = 1.5
UNASKED_BAN = 1.0
OF_OTHER_THING = 1.5
OF_OTHER_QUESTION = 2.0  # times the share of that question's words that are not asked
NAMED_FIRST = 0.2  # a row whose first cell is all in the question is raised
# A sentence about one case of a rule, and a question about one.
CASE = re.compile(
    r"(?:if|unless|in case|should|once|when|in (?:this|that|the|these|such)(?: \w+){0,2} cases?)\b",
    re.IGNORECASE,
)
CASE_ASKED = re.compile(
    r"\b(?:if|when (?:i|my|it|the)|after|but|without|once|already)\b", re.IGNORECASE
)
LEADS_TO_CASES = re.compile(r"\b(?:if|when|unless|where)\W*$", re.IGNORECASE)
LEANS_ON_ONE = re.compile(r"(?:it|they|this|that|these|those)\b", re.IGNORECASE)
# The line above a list of what is not possible.
FORBIDS = re.compile(r"\b(?:cannot|not|never|no)\b|n['’]t\b", re.IGNORECASE)


def with_narrower_lowered(work: Composing) -> Composing:
    """The same, its units scored by how well they answer what is asked in general."""
    asked = work.terms(work.text)  # the question is part of it
    raises_case = bool(CASE_ASKED.search(work.question))
    asks_how = answer_type(work.question) is AnswerType.HOW_TO

    def lowered(read: ReadUnit) -> ReadUnit:
        if read.unit.form is Form.ROW:
            return replace(read, score=read.score - _lowered_row(read.unit, asked, work))
        if read.unit.heading.endswith("?"):
            heading = work.terms(read.unit.heading)
            share = len(heading - asked) / (len(heading) or 1)
            return replace(read, score=read.score - OF_OTHER_QUESTION * share)
        if not raises_case and _is_case(read.unit):
            return replace(read, score=read.score - UNASKED_CASE)
        if asks_how and FORBIDS.search(read.unit.lead):
            return replace(read, score=read.score - UNASKED_BAN)
        if _is_of_other_thing(read, asked, work):
            return replace(read, score=read.score - OF_OTHER_THING)
        return read

    reading = work.reading
    return replace(work, reading=Reading(tuple(map(lowered, reading.units)), reading.features))


def _is_case(unit: Unit) -> bool:
    return bool(CASE.match(unit.text) or LEADS_TO_CASES.search(unit.lead))


def _lowered_row(row: Unit, asked: frozenset[int], work: Composing) -> float:
    """By how much. A row about “Express” is raised, above one about “Silver members, Express”."""
    first = work.terms(row.cells[0].text)
    if not asked & work.terms(subject_of(row)) and not _has_named_column(row, asked, work):
        return UNNAMED_ROW
    return -NAMED_FIRST if first and first <= asked else 0.0


def _has_named_column(row: Unit, asked: frozenset[int], work: Composing) -> bool:
    """Whether the question names one of several columns, as “75 degrees on the Heron 1.2” does, and
    not something else in the row, such as what a part fits."""
    heads = [work.terms(cell.head) for cell in row.cells[1:]]
    common = frozenset.intersection(*heads) if heads else frozenset()
    values = work.terms(" ".join(cell.text for cell in row.cells[1:]))
    return (
        len(heads) > 1 and bool(asked & frozenset().union(*heads) - common) and not asked & values
    )


def _is_of_other_thing(read: ReadUnit, asked: frozenset[int], work: Composing) -> bool:
    """Whether a sentence leans on one that has none of the question's words."""
    if not LEANS_ON_ONE.match(read.unit.text):
        return False
    before = work.beside(read, -1)
    if before is None or (before.unit.block, before.unit.number) != (
        read.unit.block,
        read.unit.number,
    ):
        return False
    return not asked & work.terms(before.unit.text)
