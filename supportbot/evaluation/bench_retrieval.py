"""A question to ranked passages, over the documents that are there."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from django.utils import timezone

from knowledge.embedding.encoder import get_encoder
from knowledge.models import Audience, Passage
from knowledge.services.embedding_indexes import get_active_index
from supportbot.evaluation.questions import load_questions
from supportbot.retrieval.search import Scope, search

ROUNDS = 200


def run(data: Path | None) -> dict[str, float | int | str]:
    """Times in ms for one client; `embedding_share` is what the question's vector takes."""
    questions = load_questions(data)
    encoder = get_encoder(get_active_index().model)
    today = timezone.localdate()
    scope = Scope(as_of=today, reader=Audience.PUBLIC)
    search(questions[0], scope=scope)
    embedding, whole = [], []
    for number in range(ROUNDS):
        question = questions[number % len(questions)]
        started = time.perf_counter()
        encoder.encode_question(question)
        embedding.append(1000 * (time.perf_counter() - started))
        started = time.perf_counter()
        search(question, scope=scope)
        whole.append(1000 * (time.perf_counter() - started))
    return {
        "passages": Passage.objects.live(today).count(),
        "questions": len(questions),
        "embedding_p50_ms": statistics.median(embedding),
        "search_p50_ms": statistics.median(whole),
        "search_p95_ms": statistics.quantiles(whole, n=20)[-1],
        "embedding_share": statistics.median(embedding) / statistics.median(whole),
    }
