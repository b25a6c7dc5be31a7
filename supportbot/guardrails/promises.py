"""Claims that something was done, or will be done, for this customer.

Only the audit log could bear such a sentence out, and nothing writes acts into it yet. What the
company does for everybody (“we refund within five days”) is policy: it stands or falls with its
source. The patterns are in promises.toml, by language.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from supportbot.guardrails.types import Finding

CHECK = "promise"
LANGUAGES = ("en", "de", "fr")

_read = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
_PATTERNS = [
    re.compile(pattern.replace("{acts}", _read["acts"]), re.IGNORECASE)
    for language in LANGUAGES
    for pattern in _read[language]
]
_IN_A_CONDITION = re.compile(_read["in_a_condition"], re.IGNORECASE)


def promises_in(sentence: str) -> list[Finding]:
    """Where the sentence claims an act for the customer; empty if it does not."""
    return [
        Finding(CHECK, "promise", found.span())
        for pattern in _PATTERNS
        for found in pattern.finditer(sentence)
        if not _IN_A_CONDITION.search(sentence[: found.start()])
    ]
