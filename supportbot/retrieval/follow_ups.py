"""What a follow-up refers to: “and how much for 6 kg” after “do you deliver to Spain” asks about
Spain.

English only. In another language a question never counts as a follow-up here; its history still has
its weight in the search (supportbot.retrieval.query).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from supportbot.retrieval.query import Turn

MOST_WORDS = 9  # of a follow-up; a longer question says what it is about
FEW_WORDS = 3  # a question this short is always one
MOST_TURNS = 3  # that are gone back
_CONTINUES = re.compile(
    r"(?:ok(?:ay)?,? |thanks,? )?(?:and|but|so|also|or|then|what (?:about|if)|how about)\b",
    re.IGNORECASE,
)
_REPLACES = re.compile(r"(?:ok(?:ay)?,? )?(?:and )?(?:what|how) about\b", re.IGNORECASE)
_REFERS = re.compile(r"\b(?:it|its|they|them|that|this|those|these|ones?|there)\b", re.IGNORECASE)


def referred_text(text: str, history: Sequence[Turn]) -> str:
    """The customer's earlier questions that `text` follows up, the last one last; "" if it stands
    alone. “What about Portugal” takes up the last one only, whose country it replaces."""
    found: list[str] = []
    for turn in reversed([turn.text for turn in history if turn.author == "customer"]):
        if len(found) == MOST_TURNS or not _follows_up(text):
            break
        found.insert(0, turn)
        if _REPLACES.match(text):
            break
        text = turn
    return " ".join(found)


def _follows_up(text: str) -> bool:
    words = len(text.split())
    refers = _CONTINUES.match(text) or _REFERS.search(text)
    return words <= FEW_WORDS or (words <= MOST_WORDS and bool(refers))
