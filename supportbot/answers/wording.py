"""The input of the composer, and how one unit is worded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.terms import word_numbers
from knowledge.text.units import Form, Unit
from supportbot.answers.rows import say_row
from supportbot.answers.types import Proposed
from supportbot.reader.answer_types import AnswerType, answer_type, holds
from supportbot.reader.reading import Reading, ReadUnit
from supportbot.retrieval.search import RankedPassage

MAX_UNIT_CHARACTERS = 600
_LOOSE_END = re.compile(r"[\s,;:–-]+$")  # the end of a line that the source continues
_LEADS = re.compile(r":[\s–-]*$")  # a line that introduces the next one
IN_FIGURES = {
    AnswerType.MONEY,
    AnswerType.DEADLINE,
    AnswerType.DURATION,
    AnswerType.TIME,
    AnswerType.QUANTITY,
}
MOST_HALF = 12  # words of an item that is no sentence though it ends as one
_SAYS = re.compile(
    r"\b(?:is|are|was|were|be|can|cannot|may|must|will|would|should|do|does|did|has|have|had"
    r"|needs?|costs?|takes?|gets?|applies|apply|\w+n['’]t|we|you|they|it|there|please)\b",
    re.IGNORECASE,
)
MIN_NEW_SHARE = 0.3  # of a unit's terms; with fewer it only repeats the question


@dataclass(frozen=True)
class Composing:
    """`question` is the question to answer; `text` is the whole message that contains it, behind
    the earlier questions that it follows up. `is_part`: the message asks something else, too."""

    question: str
    text: str
    passages: Sequence[RankedPassage]
    reading: Reading
    locale: str = "en"
    is_part: bool = False

    def beside(self, unit: ReadUnit, by: int) -> ReadUnit | None:
        """The unit at this offset in the same passage; negative is before."""
        return next(
            (
                other
                for other in self.reading.units
                if other.passage == unit.passage and other.position == unit.position + by
            ),
            None,
        )

    def passage_beside(self, number: int, by: int) -> int | None:
        """The passage at this offset in the same version; negative is before."""
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


def says_something(unit: Unit, work: Composing) -> bool:
    """Whether a unit is neither a question, as in a FAQ, nor a repetition of the question. A
    sentence with the number, time or amount asked for is none, whatever words it repeats, nor is
    one that answers “does it …?” in the words of the question."""
    terms = work.terms(unit.text)
    new = terms - work.terms(work.question)
    is_new = (
        not terms
        or len(new) >= MIN_NEW_SHARE * len(terms)
        or unit.form is Form.ROW
        or answer_type(work.question) is AnswerType.YES_NO
        or _tells_what_is_asked(unit.text, work.question)
    )
    is_whole = not unit.text.endswith("?") and not _LEADS.search(unit.text)
    return is_new and is_whole and len(unit.text) <= MAX_UNIT_CHARACTERS


def _tells_what_is_asked(text: str, question: str) -> bool:
    wanted = answer_type(question)
    return wanted in IN_FIGURES and holds(wanted, text) and not holds(wanted, question)


def proposed(read: ReadUnit, work: Composing, *, frame: str = "", form: str = "text") -> Proposed:
    unit = read.unit
    text, cells = text_of_unit(unit), tuple[str, ...]()
    if unit.form is Form.ROW:
        said = say_row(unit, work.question, work.text, work.locale)
        text, cells = said.text, said.cells
    return Proposed(
        text=f"{frame}: {text}" if frame else text,
        cited=(read.passage,),
        quotes=(unit.quote,),
        cells=cells,
        form=form,
    )


def listed(passage: int, units: Sequence[Unit], work: Composing) -> Proposed:
    """The sentences of one item as an item of a list in the answer."""
    text = work.passages[passage].text
    start = text.find(units[0].quote)
    end = text.find(units[-1].quote, start) + len(units[-1].quote)
    is_step = units[0].form is Form.STEP
    return Proposed(
        text=" ".join(text_of_unit(unit, with_lead=False) for unit in units),
        cited=(passage,),
        quotes=(text[start:end],),
        form="step" if is_step else "item",
        number=units[0].number if is_step else None,
    )


def text_of_unit(unit: Unit, *, with_lead: bool = True) -> str:
    text = _LOOSE_END.sub("", unit.text)
    if not re.search(r"[.!?…。！？][\"'”’)]*$", text):
        text += "."
    if with_lead and unit.lead and is_half(unit):
        return f"{unit.lead} {text}"
    return text


def word_count(read: ReadUnit, work: Composing) -> int:
    if read.unit.form is Form.ROW:
        return len(say_row(read.unit, work.question, work.text, work.locale).text.split())
    return len(text_of_unit(read.unit).split())


def is_half(unit: Unit) -> bool:
    """Whether an item needs the line that introduces it: “Coffee in an opened bag.” says nothing
    without “We cannot take back:”."""
    is_sentence = unit.text[:1].isupper() and unit.text.endswith((".", "!", "?"))
    return not is_sentence or (len(unit.text.split()) <= MOST_HALF and not _SAYS.search(unit.text))
