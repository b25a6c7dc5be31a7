"""The type of answer a question asks for, and whether a text contains one: “how much” → money.

English only. A question in another language, or of no known type, has the type ANYTHING.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from enum import StrEnum

# What a question asks for, not what it is about.
WORDS_OF_QUESTIONS = "how what when much many long cost costs price charge charges time take takes"


class AnswerType(StrEnum):
    MONEY = "money"
    DEADLINE = "deadline"
    DURATION = "duration"
    TIME = "time"
    DATE = "date"
    CONTACT = "contact"
    PLACE = "place"
    YES_NO = "yes or no"
    HOW_TO = "how to"
    REASON = "reason"
    QUANTITY = "quantity"
    ANYTHING = "anything"


@dataclass(frozen=True)
class _Patterns:
    question: re.Pattern[str]
    answer: re.Pattern[str]


def _patterns(question: str, answer: str) -> _Patterns:
    return _Patterns(re.compile(question, re.IGNORECASE), re.compile(answer, re.IGNORECASE))


_UNITS = r"(?:working |business |calendar )?(?:day|week|month|year|hour|hr|minute|min|second)s?"
_NUMBER = (
    r"(?:\d+|an?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fourteen|thirty|half an?)"
)
_MONTHS = "jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec"
_DAYS = "mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun"
# In order of precedence: the first type whose question pattern matches is taken.
_TYPES: dict[AnswerType, _Patterns] = {
    AnswerType.TIME: _patterns(
        r"\b(?:what time|opening (?:hours|times)|(?:your|the) hours|open (?:at|on|until|till)"
        r"|when (?:do|does|are|is) .{0,40}\b(?:open|close|shut)|closing time)",
        r"\d\s?(?:am|pm|a\.m\.|p\.m\.)(?!\w)|\b\d{1,2}[:.]\d\d\b|\bnoon\b|\bmidnight\b|\bclosed\b",
    ),
    AnswerType.DEADLINE: _patterns(
        r"\b(?:until|till|by) when\b|\bdeadline\b|\bhow late can\b",
        rf"\d\s?(?:am|pm|a\.m\.|p\.m\.)(?!\w)|\b\d{{1,2}}[:.]\d\d\b|\bnoon\b|\bmidnight\b"
        rf"|\b{_NUMBER}[\s-]{_UNITS}\b|\b(?:{_MONTHS})[a-z]*\b|\b(?:{_DAYS})(?:day)?\b",
    ),
    AnswerType.DURATION: _patterns(
        r"\bhow (?:long|fast|quick(?:ly)?|soon|often)\b|\bhow many (?:\w+ )?"
        r"(?:days?|weeks?|months?|years?|hours?|minutes?)\b|\bhow much time\b"
        rf"|\b\d+ or \d+ {_UNITS}\b"
        r"|\bwhat(?:['’]?s| is) the (?:warranty|guarantee|delivery time|notice period)\b",
        rf"\b{_NUMBER}(?:\s*(?:-|–|to|or)\s*{_NUMBER})?[\s-]{_UNITS}\b"
        rf"|\bnext (?:working )?day\b|\bsame day\b|\b(?:daily|weekly|monthly|yearly|once an?)\b",
    ),
    AnswerType.MONEY: _patterns(
        r"\bhow much (?:is|are|was|does|do|did|will|would|for|to)\b(?!.{0,20}\bweigh)|\bcosts?\b"
        r"|\bprices?\b(?! match)|\bfees?\b|\bcharged? (?:for|to)\b|\bhow expensive\b|\bhow much$",
        r"[£$€¥]\s?\d|\d\s?(?:£|€|gbp|eur|usd|pounds?|euros?|dollars?|pence|p\b)|\bfree\b"
        r"|\bno (?:charge|fee)|\d\s?%",
    ),
    AnswerType.CONTACT: _patterns(
        r"\bcontact\b|\bget in touch\b|\b(?:e-?mail|postal) address\b|\bby (?:tele)?phone\b"
        r"|\b(?:phone|telephone|mobile|hot ?line) (?:no|num)"
        r"|\bnumber (?:to|i can|can i) (?:call|ring|phone|dial)\b"
        r"|\b(?:phone|telephone|call|ring|e-?mail|reach|write to|get hold of|get in touch with) "
        r"(?:you|u|someone|somebody|anyone|a person|support|customer)\b"
        r"|\byour (?:phone|telephone|e-?mail|number)\b"
        r"|^\W*(?:(?:tele)?phone|e-?mail)\W*$|^\W*(?:(?:tele)?phone|call) (?:support|hours)\b",
        r"\+?\d[\d ()-]{7,}\d|[\w.+-]+@[\w-]+\.\w+|https?://|www\.",
    ),
    AnswerType.QUANTITY: _patterns(
        r"\bhow (?:many|much|big|large|heavy|tall|wide|old|far|hot|loud)\b"
        r"|\bwhat (?:size|weight|capacity|temperature|percentage|number)\b",
        r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|none|no limit|half)\b",
    ),
    AnswerType.DATE: _patterns(
        r"^(?:and |so |but )?when\b|\bwhat (?:date|day|year)\b|\bwhich (?:day|year)\b",
        rf"\b(?:1[89]|20)\d\d\b|\b(?:{_MONTHS})[a-z]*\b|\b(?:{_DAYS})(?:day)?\b"
        rf"|\b{_NUMBER}\s{_UNITS}\b|\b(?:today|tomorrow|yesterday)\b"
        r"|\b(?:when|once|as soon as|until|before|after) (?:we|you|the|it|your|our)\b"
        r"|\bat (?:dispatch|checkout|once|delivery)\b",
    ),
    AnswerType.HOW_TO: _patterns(
        r"\bhow (?:do|can|could|should|would|to)\b"
        r"|\bwh?at (?:now|(?:can|should|do) (?:i|we|u) do)\b"
        r"|\bsteps\b|\binstructions\b|\bway to\b",
        r"^(?:to |first|then|open|press|choose|select|click|enter|fill|turn|switch|use|put|go|sign|"
        r"send|run|remove|add|empty|wait|check|ask|call|write|print|make|let|take|keep|set|pour)\b"
        r"|\bby \w+ing\b|\byou can\b|\bplease\b",
    ),
    AnswerType.YES_NO: _patterns(
        r"(?<!where )(?<!what )(?<!when )(?<!how )(?<!who )\bcan (?:i|we|u|you)\b"
        r"|^(?:and |so |but |hi,? |hello,? |ok,? )?(?:can|could|do|does|did|is|are|was|will|would"
        r"|may|must|should|am|have|has)\b"
        r"|\b(?:is|are) (?:it|they|that|there) (?:free|ok|possible|any)\b"
        r"|^if\b.{4,}\b(?:is|are|am|do|does|can|will|would) (?:i|my|it|they|you|u|there|the)\b",
        r"\b(?:can|cannot|can't|may|must|not|no|yes|only|free|allowed|possible|always|never|unless|"
        r"except|need|required|available|do|does|are)\b",
    ),
    AnswerType.REASON: _patterns(
        r"\bwhy\b|\bwhat (?:caused?|causes)\b|\breasons?\b",
        r"\bbecause\b|\bso that\b|\bdue to\b|\bcaus|\breason\b|\bin order to\b|\bsince\b"
        r"|\bto \w+\b",
    ),
    AnswerType.PLACE: _patterns(
        r"\bwhere\b|\bwhich (?:country|city|store|shop|place)\b|\baddress\b",
        r"\b(?:in|at|on|to|from|under|near|behind|inside) (?:the |your |our )?[A-Za-z]",
    ),
}


@functools.lru_cache(maxsize=2048)
def answer_type(question: str) -> AnswerType:
    """The type of answer that a question asks for."""
    text = question.strip()
    return next(
        (name for name, patterns in _TYPES.items() if patterns.question.search(text)),
        AnswerType.ANYTHING,
    )


def holds(wanted: AnswerType, text: str) -> bool:
    """Whether a text contains an answer of this type. Every text contains ANYTHING."""
    return wanted is AnswerType.ANYTHING or bool(_TYPES[wanted].answer.search(text))
