"""A part of a sentence that its source says nothing of: “…, and we e-mail you when it arrives”.

What is told in other words is not looked for here, but in the support of the whole sentence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from supportbot.guardrails.edits import inflects
from supportbot.guardrails.lexicon import CONDITIONS, COORDINATORS, SUBORDINATORS
from supportbot.guardrails.statements import RELATIVES, Statement
from supportbot.guardrails.types import SUPPORT, Finding
from supportbot.guardrails.words import LIGHT_STEMS, Word

LEAST, MOST_NEW = 2, 0.6  # content words of a part; the share of three or more that may be new
_BORDERS = (
    frozenset(",;:()—–.!?")
    | COORDINATORS
    | SUBORDINATORS
    | CONDITIONS
    | RELATIVES
    | {"as", "that", "before", "after", "with", "for"}
)


def conflicts(said: Statement, known: frozenset[str]) -> Iterator[Finding]:
    """The parts of which the source knows none of two content words, or less than 40% of more.
    `known` are the stems of the source, with its title and headings."""
    for phrase in _phrases(said.words):
        content = [word for word in phrase if word.is_content and word.stem not in LIGHT_STEMS]
        new = [word for word in content if not _is_known(word, known)]
        if len(content) < LEAST or len(new) < MOST_NEW * len(content):
            continue
        if len(content) == LEAST and len(new) < LEAST:
            continue
        yield Finding(SUPPORT, "added_to_source", (phrase[0].start, phrase[-1].end))


def _phrases(words: Sequence[Word]) -> Iterator[list[Word]]:
    part: list[Word] = []
    for word in words:
        if word.low in _BORDERS:
            if part:
                yield part
            part = []
        else:
            part.append(word)
    if part:
        yield part


def _is_known(word: Word, known: frozenset[str]) -> bool:
    return word.stem in known or any(inflects(word.stem, other) for other in known)
