"""The extractive route: an answer made of the passages' own units, without a language model.

Retrieval decides whether there is an answer (Evidence.is_answerable), the reader scores the units
(Ranking.reading), and the composer chooses and words the sentences.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator

import Stemmer

from supportbot.answers.composer import compose
from supportbot.answers.manners import regret_for
from supportbot.answers.types import Evidence, Proposed

NAME = "extractive"

_STOP_WORDS = frozenset(
    {"a", "an", "and", "are", "as", "at", "be", "but", "by", "can", "could", "did", "do", "does"}
    | {"for", "from", "had", "has", "have", "how", "i", "if", "in", "is", "it", "its", "me", "my"}
    | {"of", "on", "or", "our", "should", "so", "that", "the", "them", "there", "these", "they"}
    | {"this", "those", "to", "was", "we", "were", "what", "when", "where", "which", "who", "why"}
    | {"will", "with", "would", "you", "your", "am", "not", "no", "any", "get", "got", "im"}
    | {"ive", "their"}
)
_stemmer = Stemmer.Stemmer("english")


async def generate(evidence: Evidence) -> AsyncGenerator[Proposed]:
    """The sentences of the answer, each with its citation; none if nothing answers."""
    if evidence.is_answerable:
        if regret := await regret_for(evidence.question):
            yield Proposed(text=regret, cited=(), form="frame")
        ranking = evidence.ranking
        for sentence in compose(ranking):
            yield sentence


def content_stems(text: str) -> list[str]:
    """Stems of the meaningful words; numbers and codes unchanged."""
    words = re.findall(r"[^\W_]+(?:[.,'’-][^\W_]+)*", text.lower())
    stems: list[str] = _stemmer.stemWords([word for word in words if word not in _STOP_WORDS])
    return stems
