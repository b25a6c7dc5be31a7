"""Corrections → proposals: which sentences of the agent are new, and what the documents say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from knowledge.models import Document
from knowledge.text.sentences import split_sentences
from supportbot.desk.grounding import (
    AGAINST,
    NOT_FOUND,
    NOTHING,
    SUPPORTED,
    CheckedSentence,
    check_words,
)
from supportbot.guardrails.masking import without_personal_data
from supportbot.guardrails.promises import promises_in
from supportbot.learning.corrections import Correction, waiting_corrections
from supportbot.learning.models import Proposal

LEAST_WORDS = 5  # of a sentence that says something the documents could lack
LEAST_OF_NAME = 3  # letters
MOST_OF_GREETING = 4  # words before the comma
LONGEST = 5000  # characters
_OF_ONE = ("I", "me", "my", "My")  # what an agent says so is for one customer
_WORD = re.compile(r"[^\W\d_]+")
_Status, _Kind = Proposal.Status, Proposal.Kind


def propose() -> int:
    """Make proposals of what agents have corrected; returns how many are open. Raises
    EmbeddingModelError."""
    return sum(_proposal(one).status == _Status.OPEN for one in list(waiting_corrections()))


def _proposal(correction: Correction) -> Proposal:
    run = correction.run
    sentences = list(_sentences(correction)) if correction.words else []
    new = [one for one in sentences if one["is_new"]]
    lacking = [one for one in new if one["found"] != SUPPORTED]
    fields: dict[str, Any] = {
        "cause": correction.cause,
        "reason": without_personal_data(correction.reason)[:LONGEST],
        "question": without_personal_data(correction.question)[:LONGEST],
        "bot_words": without_personal_data(correction.bot_words)[:LONGEST],
        "sentences": sentences,
        "kind": _Kind.DOCUMENT if lacking else _Kind.CURATED,
        "document_id": _document(lacking, correction.cited),
        "status": _Status.OPEN if new else _Status.NOTHING,
    }
    return Proposal.objects.get_or_create(run=run, defaults=fields)[0]


def _sentences(correction: Correction) -> Iterator[dict[str, Any]]:
    """What of the agent's words is for everybody: no greeting, no promise, nothing of this customer
    alone. `is_new`: the bot had not said it."""
    conversation = correction.run.conversation
    if conversation is None:
        return
    lines = correction.bot_words.splitlines()
    said = {_key(one) for line in lines for one in split_sentences(line)}
    names = [word for word in conversation.customer.name.split() if len(word) >= LEAST_OF_NAME]
    words = _without_greeting(correction.words[:LONGEST], names)
    for one in check_words(conversation=conversation, text=words):
        if one.found == NOTHING or not _is_for_everybody(one.text, names):
            continue
        is_new = _key(one.text) not in said
        if one.found == NOT_FOUND and is_new and len(one.text.split()) < LEAST_WORDS:
            continue
        yield _stored(one, is_new=is_new)


def _without_greeting(text: str, names: Sequence[str]) -> str:
    """“Hello Ada, we are open” → “We are open”."""
    greeting, comma, rest = text.lstrip().partition(",")
    words = _WORD.findall(greeting)
    if not comma or len(words) > MOST_OF_GREETING or set(words).isdisjoint(names):
        return text
    rest = rest.lstrip()
    return rest[:1].upper() + rest[1:]


def _is_for_everybody(text: str, names: Sequence[str]) -> bool:
    if text.rstrip().endswith("?") or promises_in(text):
        return False
    words = set(_WORD.findall(text))
    return without_personal_data(text) == text and words.isdisjoint([*names, *_OF_ONE])


def _stored(one: CheckedSentence, *, is_new: bool) -> dict[str, Any]:
    """With the passage that supports it, from which the reader and the ranking learn."""
    passage = one.passage if one.found == SUPPORTED else None
    return {
        "text": one.text.strip(),
        "is_new": is_new,
        "found": one.found,
        "why": one.why,
        "quote": one.quote,
        "document": one.passage.document_id if one.passage is not None else None,
        "passage": None
        if passage is None
        else {"passage_id": passage.id, "title": passage.title, "text": passage.text},
    }


def _document(lacking: Sequence[dict[str, Any]], cited: Sequence[int]) -> int | None:
    """Of those that the bot cited the one that says otherwise, else the first; of others the one
    that says otherwise."""
    against = [one["document"] for one in lacking if one["found"] == AGAINST and one["document"]]
    wanted = [*(pk for pk in against if pk in cited), *cited, *against]
    there = set(Document.objects.filter(pk__in=wanted).values_list("pk", flat=True))
    return next((pk for pk in wanted if pk in there), None)


def _key(sentence: str) -> str:
    return " ".join(sentence.casefold().split()).rstrip(".!")
