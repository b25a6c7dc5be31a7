"""What the reader judged → an answer: the unit that answers first, then what belongs to it.

Nothing is said that does not stand in a passage, but for the frames below.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.terms import word_numbers
from knowledge.text.units import Form, Unit, units_of
from supportbot.answers.rows import say_row
from supportbot.answers.types import Proposed
from supportbot.reader.answer_types import AnswerType, answer_type, holds
from supportbot.reader.reading import Reading, ReadUnit
from supportbot.retrieval.search import RankedPassage

MOST_WORDS = 45  # of an answer that is not a list of steps
MOST_UNITS = 3
MOST_STEPS = 12
MOST_ITEMS = 6
MOST_ROWS = 4
ROW_MARGIN = 0.35
MOST_ALIKE = 3  # that are told apart in a line each
MAX_UNIT_CHARACTERS = 600
MARGIN = 0.55  # of the reader's score: units this close to the best belong to the answer too
FAR = 99.0  # what goes on right behind the answer may be so far
SHORT_ANSWER = 14  # words
TOLD_BY_KIND = {AnswerType.MONEY, AnswerType.DURATION, AnswerType.TIME, AnswerType.CONTACT}
KIND_MARGIN = 1.5
HEADING_FITS, STEPS_MARGIN = 2.0, 1.0
ALIKE_MARGIN = 0.8
MIN_NEW_SHARE = 0.3  # of a unit's terms; fewer only repeat the question
REPEATED = 0.6  # share of a unit's terms that were said already

# A sentence that cannot stand without the one before it.
_LEANS = re.compile(
    r"^(?:it|its|this|these|those|they|them|their|that|he|she|such|then|otherwise|both|neither|"
    r"afterwards?|after that|in (?:this|that|both|either) case|the (?:same|latter|former)|also|"
    r"however|but|or|and|so)\b",
    re.IGNORECASE,
)
_QUALIFIES = re.compile(
    r"\d|"
    r"\b(?:unless|except|only|however|but|does not apply|do not|cannot|not if|if|provided|apart from"
    r"|limited to|at most|at least|must)\b",
    re.IGNORECASE,
)
_SEVERAL = re.compile(
    r"\band (?:how|what|when|where|who|can|do|does|is|are|which)\b|\?.+\?", re.IGNORECASE
)


Step = tuple[int, Unit]  # the number of its passage, and the unit


@dataclass(frozen=True)
class _Composing:
    question: str
    passages: Sequence[RankedPassage]
    reading: Reading
    locale: str

    def beside(self, unit: ReadUnit, by: int) -> ReadUnit | None:
        """The unit so many places behind, or before, in the same passage."""
        return next(
            (
                other
                for other in self.reading.units
                if other.passage == unit.passage and other.position == unit.position + by
            ),
            None,
        )

    def passage_beside(self, number: int, by: int) -> int | None:
        """The passage so many places behind, or before, in the same version."""
        here = self.passages[number]
        return next(
            (
                at
                for at, other in enumerate(self.passages)
                if (other.document_id, other.version) == (here.document_id, here.version)
                and other.position == here.position + by
            ),
            None,
        )

    def terms(self, text: str) -> frozenset[int]:
        return frozenset(word_numbers(text, self.locale))


def compose(question: str, passages: Sequence[RankedPassage], reading: Reading) -> list[Proposed]:
    """Sentences of the answer in order, each with the passage that it quotes; none without any
    unit that says something."""
    work = _Composing(question, passages, reading, "en")
    ranked = [one for one in reading.best_first if _says_something(one.unit, work)]
    if not ranked:
        return []
    ranked = _of_wanted_kind_first(ranked, answer_type(question))
    best = ranked[0]
    if steps := _steps(best, ranked, work):
        return steps
    if alike := _alike(best, ranked, work):
        return [_proposed(unit, work, frame=_name(unit, work)) for unit in alike]
    if items := _items(best, ranked, work) or _rows(best, ranked, work):
        return items
    chosen = _with_what_they_lean_on(_chosen(best, ranked, work), work)
    return [_proposed(unit, work) for unit in chosen]


def _of_wanted_kind_first(ranked: list[ReadUnit], wanted: AnswerType) -> list[ReadUnit]:
    """“How much” is answered by an amount, where one is not far behind what is best without."""
    if wanted not in TOLD_BY_KIND:
        return ranked
    of_kind = [one for one in ranked if holds(wanted, _text(one.unit))]
    if not of_kind or of_kind[0].score < ranked[0].score - KIND_MARGIN:
        return ranked
    return of_kind


# -- which units -------------------------------------------------------------------------------
def _says_something(unit: Unit, work: _Composing) -> bool:
    """Neither a question, such as a FAQ's, nor one repeated in other words."""
    terms = work.terms(unit.text)
    new = terms - work.terms(work.question)
    is_new = not terms or len(new) >= MIN_NEW_SHARE * len(terms) or unit.form is Form.ROW
    return is_new and not unit.text.endswith("?") and len(unit.text) <= MAX_UNIT_CHARACTERS


def _chosen(best: ReadUnit, ranked: Sequence[ReadUnit], work: _Composing) -> list[ReadUnit]:
    """The best unit, what qualifies it, and others that answer as well, while there is room."""
    chosen = [best]
    room = MOST_WORDS * (2 if _SEVERAL.search(work.question) else 1) - _words(best, work)
    behind = work.beside(best, 1)
    goes_on = behind is not None and _goes_on(behind, best, work)
    if behind is not None and goes_on:
        ranked = [behind, *(unit for unit in ranked if unit is not behind)]
    said = set(work.terms(_text(best.unit)))
    for unit in ranked:
        margin = FAR if unit is behind and goes_on else MARGIN
        terms = work.terms(_text(unit.unit))
        words = _words(unit, work)
        if unit is best or unit.score < best.score - margin or words > room:
            continue
        if len(terms & said) >= REPEATED * len(terms) or _is_other_row(unit, chosen):
            continue
        chosen.append(unit)
        said |= terms
        room -= words
        if len(chosen) == MOST_UNITS:
            break
    return [best, *sorted(chosen[1:], key=lambda unit: (unit.passage, unit.position))]


def _goes_on(unit: ReadUnit, best: ReadUnit, work: _Composing) -> bool:
    """Whether a unit right behind the best one belongs to it: a condition, an exception or a figure
    of the same paragraph or item, or whatever follows a very short answer."""
    one, other = unit.unit, best.unit
    if one.form is Form.ROW or (one.block, one.lead, one.number) != (
        other.block,
        other.lead,
        other.number,
    ):
        return False
    if not _says_something(one, work):
        return False
    is_short = len(other.text.split()) < SHORT_ANSWER
    return is_short or bool(_QUALIFIES.search(one.text))


def _is_other_row(unit: ReadUnit, chosen: Sequence[ReadUnit]) -> bool:
    """Another row of a table of which one was chosen: the question is about one of them."""
    return unit.unit.form is Form.ROW and any(
        other.passage == unit.passage
        and other.unit.form is Form.ROW
        and other.unit.block == unit.unit.block
        and unit.score < other.score - MARGIN / 2
        for other in chosen
    )


def _with_what_they_lean_on(chosen: Sequence[ReadUnit], work: _Composing) -> list[ReadUnit]:
    """“It” and “this” bring along the sentence that they refer to, in front of them."""
    result: list[ReadUnit] = []
    for unit in chosen:
        before = work.beside(unit, -1)
        leans = unit.unit.form is Form.SENTENCE and _LEANS.match(unit.unit.text)
        if leans and before is not None and before.unit.block == unit.unit.block:
            if before not in chosen and before not in result:
                result.append(before)
        result.append(unit)
    return result


# -- lists -------------------------------------------------------------------------------------
def _steps(best: ReadUnit, ranked: Sequence[ReadUnit], work: _Composing) -> list[Proposed]:
    """The whole list of steps, for a question how to do something."""
    wanted = answer_type(work.question)
    if wanted is AnswerType.HOW_TO:
        start = _best_list(best, ranked, work)
    elif wanted is AnswerType.ANYTHING and best.unit.form is Form.STEP:
        start = best
    else:
        start = None
    if start is None:
        return []
    steps = [
        (start.passage, unit)
        for unit in units_of(work.passages[start.passage].text)
        if _same_list(unit, start.unit)
    ]
    steps = [*_from_before(steps, work), *steps]
    steps += _from_behind(steps, work)
    items = [
        (number, [unit for _, unit in group])
        for (number, _), group in itertools.groupby(
            steps, key=lambda step: (step[0], step[1].number)
        )
    ]
    listed = [_listed(number, units, work) for number, units in items[:MOST_STEPS]]
    return listed if len(listed) > 1 else []


def _best_list(best: ReadUnit, ranked: Sequence[ReadUnit], work: _Composing) -> ReadUnit | None:
    """The best step of the list whose heading and steps fit the question best, if it is near."""
    asked = work.terms(work.question)

    def fit(unit: ReadUnit) -> float:
        above = f"{work.passages[unit.passage].context} {unit.unit.heading} {unit.unit.lead}"
        return unit.score + HEADING_FITS * len(asked & work.terms(above)) / (len(asked) or 1)

    steps = [unit for unit in ranked if unit.unit.form is Form.STEP]
    found = max(steps, key=fit, default=None)
    return found if found is not None and fit(found) >= best.score - STEPS_MARGIN else None


def _same_list(unit: Unit, other: Unit) -> bool:
    return unit.form is Form.STEP and (unit.lead, unit.heading) == (other.lead, other.heading)


def _from_before(steps: Sequence[Step], work: _Composing) -> list[Step]:
    """The first steps of a list that begins in the passage before."""
    passage, first = steps[0]
    before = work.passage_beside(passage, -1)
    if not first.number or first.number == 1 or before is None:
        return []
    units = [u for u in units_of(work.passages[before].text) if u.form is Form.STEP]
    kept: list[Step] = []
    wanted = first.number - 1
    for unit in reversed(units):
        if unit.number not in {wanted, wanted + 1}:
            break
        wanted = min(wanted, (unit.number or 1) - 1)
        kept.insert(0, (before, unit))
    return kept


def _from_behind(steps: Sequence[Step], work: _Composing) -> list[Step]:
    """The last steps of a list that ends in the passage behind."""
    passage, last = steps[-1]
    behind = work.passage_beside(passage, 1)
    if behind is None or units_of(work.passages[passage].text)[-1] != last:
        return []
    kept: list[Step] = []
    number = last.number or 0
    for unit in units_of(work.passages[behind].text):
        if unit.form is not Form.STEP or unit.number not in {number, number + 1}:
            break
        number = unit.number
        kept.append((behind, unit))
    return kept


def _items(best: ReadUnit, ranked: Sequence[ReadUnit], work: _Composing) -> list[Proposed]:
    """The items of one list that answer together, behind the line that introduces them."""
    if best.unit.form is not Form.ITEM or not best.unit.lead or not _is_half(best.unit):
        return []
    together = [
        unit
        for unit in work.reading.units
        if unit.passage == best.passage
        and unit.unit.form in {Form.ITEM, Form.STEP}
        and unit.unit.lead == best.unit.lead
        and unit.score >= best.score - ALIKE_MARGIN
        and unit in ranked
    ]
    words = sum(len(unit.unit.text.split()) for unit in together)
    if len(together) < 3 or len(together) > MOST_ITEMS or words > MOST_WORDS:
        return []
    lead = Proposed(text=best.unit.lead, cited=(best.passage,), quotes=(_lead_quote(best, work),))
    return [lead, *(_listed(unit.passage, [unit.unit], work) for unit in together)]


def _rows(best: ReadUnit, ranked: Sequence[ReadUnit], work: _Composing) -> list[Proposed]:
    """Rows of one table that the question does not tell apart, in the order of the table."""
    rows = [
        unit
        for unit in ranked
        if (unit.passage, unit.unit.block) == (best.passage, best.unit.block)
        and unit.unit.form is Form.ROW
        and unit.score >= best.score - ROW_MARGIN
    ]
    words = sum(_words(unit, work) for unit in rows)
    if best.unit.form is not Form.ROW or not 1 < len(rows) <= MOST_ROWS or words > MOST_WORDS:
        return []
    in_order = sorted(rows, key=lambda unit: unit.position)
    return [_proposed(unit, work, form="item") for unit in in_order]


def _lead_quote(unit: ReadUnit, work: _Composing) -> str:
    text = work.passages[unit.passage].text
    return unit.unit.lead if unit.unit.lead in text else unit.unit.quote


def _is_half(unit: Unit) -> bool:
    """Whether an item needs the line that introduces it."""
    return not (unit.text[:1].isupper() and unit.text.endswith((".", "!", "?")))


# -- several that fit --------------------------------------------------------------------------
def _alike(best: ReadUnit, ranked: Sequence[ReadUnit], work: _Composing) -> list[ReadUnit]:
    """Units that say as well what was asked, of things that the question does not tell apart: the
    same code in two manuals, the same rule for two products."""
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


def _same_thing(one: Unit, other: Unit, work: _Composing) -> bool:
    if one.form is Form.ROW and other.form is Form.ROW and one.cells[0].text == other.cells[0].text:
        return True
    first, second = work.terms(one.text), work.terms(other.text)
    return len(first & second) >= 0.6 * len(first | second) and one.text != other.text


def _name(unit: ReadUnit, work: _Composing) -> str:
    """The part of the document's title that tells it apart: “Ingle One” of “Ingle One: manual”."""
    return re.split(r"\s*[:–—(]\s*", work.passages[unit.passage].title)[0]


# -- how it is said ----------------------------------------------------------------------------
def _proposed(read: ReadUnit, work: _Composing, *, frame: str = "", form: str = "text") -> Proposed:
    unit = read.unit
    text, cells = _text(unit), tuple[str, ...]()
    if unit.form is Form.ROW:
        said = say_row(unit, work.question, work.locale)
        text, cells = said.text, said.cells
    return Proposed(
        text=f"{frame}: {text}" if frame else text,
        cited=(read.passage,),
        quotes=(unit.quote,),
        cells=cells,
        form=form,
    )


def _listed(passage: int, units: Sequence[Unit], work: _Composing) -> Proposed:
    """The sentences of one item as an item of a list of the answer's own."""
    text = work.passages[passage].text
    start = text.find(units[0].quote)
    end = text.find(units[-1].quote, start) + len(units[-1].quote)
    is_step = units[0].form is Form.STEP
    return Proposed(
        text=" ".join(_text(unit, with_lead=False) for unit in units),
        cited=(passage,),
        quotes=(text[start:end],),
        form="step" if is_step else "item",
        number=units[0].number if is_step else None,
    )


def _text(unit: Unit, *, with_lead: bool = True) -> str:
    text = unit.text.rstrip(";,") if unit.form in {Form.ITEM, Form.STEP} else unit.text
    if not re.search(r"[.!?…。！？][\"'”’)]*$", text):
        text += "."
    if with_lead and unit.lead and unit.form is not Form.STEP and _is_half(unit):
        return f"{unit.lead} {text}"
    return text


def _words(read: ReadUnit, work: _Composing) -> int:
    if read.unit.form is Form.ROW:
        return len(say_row(read.unit, work.question, work.locale).text.split())
    return len(_text(read.unit).split())
