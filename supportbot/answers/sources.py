"""The sources of a run, as the checks read them and as the widget gets them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from supportbot.answers.types import Evidence
from supportbot.guardrails.types import Source, SourceKind
from supportbot.retrieval.search import RankedPassage
from tickets.services.events import iso


def sources_of(evidence: Evidence) -> tuple[Source, ...]:
    """Everything that a sentence of this run may rest on, in the order of Evidence.passages."""
    return tuple(
        Source(number, SourceKind.PASSAGE, passage.context, passage.text)
        for number, passage in enumerate(evidence.passages)
    )


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
