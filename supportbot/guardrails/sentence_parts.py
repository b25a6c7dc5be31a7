"""A sentence → the statements in it that can stand alone: “A, but B”, “A; B”."""

from __future__ import annotations

import re

from supportbot.guardrails.lexicon import AUXILIARIES, SUBJECTS
from supportbot.guardrails.statements import statement_of

LEAST_CONTENT = 2  # words of a part that is judged by itself
LONG = 1000  # characters; a longer text is not taken apart


def parts_of(sentence: str) -> list[str]:
    """The statements of a sentence that can stand alone: “A, but B”, “A; B”. One if it has one."""
    parts = [part.strip(" ,;") for part in _JOINT.split(sentence)] if len(sentence) < LONG else []
    whole = all(len(statement_of(part).content) >= LEAST_CONTENT for part in parts)
    return parts if parts and whole and all(map(_has_verb, parts)) else [sentence]


def _has_verb(part: str) -> bool:
    """Whether it has a verb that can be told, or a subject that has one, or says much."""
    statement = statement_of(part)
    return len(statement.content) + len(statement.quantities) > LEAST_CONTENT or any(
        word.low in AUXILIARIES or word.low in SUBJECTS for word in statement.words
    )


_JOINT = re.compile(
    r";\s+|,\s+(?:but|while|whereas|and then|and|then|so|although|though)\s+"
    r"|\s+(?:but|while|whereas|and|so)\s+"
    r"(?=(?:we|you|it|they|the|there|this|that|a|an|each|our|your|for)\b)|,\s+(?=which\b)",
    re.IGNORECASE,
)
