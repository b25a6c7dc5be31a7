"""What the product itself says to customers, in the language of their conversation.

English stands where it is said; the other languages of the widget stand in customer_words.json.
What the administrator has written, such as a rule's own words, is said as it is.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from tickets.models import Conversation


@cache
def all_words() -> dict[str, dict[str, str]]:
    """language → key → words."""
    text = Path(__file__).with_suffix(".json").read_text("utf-8")
    words: dict[str, dict[str, str]] = json.loads(text)
    return words


def words_in(language: str, key: str, english: str, **values: object) -> str:
    """The words for a key, with the values put in; in English where the language has none."""
    return all_words().get(language, {}).get(key, english).format(**values)


def note_language(conversation: Conversation, language: object) -> None:
    """The widget says which language it speaks; one without words counts as English."""
    known = language if isinstance(language, str) and language in all_words() else ""
    if conversation.language != known:
        conversation.language = known
        conversation.save(update_fields=["language"])
