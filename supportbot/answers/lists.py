"""Answers that are lists: the steps of a how-to, the items that answer together."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from knowledge.text.units import Form, Unit, units_of
from supportbot.answers.narrower import FORBIDS, LEADS_TO_CASES, is_of_unasked_state
from supportbot.answers.types import Proposed
from supportbot.answers.wording import Composing, is_half, listed
from supportbot.reader.answer_types import AnswerType, answer_type
from supportbot.reader.reading import ReadUnit

MOST_WORDS = 45  # of a list, unless it is a list of steps
MOST_STEPS = 12
MOST_ITEMS, LEAST_ITEMS = 6, 3
ITEM_MARGIN = 0.8
# “What water should I use?” is answered by one step, not by all of them.
_ASKS_FOR_ONE = re.compile(
    r"^(?:\W*(?:and|so|hi|hello)\b)?\W*(?:what|which|who|where)\b", re.IGNORECASE
)
_LABELLED = re.compile(r"[^\W\d_][^.:;!?]{2,40}: ")
HEADING_FITS, STEPS_MARGIN = 2.0, 1.0

Step = tuple[int, Unit]  # the number of its passage, and the unit


def list_steps(best: ReadUnit, ranked: Sequence[ReadUnit], work: Composing) -> list[Proposed]:
    """The whole list of steps that answers a how-to question."""
    wanted = answer_type(work.question)
    if wanted is AnswerType.HOW_TO:
        start = _best_list(best, ranked, work)
    elif (
        wanted is AnswerType.ANYTHING
        and best.unit.form is Form.STEP
        and not _ASKS_FOR_ONE.search(work.question)
        and _is_procedure(best, work)
        and _is_headed(best, work)
    ):
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
    grouped = [
        (number, [unit for _, unit in group])
        for (number, _), group in itertools.groupby(
            steps, key=lambda step: (step[0], step[1].number)
        )
    ]
    result = [listed(number, units, work) for number, units in grouped[:MOST_STEPS]]
    return result if len(result) > 1 else []


def _best_list(best: ReadUnit, ranked: Sequence[ReadUnit], work: Composing) -> ReadUnit | None:
    """The best step of the list whose heading and steps fit the question best, if it fits well."""
    asked = work.terms(work.question)

    def fit(unit: ReadUnit) -> float:
        above = f"{work.passages[unit.passage].context} {unit.unit.heading} {unit.unit.lead}"
        return unit.score + HEADING_FITS * len(asked & work.terms(above)) / (len(asked) or 1)

    steps = [unit for unit in ranked if unit.unit.form is Form.STEP and _is_procedure(unit, work)]
    found = max(steps, key=fit, default=None)
    return found if found is not None and fit(found) >= best.score - STEPS_MARGIN else None


def _is_procedure(step: ReadUnit, work: Composing) -> bool:
    """Whether the list of a step says what to do. A list of cases (“Card lost: tell us its
    number.”, “We cancel an order if:”) or of what is not possible (“We cannot take back:”) does
    not, nor one for those who are in a state that the question does not name."""
    units = [u for u in units_of(work.passages[step.passage].text) if _same_list(u, step.unit)]
    if is_of_unasked_state(step, work):
        return False
    cases = sum(bool(_LABELLED.match(unit.text)) for unit in units)
    lead = step.unit.lead
    return 2 * cases < len(units) and not (FORBIDS.search(lead) or LEADS_TO_CASES.search(lead))


def _is_headed(step: ReadUnit, work: Composing) -> bool:
    """Whether what stands above the list has half of the question's words: “Same day delivery?” is
    not answered by all steps of “Delivered, says the tracking”."""
    asked = work.terms(work.question)
    above = f"{work.passages[step.passage].context} {step.unit.heading} {step.unit.lead}"
    return 2 * len(asked & work.terms(above)) >= len(asked)


def _same_list(unit: Unit, other: Unit) -> bool:
    return unit.form is Form.STEP and (unit.lead, unit.heading) == (other.lead, other.heading)


def _from_before(steps: Sequence[Step], work: Composing) -> list[Step]:
    """The first steps of a list that starts in the previous passage."""
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


def _from_behind(steps: Sequence[Step], work: Composing) -> list[Step]:
    """The last steps of a list that ends in the next passage."""
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


def list_items(best: ReadUnit, ranked: Sequence[ReadUnit], work: Composing) -> list[Proposed]:
    """The items of one list that answer together, after the line that introduces them."""
    if best.unit.form is not Form.ITEM or not best.unit.lead or not is_half(best.unit):
        return []
    together = [
        unit
        for unit in work.reading.units
        if unit.passage == best.passage
        and unit.unit.form in {Form.ITEM, Form.STEP}
        and unit.unit.lead == best.unit.lead
        and unit.score >= best.score - ITEM_MARGIN
        and unit in ranked
    ]
    total = sum(len(unit.unit.text.split()) for unit in together)
    if len(together) < LEAST_ITEMS or len(together) > MOST_ITEMS or total > MOST_WORDS:
        return []
    return _under_their_lead(together, work)


def items_of_one_list(chosen: Sequence[ReadUnit], work: Composing) -> list[Proposed]:
    """What was chosen as items below the line that introduces them all; [] if none does."""
    lists = {(unit.passage, unit.unit.lead) for unit in chosen}
    halves = all(unit.unit.lead and is_half(unit.unit) for unit in chosen)
    if len(chosen) == 1 or len(lists) > 1 or not halves:
        return []
    return _under_their_lead(sorted(chosen, key=lambda unit: unit.position), work)


def _under_their_lead(items: Sequence[ReadUnit], work: Composing) -> list[Proposed]:
    first = items[0]
    quote = _lead_quote(first, work)
    lead = Proposed(text=first.unit.lead, cited=(first.passage,), quotes=(quote,))
    return [lead, *(listed(unit.passage, [unit.unit], work) for unit in items)]


def _lead_quote(unit: ReadUnit, work: Composing) -> str:
    text = work.passages[unit.passage].text
    return unit.unit.lead if unit.unit.lead in text else unit.unit.quote
