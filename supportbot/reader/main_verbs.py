"""What the customer wants to do: “cancel” in “can I cancel my order I placed an hour ago”.

English only. A text in another language has no main verbs.
"""

from __future__ import annotations

import re

from knowledge.terms import word_numbers

_LEADS_TO_VERB = re.compile(
    r"\b(?:(?:can|could|may|do|does|did|will|would|should|must|shall) (?:i|we|you)"
    r"|(?:how|want|need|like|trying) to|let me)"
    r" (?:(?:have|need|want|like) to |still |also |just |please )?(\w+)",
    re.IGNORECASE,
)
# Verbs that say little of what the customer wants: “offer” in “do you offer free shipping”.
_LIGHT = frozenset({"accept", "do", "have", "offer", "provide"})


def main_verbs(question: str, locale: str) -> frozenset[int]:
    """The term numbers of the verbs."""
    found = (match[1] for match in _LEADS_TO_VERB.finditer(" ".join(question.split())))
    return frozenset(
        number
        for verb in found
        if verb.lower() not in _LIGHT
        for number in word_numbers(verb, locale)
    )
