"""Check: may this sentence be shown? Each check is a plain function; the first failure drops it.

A sentence passes if this run retrieved every passage it cites, and the cited passages contain
enough of its meaningful words and all of its numbers.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

from knowledge.text.plain import plain
from knowledge.text.stop_words import ANSWER_STOP_WORDS, content_stems
from knowledge.text.units import units_of
from supportbot.answers.types import Checked, Evidence, Proposed
from supportbot.manners.replies import REGRET
from supportbot.retrieval.search import RankedPassage
from tickets.services.events import iso

FRAME = "frame"
FRAMES = frozenset({REGRET})  # the fixed wording that an answer may have without a citation
MIN_SHARED = 0.5  # share of a sentence's meaningful words that its passages must contain
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
# Addresses of pages and mailboxes, also without a scheme: "shop.example/returns".
_LINK = re.compile(
    r"(?:https?://|www\.|[\w.+-]+@|(?:[\w-]+\.)+[a-z]{2,}\b)[^\s<>()\[\]\"'`*|]*", re.IGNORECASE
)


async def check(sentences: AsyncGenerator[Proposed], evidence: Evidence) -> AsyncGenerator[Checked]:
    """Each proposed sentence with its verdict, in order."""
    async with aclosing(sentences):
        async for sentence in sentences:
            yield check_sentence(sentence, evidence)


def check_sentence(sentence: Proposed, evidence: Evidence) -> Checked:
    """The verdict on one sentence; a kept one carries its citations in wire form."""
    if sentence.form == FRAME and sentence.text in FRAMES:
        return Checked(sentence, kept=True, reason="fixed_wording")
    reason = _missing_citation(sentence, evidence) or _unsupported(sentence, evidence)
    if reason:
        return Checked(sentence, kept=False, reason=reason)
    return Checked(
        sentence, kept=True, reason="supported", citations=tuple(_citations(sentence, evidence))
    )


def _missing_citation(sentence: Proposed, evidence: Evidence) -> str:
    if not sentence.cited:
        return "no_citation"
    if any(not 0 <= number < len(evidence.passages) for number in sentence.cited):
        return "unknown_citation"
    return ""


def _unsupported(sentence: Proposed, evidence: Evidence) -> str:
    cited = [evidence.passages[number] for number in sentence.cited]
    source = "\n".join(f"{passage.context}\n{passage.text}" for passage in cited)
    if _links(sentence.text) - _links(source):
        return "link_not_in_passage"
    if set(_numbers(sentence.text)) - set(_numbers(source)):
        return "number_not_in_passage"
    stems = set(content_stems(sentence.text, ANSWER_STOP_WORDS))
    if not stems:
        return "no_substance"
    shared = len(stems & set(content_stems(source, ANSWER_STOP_WORDS))) / len(stems)
    return "" if shared >= MIN_SHARED else "not_in_passage"


def _numbers(text: str) -> list[str]:
    return [_number(found) for found in _NUMBER.findall(text)]


def _number(found: str) -> str:
    """A normal form: "1,000" is "1000", and "3.950" and "3,95" are "3.95"."""
    if _THOUSANDS.fullmatch(found):
        found = found.replace(",", "")
    whole, _, fraction = found.replace(",", ".").partition(".")
    return ".".join(filter(None, [whole.lstrip("0") or "0", fraction.rstrip("0")]))


def _links(text: str) -> set[str]:
    # A full stop after an address is not part of it.
    return {found.rstrip(".,;:!?").lower() for found in _LINK.findall(plain(text))}


def _citations(sentence: Proposed, evidence: Evidence) -> list[dict[str, Any]]:
    quotes = sentence.quotes or tuple(
        best_quote(sentence.text, evidence.passages[number]) for number in sentence.cited
    )
    return [
        citation_to_wire(evidence.passages[number], number + 1, quote, sentence.cells)
        for number, quote in zip(sentence.cited, quotes, strict=True)
    ]


def best_quote(text: str, passage: RankedPassage) -> str:
    """The sentence of the passage that shares most words with `text`."""
    wanted = set(content_stems(text, ANSWER_STOP_WORDS))

    def shared(quote: str) -> float:
        found = set(content_stems(quote, ANSWER_STOP_WORDS))
        return len(wanted & found) / (len(wanted | found) or 1)

    quotes = [unit.quote for unit in units_of(passage.text)]
    return max(quotes, key=shared, default=passage.text)


def citation_to_wire(
    passage: RankedPassage, number: int, quote: str, cells: Sequence[str] = ()
) -> dict[str, Any]:
    """A citation as the widget gets it (tests/contracts/realtime.json)."""
    return {
        "n": number,
        "passage_id": str(passage.id),
        "document_id": str(passage.document_id),
        "title": passage.title,
        "heading": list(passage.heading),
        "page": passage.page,
        "quote": quote,
        "cells": list(cells),
        "passage": passage.text,
        "version": passage.version,
        "effective_from": passage.effective_from.isoformat() if passage.effective_from else None,
        "updated_at": iso(passage.updated_at),
    }
