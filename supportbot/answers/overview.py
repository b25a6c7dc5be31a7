"""Answers to a question about a topic as a whole: “what is your return policy?”, “do you price
match?”, “shipping”. No sentence answers best. The beginning of the section about it does: its
table, or its first sentences.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from knowledge.text.units import Form
from supportbot.answers.companions import INSTRUCTS
from supportbot.answers.tables import say_table
from supportbot.answers.types import Proposed
from supportbot.answers.wording import Composing, proposed, word_count
from supportbot.reader.answer_types import AnswerType, answer_type, holds
from supportbot.reader.reading import ReadUnit

MOST_WORDS, MOST_SENTENCES = 60, 3
MOST_SKIPPED = 4  # units at the beginning of a section that say nothing of substance
LEAST_COVERED = 0.5  # of the words of a title that the question must name
# What a question about a topic says besides the topic.
FILLER = (
    "what which where when how do does is are have has offer accept give provide sell make get use"
    " take work tell know explain need want can please about your our the any some there kind type"
    " method option way policy rule term condition information info detail question help long much"
    " many cost price charge time last today tomorrow"
)
_ANYTHING = {AnswerType.ANYTHING, AnswerType.YES_NO, AnswerType.HOW_TO}
_ROWS_ONLY = {AnswerType.TIME, AnswerType.PLACE, AnswerType.CONTACT}
_BY_TITLE = {*_ANYTHING, AnswerType.TIME}
# What asks about a topic as a whole: “what is …”, “do you …”, “tell me about …”.
_GENERAL = re.compile(
    r"^\W*(?:(?:hi|hello|hey|so|and|ok)\W+)*(?:what|which|where|when|who|do you|are you"
    r"|how (?:do|does) .*\bworks?|how (?:long|much|often|fast)|(?:can|could) you (?:tell|explain)"
    r"|(?:please )?(?:tell|explain|info|information|details))\b",
    re.IGNORECASE,
)
_MOST_BARE = 3  # words of a topic alone: “refund policy”
_OWN = re.compile(r"\b(?:i|my|mine|me(?! (?:about|more)))\b", re.IGNORECASE)
_DENIES = re.compile(r"n['’]t\b|\bnot?\b|\bnever\b", re.IGNORECASE)
_PARTS = re.compile(r"[:;,&/–—]|\band\b|\b(?:19|20)\d\d\b|\d+\.", re.IGNORECASE)
_NUMBERING = re.compile(r"^[\d.]+\s+|\b(?:19|20)\d\d\b")
# A sentence about the text itself: “This page explains …”, “Applies to bookings from …”.
_OF_ITSELF = re.compile(
    r"\b(?:this|these|that|our|earlier|current|following) (?:\w+ )?"
    r"(?:page|policy|version|document|notice|list|table|date|times?)\b|\bin effect\b"
    r"|\b(?:below|above)\b|^(?:it |this )?applies to\b|^what follows\b|^please read\b",
    re.IGNORECASE,
)


# “Opening hours”, “when are you open”: a table of weekdays and times answers.
_ASKS_FOR_HOURS = re.compile(
    r"\b(?:opening|business|office|shop|store|working) (?:hours|times)\b|^\W*(?:your )?hours\W*$"
    r"|\bwhen (?:are|r) (?:you|u) (?:open|there)\b"
    r"|\b(?:what time|when) do (?:you|u) (?:open|close)\b",
    re.IGNORECASE,
)
_WEEKDAY = re.compile(r"\b(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\b", re.IGNORECASE)
_HOURS = re.compile(
    r"\d{1,2}(?:[.:]\d\d)?\s*(?:am|pm)?\s*(?:–|-|to)\s*\d{1,2}(?:[.:]\d\d)?\s*(?:am|pm)?",
    re.IGNORECASE,
)


def say_overview(ranked: Sequence[ReadUnit], work: Composing) -> list[Proposed]:
    """The beginning of the section that the question names, and nothing else; [] if it names none
    or asks for more. “When are you open?” is answered by a table alone."""
    topic = work.terms(work.question) - work.terms(FILLER)
    wanted = answer_type(work.question)
    if not topic or work.text != work.question or _DENIES.search(work.question):
        return []
    general = _is_general(work.question)
    answers = wanted not in {*_ANYTHING, *_ROWS_ONLY} and holds(wanted, ranked[0].unit.text)
    for section in _sections(topic, wanted, ranked, work, general=general):
        first = section[0]
        if answers and ranked[0] not in section:
            continue  # “how long do I have to return it” is no question about another's returns
        if first.unit.form is Form.ROW:
            if rows := say_table(first, work):
                return rows
        elif wanted not in _ROWS_ONLY and first.unit.form is Form.SENTENCE:
            return [proposed(one, work) for one in _first_sentences(section, work)]
    return []


def _is_general(question: str) -> bool:
    """Whether a question is about all of a topic, not about what somebody did or wants to do."""
    is_bare = len(question.split()) <= _MOST_BARE and not INSTRUCTS.match(question)
    return not _OWN.search(question) and (is_bare or bool(_GENERAL.match(question)))


def _sections(
    topic: frozenset[int],
    wanted: AnswerType,
    ranked: Sequence[ReadUnit],
    work: Composing,
    *,
    general: bool,
) -> Iterator[list[ReadUnit]]:
    """The units of each section about the topic, from the first one with substance: first those of
    a document about nothing else, from its beginning, then those that a heading names, then those
    of a document that is about the topic among others. If the question is not `general`, only those
    that a heading names. They start with a fact if the question asks for one."""
    asks_for_hours = _ASKS_FOR_HOURS.search(work.question) and not _WEEKDAY.search(work.question)
    readable = {id(unit) for unit in ranked}
    places: dict[tuple[int, int, str, str], list[ReadUnit]] = {}
    for unit in work.reading.units:
        passage = work.passages[unit.passage]
        if id(unit) in readable and not _OF_ITSELF.search(unit.unit.text):
            heading = unit.unit.heading or " ".join(passage.heading[-1:])
            key = (passage.document_id, passage.version, passage.title, heading)
            places.setdefault(key, []).append(unit)
    found = []
    for number, ((_, _, title, heading), units) in enumerate(places.items()):
        units.sort(key=lambda one: (work.passages[one.passage].position, one.position))
        by_title = general and wanted in _BY_TITLE
        is_whole = by_title and _is_all_of(topic, title, work)
        is_headed = heading not in {"", title} and _is_all_of(topic, heading, work)
        start = work.passages[units[0].passage].position
        is_titled = by_title and _names(topic, title, work)
        is_table = _heads(topic, units, work)
        timetable = _timetable(units) if asks_for_hours else []
        if is_headed or is_titled or (general and (is_table or timetable)):
            order = 0 if is_whole else 1 if is_headed else 2
            found.append(((order, 0 if order == 1 else start, number), timetable or units))
    for _, units in sorted(found, key=lambda one: one[0]):
        told = (
            at
            for at, one in enumerate(units)
            if (at < MOST_SKIPPED and _tells(one, topic, work))
            and (wanted in _ANYTHING or holds(wanted, one.unit.text))
        )
        if (first := next(told, None)) is not None:
            yield units[first:]


def _is_all_of(topic: frozenset[int], heading: str, work: Composing) -> bool:
    return topic == work.terms(_NUMBERING.sub("", heading)) - work.terms(FILLER)


def _names(topic: frozenset[int], title: str, work: Composing) -> bool:
    """Whether the topic is what a document is about, or one of the things that its title lists."""
    filler = work.terms(FILLER)
    parts = [work.terms(part) - filler for part in _PARTS.split(title)]
    named = [part for part in parts if part & topic]
    return topic <= frozenset().union(*parts) and any(
        len(topic & part) >= LEAST_COVERED * len(part) for part in named
    )


def _heads(topic: frozenset[int], units: Sequence[ReadUnit], work: Composing) -> bool:
    """Whether it is a table whose rows are the topic: “Store” stands above their names."""
    first = units[0].unit
    return first.form is Form.ROW and topic <= work.terms(first.cells[0].head)


def _timetable(units: Sequence[ReadUnit]) -> list[ReadUnit]:
    """The rows of a section if they have weekdays and times; else []."""
    rows = [one for one in units if one.unit.form is Form.ROW]
    said = [" ".join(f"{cell.head} {cell.text}" for cell in row.unit.cells) for row in rows[:2]]
    is_one = all(_WEEKDAY.search(text) and _HOURS.search(text) for text in said)
    return rows if len(rows) > 1 and is_one else []


def _tells(unit: ReadUnit, topic: frozenset[int], work: Composing) -> bool:
    """Whether a unit says something of substance: a row, a figure, or what the topic is."""
    text = unit.unit.text
    return unit.unit.form is Form.ROW or bool(re.search(r"\d", text) or topic & work.terms(text))


def _first_sentences(section: Sequence[ReadUnit], work: Composing) -> list[ReadUnit]:
    """The first sentences of the first paragraph."""
    said: list[ReadUnit] = []
    room = MOST_WORDS
    for unit in section:
        room -= word_count(unit, work)
        if unit.unit.block != section[0].unit.block or room < 0 or len(said) == MOST_SENTENCES:
            break
        said.append(unit)
    return said or [section[0]]
