"""Candidates made by hand, for tests without a database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from knowledge.terms import number_of, terms_of
from supportbot.retrieval.candidates import Candidate, CandidateSet

EPOCH = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def candidate(number: int, text: str = "", **fields: Any) -> Candidate:
    known: dict[str, Any] = {
        "id": number,
        "document_id": number,
        "external_id": f"{number}.md",
        "title": "",
        "version": 1,
        "heading": (),
        "page": None,
        "position": 0,
        "text": text,
        "context": "",
        "locale": "en",
        "effective_from": None,
        "updated_at": EPOCH,
        "dense": 0.0,
        "lexical": 0.0,
        "terms": frozenset(map(number_of, terms_of(text, fields.get("locale", "en")).counts())),
        "matched_terms": frozenset(),
        "vector": None,
    }
    return Candidate(**{**known, **fields})


def found(question: str, candidates: Sequence[Candidate], rarity: float = 2.0) -> CandidateSet:
    """Candidates that know which of the question's terms they hold; all terms as rare."""
    query_terms = [number_of(term) for term in terms_of(question, "en").counts()]
    known = []
    for one in candidates:
        held = {number_of(term) for term in terms_of(one.text, one.locale).counts()}
        known.append(
            one._replace(
                terms=frozenset(held), matched_terms=frozenset(held.intersection(query_terms))
            )
        )
    return CandidateSet(known, dict.fromkeys(query_terms, rarity), dict.fromkeys(query_terms, 1.0))
