"""How much a question asks of whoever answers it: one fact, or several to be put together."""

from __future__ import annotations

import re
from dataclasses import dataclass

from supportbot.retrieval.question_parts import questions_in
from supportbot.retrieval.search import Ranking

MANY_WORDS = 30
MANY_CONDITIONS = 2
MANY_NUMBERS = 3
SEVERAL_DOCUMENTS = 3
CLOSE = 0.75  # of the best unit's probability; as good as the best

_COMPARES = re.compile(
    r"\b(?:compar\w*|differen\w*|versus|vs|better than|cheaper than|which of|both|instead of"
    r"|unterschied\w*|vergleich\w*|différen\w*|diferenci\w*)\b",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"\b(?:if|when|unless|although|but|because|after|before|without|wenn|falls|aber|weil|si|mais"
    r"|quand|cuando|pero|porque)\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True)
class Complexity:
    """One strong reason makes a question complex, or two weak ones."""

    strong: tuple[str, ...] = ()
    weak: tuple[str, ...] = ()

    @property
    def is_complex(self) -> bool:
        return bool(self.strong) or len(self.weak) > 1

    @property
    def reasons(self) -> tuple[str, ...]:
        return self.strong + self.weak


def complexity_of(text: str, ranking: Ranking) -> Complexity:
    """From the question's words, and from where the reader found its answer."""
    parts = max(len(ranking.parts), len(questions_in(text)))
    words, numbers = len(text.split()), len(_NUMBER.findall(text))
    conditions, documents = len(_CONDITION.findall(text)), _documents(ranking)
    strong = [f"asks {parts} things"] if parts > 1 else []
    strong += ["compares"] if _COMPARES.search(text) else []
    weak = [f"is long ({words} words)"] if words > MANY_WORDS else []
    weak += [f"has {conditions} conditions"] if conditions >= MANY_CONDITIONS else []
    weak += [f"has {numbers} numbers"] if numbers >= MANY_NUMBERS else []
    weak += [f"is answered in {documents} documents"] if documents >= SEVERAL_DOCUMENTS else []
    return Complexity(tuple(strong), tuple(weak))


def _documents(ranking: Ranking) -> int:
    """The documents that hold a unit as good as the best."""
    units = ranking.reading.units
    best = max((unit.probability for unit in units), default=0.0)
    return len(
        {
            ranking.passages[unit.passage].document_id
            for unit in units
            if best and unit.probability >= CLOSE * best
        }
    )
