"""The sources of a run, as the checks read them and as the widget gets them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from knowledge.web.addresses import public_page
from supportbot.answers.types import CuratedText, Evidence
from supportbot.guardrails.types import Source, SourceKind
from supportbot.retrieval.search import RankedPassage
from tickets.services.events import iso

CURATED_TITLE = "Answer by the team"


def sources_of(evidence: Evidence) -> tuple[Source, ...]:
    """Everything that a sentence of this run may rest on, in the order of Evidence.sources."""
    return tuple(
        Source(number, kind_of(source), source.context, source.text)
        for number, source in enumerate(evidence.sources)
    )


def kind_of(source: RankedPassage | CuratedText) -> SourceKind:
    return SourceKind.CURATED if isinstance(source, CuratedText) else SourceKind.PASSAGE


def citation_to_wire(
    passage: RankedPassage | CuratedText, number: int, quote: str, cells: Sequence[str] = ()
) -> dict[str, Any]:
    """A citation as the widget gets it (tests/contracts/realtime.json)."""
    if isinstance(passage, CuratedText):
        return _curated_to_wire(passage, number, quote)
    return {
        "n": number,
        "kind": SourceKind.PASSAGE.value,
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
        "url": public_page(passage.source_url) or None,
    }


def _curated_to_wire(curated: CuratedText, number: int, quote: str) -> dict[str, Any]:
    start = curated.effective_from
    return {
        "n": number,
        "kind": SourceKind.CURATED.value,
        "passage_id": f"curated-{curated.id}",
        "document_id": "",
        "title": CURATED_TITLE,
        "heading": [],
        "page": None,
        "quote": quote,
        "cells": [],
        "passage": curated.text,
        "version": 1,
        "effective_from": start.isoformat() if start else None,
        "updated_at": iso(curated.updated_at),
        "url": None,
    }
