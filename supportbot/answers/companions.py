"""Units that must stand with those chosen for an answer: the rule before a case of it, what to do
before what is said about it, the sentence that an “It” refers to."""

from __future__ import annotations

import re
from collections.abc import Sequence

from knowledge.text.units import Form
from supportbot.answers.narrower import CASE, CASE_ASKED
from supportbot.answers.wording import Composing, says_something
from supportbot.reader.answer_types import AnswerType, answer_type
from supportbot.reader.reading import ReadUnit

MOST_UNITS = 3  # of an answer that is no list
RULE_MARGIN = 2.5  # of the reader's score, between a case and the rule that it is a case of
# A sentence that cannot stand without the one before it: “It …”, “Do not rinse it …”.
_LEANS = re.compile(
    r"^(?:(?:(?:do not|don't|never|always|please) )?\w+ (?:it|them)|"
    r"it|its|this|these|(?:until|by|from) then|before that|if so|if not|those|they|them"
    r"|their|that|he|she|such|then|otherwise|both|neither|"
    r"\w+ (?:above|below|over|under|beyond) (?:that|this)|"  # “Orders above that …”
    r"(?:after|before|with|on) the (?:first|second|third|other|last)(?=[,;.])|"
    r"afterwards?|after that|in (?:this|that|both|either) case|the (?:same|latter|former)|also|"
    r"however|but|or|and|so)\b",
    re.IGNORECASE,
)
# A sentence that tells its reader what to do.
INSTRUCTS = re.compile(
    r"(?:(?:first|then|please|to [^.,]{3,40}),? )?(?:add|ask|bring|call|cancel|change|check|choose"
    r"|click|dissolve|empty|enter|fill|go to|hold|log in|open|place|press|print|put|remove|report"
    r"|select|send|set|show|return|sign in|skip|switch|take|tell|turn|unplug|use|write)\b",
    re.IGNORECASE,
)


def with_what_they_lean_on(chosen: Sequence[ReadUnit], work: Composing) -> list[ReadUnit]:
    """Puts the sentence before a unit that starts with “It”, “this” or “After the second,”, which
    refer to it."""
    result: list[ReadUnit] = []
    for unit in chosen:
        before = work.beside(unit, -1)
        leans = unit.unit.form is Form.SENTENCE and _LEANS.match(unit.unit.text)
        is_new = before not in chosen and before not in result
        if leans and is_new and before is not None and before.unit.block == unit.unit.block:
            result.append(before)
        result.append(unit)
    return result


def with_its_rule(chosen: list[ReadUnit], work: Composing) -> list[ReadUnit]:
    """Puts the rule before a case of it: the first sentence of the paragraph before “If such a card
    has expired, …”, unless the question is about a case itself."""
    best = chosen[0]
    if best.unit.form is not Form.SENTENCE or not CASE.match(best.unit.text):
        return chosen
    rule = next(
        unit
        for unit in work.reading.units
        if (unit.passage, unit.unit.block) == (best.passage, best.unit.block)
    )
    is_near = rule.score >= best.score - RULE_MARGIN and says_something(rule.unit, work)
    if rule is best or not is_near or CASE_ASKED.search(work.question):
        return chosen
    return [rule, *(one for one in chosen if one is not rule)][:MOST_UNITS]


def with_instruction(chosen: list[ReadUnit], work: Composing) -> list[ReadUnit]:
    """Puts what to do before what is said about it: “Enter the code at checkout.” before “You can
    use up to 5 gift cards per order”, if the question is how."""
    best = chosen[0]
    if answer_type(work.question) is not AnswerType.HOW_TO or best.unit.form is not Form.SENTENCE:
        return chosen
    tells = [
        unit
        for unit in work.reading.units
        if (unit.passage, unit.unit.block) == (best.passage, best.unit.block)
        and unit.position <= best.position
        and says_something(unit.unit, work)
        and INSTRUCTS.match(unit.unit.text)
    ]
    if not tells or tells[0] in chosen or best in tells:
        return chosen
    return [tells[0], *chosen[: MOST_UNITS - 1]]
