"""What a question in a conversation takes from the questions before it.

“How much is the kettle” stands alone, whatever was said before; “is it free” and “until when” do
not; “and to Norway?” after “do you deliver to Spain” stands for “do you deliver to Norway”.

The wordings are English. In another language a question follows up if the documents do not answer
it alone, or if it is about the same thing as the one before.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from supportbot.retrieval.query import Turn

MOST_WORDS = 9  # of a question that refers back; a longer one says what it is about
FEW_WORDS = 3  # of one that may lean on those before, without saying so
MOST_TURNS = 3  # that are gone back
MOST_OF_FRAGMENT = 5  # words
STANDS_ALONE = 0.55  # probability that the documents answer a question without earlier turns
SAME_TOPIC = 0.2  # cosine of a question and the one before
_PREPOSITION = r"(?:to|in|from|for|at|on|with|by|into|as|of)"
_LEADS = r"(?:(?:ok(?:ay)?|thanks)\b\W*)?(?:and|but|so|also|or|then|what (?:about|if)|how about)\b"
_CONTINUES = re.compile(_LEADS, re.IGNORECASE)
_REPLACES = re.compile(r"(?:ok(?:ay)?,? )?(?:and )?(?:what|how) about\b", re.IGNORECASE)
_REFERS = re.compile(
    r"\b(?:it|its|they|them|those|these|this|that"
    r"|(?:the|that|this|which|other|another|new|second|first) ones?)\b"
    r"|(?<!is )(?<!are )\bthere\b",
    re.IGNORECASE,
)
# A noun of its own that “it” may stand for: “can I change my order after it has shipped”.
_OWN_NOUN = re.compile(r"\b(?:my|the|an?|your|our) \w+\b.*\b(?:it|its|they|them)\b", re.IGNORECASE)
_NAMES_NOTHING = frozenset(
    re.split(
        r"\s+",
        "a after an and are at be before by can cost costs could day days did do does else far "
        "for get had happen happens has have how i in is it long many me much must my need of "
        "often on or pay row so take takes that the then there this till time times to until "
        "was we were what when where which who why will would you your",
    )
)
_FRAGMENT = re.compile(
    r"\W*(?:(?:ok(?:ay)?|thanks|and|but|or|also|so|what about|how about)\b\W*)*"
    rf"(?P<thing>(?P<preposition>{_PREPOSITION})?\b.*?)"
    r"(?:\W+(?:too|as well|then|instead|also))?\W*",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"\b(?:is|are|was|were|do|does|did|can|could|will|would|should|have|has|had|i|you|u|we|it|how"
    r"|what|when|where|who|why|which|if|please|thanks?|ok|no|yes)\b",
    re.IGNORECASE,
)
_AMOUNT = re.compile(r"\b\d[\d.,]*\s?(?:kg|g|mm|cm|ml|l|litres?|gb|mb)?\b", re.IGNORECASE)
# A thing that a question names, after what leads to it: “is |the kettle|”, “deliver to |Spain|”.
_THING = re.compile(
    rf"(?:\b(?:{_PREPOSITION}|is|are)\s+|(?=\b(?:the|an?|my|your|this|that)\s))"
    rf"(?P<thing>(?!\d)\w.*?)(?=\s+{_PREPOSITION}\b|$)",
    re.IGNORECASE,
)


def follows_up(text: str, alone: float, likeness: float) -> bool:
    """Whether a question needs the turns before it. `alone` is the probability that the documents
    answer it without them, `likeness` its cosine to the question before."""
    return (
        refers_back(text) or names_nothing(text) or alone < STANDS_ALONE or likeness >= SAME_TOPIC
    )


def refers_back(text: str) -> bool:
    """Whether it says that it goes on from an earlier one: “and on Sunday”, “is it free”."""
    if len(text.split()) > MOST_WORDS:
        return False
    return bool(_CONTINUES.match(text) or (_REFERS.search(text) and not _OWN_NOUN.search(text)))


def names_nothing(text: str) -> bool:
    """Whether it has no word for what it is about: “for how long?”."""
    return _NAMES_NOTHING.issuperset(re.findall(r"[^\W_]+", text.lower()))


def referred_text(text: str, history: Sequence[Turn]) -> str:
    """The customer's earlier questions that `text` refers to, the last one last; "" if to none.
    “What about Portugal” takes up the last one only, whose country it replaces."""
    found: list[str] = []
    for turn in reversed([turn.text for turn in history if turn.author == "customer"]):
        if len(found) == MOST_TURNS or not _leans(text):
            break
        found.insert(0, turn)
        if _REPLACES.match(text):
            break
        text = turn
    return " ".join(found)


def _leans(text: str) -> bool:
    return refers_back(text) or names_nothing(text) or len(text.split()) <= FEW_WORDS


def standing_alone(text: str, history: Sequence[Turn]) -> str:
    """The question that a fragment stands for, after those of the `history`; "" if it is none."""
    before = ""
    for turn in [turn.text for turn in history if turn.author == "customer"][-MOST_TURNS:]:
        before = completed(turn, before) or turn
    return completed(text, before)


def completed(text: str, before: str) -> str:
    """The question that a fragment stands for, after the question `before`: “and to Norway?” after
    “do you deliver to Spain” for “do you deliver to Norway”; "" if it is none."""
    before = before.strip(" ?!.")
    found = _FRAGMENT.fullmatch(text)
    if found is None or not before:
        return ""
    thing = found["thing"]
    if _ASKS.search(thing) or not 0 < len(thing.split()) <= MOST_OF_FRAGMENT:
        return ""
    is_bare = thing == text.strip(" ?!.") and not found["preposition"]
    # “Shipping” after anything is a question of its own.
    return "" if is_bare else _about(thing, found["preposition"], before)


def _about(thing: str, preposition: str | None, before: str) -> str:
    """The question `before` about another thing, in the place of the one it is about."""
    if preposition:
        phrase = rf"\b{preposition}\b.*?(?=\s+{_PREPOSITION}\b|$)"
        replaced, count = re.subn(phrase, lambda _: thing, before, count=1, flags=re.IGNORECASE)
        return replaced if count else f"{before} {thing}"
    if (amount := _AMOUNT.search(thing)) and _AMOUNT.search(before):
        return _AMOUNT.sub(lambda _: amount[0], before, count=1)
    *_, last = [None, *_THING.finditer(before)]
    if last is None:
        return f"{before} {thing}"
    return f"{before[: last.start('thing')]}{thing}{before[last.end('thing') :]}"
