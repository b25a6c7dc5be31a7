"""Composes an answer from the reader's scores: the best unit first, then the units that belong to
it.

Except for the fixed phrases below, every word of an answer comes from a passage.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from knowledge.text.units import Form, Unit
from supportbot.answers.companions import (
    MOST_UNITS,
    with_instruction,
    with_its_rule,
    with_what_they_lean_on,
)
from supportbot.answers.lists import items_of_one_list, list_items, list_steps
from supportbot.answers.narrower import with_narrower_lowered
from supportbot.answers.overview import say_overview
from supportbot.answers.rows import subject_of
from supportbot.answers.tables import (
    column_rows,
    list_rows,
    overview_rows,
    say_price,
    table_spoken_of,
    with_whole_table,
)
from supportbot.answers.types import Proposed
from supportbot.answers.wording import (
    Composing,
    proposed,
    says_something,
    text_of_unit,
    word_count,
)
from supportbot.reader.answer_types import AnswerType, answer_type, holds
from supportbot.reader.reading import ReadUnit
from supportbot.retrieval.search import Ranking

MOST_WORDS = 60  # of an answer to a question for one fact; most have half of that
# The same for a question that no single fact answers: how to do something, what something is.
MOST_WORDS_BY_KIND = {AnswerType.HOW_TO: 80, AnswerType.ANYTHING: 70}
MOST_WORDS_OF_PART = 25  # of the answer to one of several questions
MOST_ALIKE = 3  # units that each get a line with the name of their thing
ELSEWHERE_COSINE = 0.15
ELSEWHERE_MARGIN = 0.3  # of the reader's score, for units of another passage
LEAST_OF_TITLE = 4  # terms of a title that a line may repeat
MOST_BESIDE_TITLE = 1  # terms beside them in such a line
MARGIN = 2.0  # of the reader's score; units this close to the best belong to the answer
MARGIN_OF_ANYTHING = 2.2  # the same for a question that asks for no one fact
EXCEPTION_MARGIN = 2.0  # the same margin for an exception in the same paragraph
EXCEPTION_WORDS = 10  # that such an exception may go beyond MOST_WORDS
FAR = 99.0  # the same margin for units that continue the best one
SHORT_ANSWER = 14  # words
TOLD_BY_KIND = {
    AnswerType.MONEY,
    AnswerType.DEADLINE,
    AnswerType.DURATION,
    AnswerType.TIME,
    AnswerType.CONTACT,
}
KIND_MARGIN = 1.5
CONTACT_MARGIN = 4.0  # nothing but an address or a number says how to reach somebody
ALIKE_MARGIN = 0.4
REPEATED = 0.6  # share of a unit's terms; one that repeats more is left out

_QUALIFIES = re.compile(
    r"\d|"
    r"\b(?:unless|except|only|however|but|does not apply|do not|cannot|if|provided|apart from"
    r"|limited to|at most|at least|must)\b",
    re.IGNORECASE,
)
_EXCEPTS = re.compile(
    r"\b(?:unless|except(?:ions?|ed|ing)?|apart from|does not apply)\b", re.IGNORECASE
)
_CALLS = re.compile(r"\b(?:tele)?phone|\bcall\b|\bring\b", re.IGNORECASE)
_NUMBER_TO_CALL = re.compile(r"\+?\d[\d ()-]{7,}\d")
_CODE = re.compile(r"\b[A-Za-z]{1,4}-?[A-Za-z]*\d[\w-]*")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def compose(ranking: Ranking) -> list[Proposed]:
    """The sentences of the answer in order, each with the passage it quotes. Empty if no unit says
    anything. If several questions are asked, they are answered in order."""
    text = f"{ranking.referred_text} {ranking.searched_text}".strip()
    if not ranking.parts:
        work = Composing(ranking.searched_text, text, ranking.passages, ranking.reading)
        return _answer(work)
    said: list[Proposed] = []
    for part in ranking.parts:
        work = Composing(part.text, text, ranking.passages, part.reading, is_part=True)
        said += [one for one in _answer(work) if not _is_said(one, said)]
    return said


def _is_said(one: Proposed, said: Sequence[Proposed]) -> bool:
    return any((one.cited, one.quotes) == (other.cited, other.quotes) for other in said)


def _answer(work: Composing) -> list[Proposed]:
    """The answer to one question."""
    work = with_narrower_lowered(work)
    question = work.question
    ranked = [
        one
        for one in work.reading.best_first
        if says_something(one.unit, work) and not _is_title(one, work)
    ]
    if not ranked:
        return []
    ranked = _with_the_code(ranked, work.text)
    ranked = _of_wanted_kind_first(ranked, question)
    if told := say_price(ranked, work) or say_overview(ranked, work):
        return told
    best = ranked[0]
    if steps := list_steps(best, ranked, work):
        return steps
    if alike := _alike(best, ranked, work):
        return [proposed(unit, work, frame=_name(unit, work)) for unit in alike]
    if items := (
        list_items(best, ranked, work)
        or column_rows(best, work)
        or overview_rows(best, ranked, work)
        or with_whole_table([best], work)
        or list_rows(best, ranked, work)
    ):
        return items
    chosen = with_its_rule(_chosen(best, ranked, work), work)
    chosen = with_instruction(chosen, work)
    chosen = with_what_they_lean_on(chosen, work)
    return (
        table_spoken_of(chosen, work)
        or with_whole_table(chosen, work)
        or items_of_one_list(chosen, work)
        or [proposed(unit, work) for unit in chosen]
    )


def _is_title(read: ReadUnit, work: Composing) -> bool:
    """Whether a unit only repeats the title of its document, as exported pages do."""
    terms = work.terms(read.unit.text)
    title = work.terms(work.passages[read.passage].title)
    return len(title) >= LEAST_OF_TITLE and len(terms - title) <= MOST_BESIDE_TITLE


def _with_the_code(ranked: list[ReadUnit], question: str) -> list[ReadUnit]:
    """For a question about “E02”, the units that contain E02, if there are any."""
    codes = {code.casefold() for code in _CODE.findall(question)}
    holding = [
        one for one in ranked if codes & {code.casefold() for code in _CODE.findall(one.unit.text)}
    ]
    return holding or ranked


def _of_wanted_kind_first(ranked: list[ReadUnit], question: str) -> list[ReadUnit]:
    """“How much” is answered by an amount, if a unit with one is not far behind the best unit."""
    wanted = answer_type(question)
    if wanted not in TOLD_BY_KIND:
        return ranked
    of_kind = [one for one in ranked if holds(wanted, text_of_unit(one.unit))]
    if wanted is AnswerType.CONTACT and _CALLS.search(question):
        of_kind = [one for one in of_kind if _NUMBER_TO_CALL.search(one.unit.text)]
    margin = CONTACT_MARGIN if wanted is AnswerType.CONTACT else KIND_MARGIN
    if not of_kind or of_kind[0].score < ranked[0].score - margin:
        return ranked
    return [*of_kind, *(one for one in ranked if one not in of_kind)]


# -- which units -------------------------------------------------------------------------------
def _chosen(best: ReadUnit, ranked: Sequence[ReadUnit], work: Composing) -> list[ReadUnit]:
    """The best unit, those that qualify it, and others that answer too, up to MOST_WORDS."""
    chosen = [best]
    is_open = answer_type(work.question) is AnswerType.ANYTHING
    usual = MARGIN_OF_ANYTHING if is_open else MARGIN
    room = _most_words(work) - word_count(best, work)
    behind = work.beside(best, 1)
    goes_on = behind is not None and _goes_on(behind, best, work)
    if behind is not None and goes_on:
        ranked = [behind, *(unit for unit in ranked if unit is not behind)]
    said = set(work.terms(text_of_unit(best.unit)))
    for unit in ranked:
        excepts = _excepts(unit, best)
        margin = EXCEPTION_MARGIN if excepts else usual
        if unit is behind and goes_on:
            margin = FAR
        terms = work.terms(text_of_unit(unit.unit))
        words = word_count(unit, work)
        if unit is best or unit.score < best.score - margin:
            continue
        if words > room + (EXCEPTION_WORDS if excepts else 0):
            continue
        if unit.passage != best.passage and _is_far(unit, best, work):
            continue
        if len(terms & said) >= REPEATED * len(terms):
            continue
        if _is_other_row(unit, chosen) or _is_same_row(unit, chosen, work):
            continue
        chosen.append(unit)
        said |= terms
        room -= words
        if len(chosen) == MOST_UNITS:
            break
    return [best, *sorted(chosen[1:], key=lambda unit: (unit.passage, unit.position))]


def _most_words(work: Composing) -> int:
    if work.is_part:
        return MOST_WORDS_OF_PART
    return MOST_WORDS_BY_KIND.get(answer_type(work.question), MOST_WORDS)


def _excepts(unit: ReadUnit, best: ReadUnit) -> bool:
    """Whether a unit excepts something from the rule beside it. It belongs to the answer."""
    is_beside = (unit.passage, unit.unit.block) == (best.passage, best.unit.block)
    return is_beside and bool(_EXCEPTS.search(unit.unit.text))


def _is_far(unit: ReadUnit, best: ReadUnit, work: Composing) -> bool:
    """Whether the score of a unit of another passage is too far below the best one, or it does not
    say how to reach somebody, which is asked."""
    wanted = answer_type(work.question)
    if wanted is AnswerType.CONTACT and not holds(wanted, unit.unit.text):
        return True
    return (
        unit.score < best.score - ELSEWHERE_MARGIN or unit.cosine < best.cosine - ELSEWHERE_COSINE
    )


def _goes_on(unit: ReadUnit, best: ReadUnit, work: Composing) -> bool:
    """Whether the unit after the best one belongs to it: a condition, exception or figure in the
    same paragraph or item, or anything after a very short answer."""
    one, other = unit.unit, best.unit
    if one.form is Form.ROW or (one.block, one.lead, one.number) != (
        other.block,
        other.lead,
        other.number,
    ):
        return False
    if not says_something(one, work):
        return False
    is_short = len(other.text.split()) < SHORT_ANSWER
    return is_short or bool(_QUALIFIES.search(one.text))


def _is_other_row(unit: ReadUnit, chosen: Sequence[ReadUnit]) -> bool:
    """Whether it is another row of the same table. The question is about one row."""
    return unit.unit.form is Form.ROW and any(
        other.passage == unit.passage
        and other.unit.form is Form.ROW
        and other.unit.block == unit.unit.block
        and unit.score < other.score - MARGIN / 2
        for other in chosen
    )


def _is_same_row(unit: ReadUnit, chosen: Sequence[ReadUnit], work: Composing) -> bool:
    """Whether it is a row of another table about the same thing as a chosen row."""
    if unit.unit.form is not Form.ROW:
        return False
    subject = work.terms(subject_of(unit.unit))
    return any(
        other.unit.form is Form.ROW
        and (other.passage, other.unit.block) != (unit.passage, unit.unit.block)
        and work.terms(subject_of(other.unit)) == subject
        for other in chosen
    )


# -- several that fit --------------------------------------------------------------------------
def _alike(best: ReadUnit, ranked: Sequence[ReadUnit], work: Composing) -> list[ReadUnit]:
    """Units that answer equally well about different things, if the question does not say which
    thing: the same code in two manuals, the same rule for two products."""
    title = _name(best, work)
    asked = work.terms(work.question)
    own = work.terms(title)
    if not title or asked & own:
        return []
    found = [best]
    for unit in ranked[1:8]:
        other = _name(unit, work)
        if unit.score < best.score - ALIKE_MARGIN or any(_name(u, work) == other for u in found):
            continue
        if not asked & work.terms(other) and _same_thing(best.unit, unit.unit, work):
            found.append(unit)
    return found if 1 < len(found) <= MOST_ALIKE else []


def _same_thing(one: Unit, other: Unit, work: Composing) -> bool:
    if one.form is Form.ROW and other.form is Form.ROW and one.cells[0].text == other.cells[0].text:
        return True
    first, second = work.terms(one.text), work.terms(other.text)
    if _NUMBER.findall(one.text) == _NUMBER.findall(other.text):
        return False  # the same fact twice
    return len(first & second) >= 0.6 * len(first | second) and one.text != other.text


def _name(unit: ReadUnit, work: Composing) -> str:
    """The distinguishing part of the document's title: “Ingle One” of “Ingle One: manual”."""
    return re.split(r"\s*[:–—(]\s*", work.passages[unit.passage].title)[0]
