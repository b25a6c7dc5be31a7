"""Lowers the units that answer a narrower question than the one asked: a row about something that
the question does not name, a sentence about a case that it does not raise, what is not possible
when it asks how to do something, what is for those in a state that it does not name, the answer to
another question of a FAQ, and “It takes up to 5 days” where “it” is something else. Raises what
stands below a heading that asks for the same.

“When will I get my refund” is not answered by the row “Gift card: at once”, nor by “If you paid for
Express, we refund …”, as long as something says it in general.
"""

from __future__ import annotations

import re
from dataclasses import replace

from knowledge.text.quantities import quantities_in
from knowledge.text.units import Form, Unit
from supportbot.answers.ranges import amounts_in, is_in_range
from supportbot.answers.rows import subject_of
from supportbot.answers.wording import Composing
from supportbot.reader.answer_types import WORDS_OF_QUESTIONS, AnswerType, answer_type
from supportbot.reader.features import UNTYPED
from supportbot.reader.reading import Reading, ReadUnit

# Of the reader's score: by how much a unit is lowered.
UNNAMED_ROW = 1.0
UNASKED_CASE = 1.5
UNASKED_BAN = 1.0
OF_OTHER_THING = 1.5
OF_OTHER_QUESTION = 2.0  # times the share of that question's words that are not asked
HEADING_ASKS = 1.0  # a unit below “How long you have” is raised for “how many days do I have”
OF_STATE = 1.0  # an item or step below “Delivered, says the tracking”
OF_RANGE = 1.0  # a row for “£250 to £600” is raised for “a phone of £300”, or else lowered
LABEL = 5  # words; a second cell that is longer says something, it names no case
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
# A heading that names a state, such as “Delivered, says the tracking”.
_STATE = re.compile(r"(?:\w+ed|lost|stolen|missing|late|broken)\b", re.IGNORECASE)
# The line above a list of what is not possible.
FORBIDS = re.compile(r"\b(?:cannot|not|never|no)\b|n['’]t\b", re.IGNORECASE)


def with_narrower_lowered(work: Composing) -> Composing:
    """The same, its units scored by how well they answer what is asked in general."""
    asked = work.terms(work.text)  # the question is part of it
    raises_case = bool(CASE_ASKED.search(work.question))
    wanted = answer_type(work.question)
    asks_how = wanted is AnswerType.HOW_TO
    may_be_banned = wanted is AnswerType.YES_NO or bool(FORBIDS.search(work.question))
    about = asked - work.terms(WORDS_OF_QUESTIONS)

    def asks_alike(read: ReadUnit) -> bool:
        """Whether its heading asks for what is asked, and it is about the same thing."""
        if wanted in UNTYPED or answer_type(_heading_of(read, work)) is not wanted:
            return False
        above = f"{work.passages[read.passage].title} {_heading_of(read, work)}"
        return bool(about & work.terms(f"{above} {read.unit.text}"))

    def lowered_by(read: ReadUnit) -> float:
        """Below 0 for a unit that is raised."""
        if asks_alike(read):
            return -HEADING_ASKS
        if read.unit.form is Form.ROW:
            is_meant = is_of_amount(read.unit, work.text)
            if is_meant is not None:
                return -OF_RANGE if is_meant else OF_RANGE
            return _lowered_row(read.unit, asked, work)
        if read.unit.heading.endswith("?"):
            heading = work.terms(read.unit.heading)
            return OF_OTHER_QUESTION * len(heading - asked) / (len(heading) or 1)
        is_listed = read.unit.form is not Form.SENTENCE
        reasons = (
            (UNASKED_CASE, not raises_case and _is_case(read.unit)),
            (OF_STATE, is_listed and is_of_unasked_state(read, work)),
            (UNASKED_BAN, asks_how and bool(FORBIDS.search(read.unit.lead))),
            (UNASKED_BAN, not may_be_banned and bool(FORBIDS.search(_heading_of(read, work)))),
            (OF_OTHER_THING, _is_of_other_thing(read, asked, work)),
        )
        return next((by for by, is_so in reasons if is_so), 0.0)

    units = tuple(replace(read, score=read.score - lowered_by(read)) for read in work.reading.units)
    return replace(work, reading=Reading(units, work.reading.features))


def is_of_amount(row: Unit, question: str) -> bool | None:
    """Whether a row is for the amount in the question: “over 25 kg” for “a 30kg dog”, “24 months”
    for “2 years”; None if its first two cells have none, or the question has none of the kind."""
    amounts = amounts_in(question)
    labels = [c for at, c in enumerate(row.cells[:2]) if not at or len(c.text.split()) <= LABEL]
    for cell in labels if amounts else ():
        if (is_in := is_in_range(cell.text, amounts)) is not None:
            return is_in
    own = [one for one in quantities_in(row.cells[0].text) if one.kind]
    asked = [one for one in quantities_in(question) if own and one.kind == own[0].kind]
    return own[0].equals(asked[0]) if len(own) == len(asked) == 1 else None


def is_of_unasked_state(read: ReadUnit, work: Composing) -> bool:
    """Whether it is for those who are in a state that the question does not name."""
    state = _STATE.match(_heading_of(read, work))
    return state is not None and not work.terms(state[0]) & work.terms(work.text)


def _heading_of(read: ReadUnit, work: Composing) -> str:
    return read.unit.heading or " ".join(work.passages[read.passage].heading[-1:])


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
