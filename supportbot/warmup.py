"""What a web process loads before it says that it is ready, so that no customer waits for it."""

from __future__ import annotations

import gc

from asgiref.sync import sync_to_async

from knowledge.services.indexes.embedding_indexes import embed_questions
from supportbot.guardrails.detectors.registry import DETECTORS
from supportbot.guardrails.detectors.runner import run_detectors
from supportbot.guardrails.detectors.types import Context, Stage
from supportbot.retrieval.languages import document_languages
from supportbot.retrieval.spelling import load_dictionaries
from supportbot.triage.find import triage


async def warm_up() -> None:
    """Load the active index's embedding model and run it, what triage has learned, and the
    dictionaries of the documents' languages. Raises EmbeddingModelError."""
    await sync_to_async(embed_questions, thread_sensitive=False)(["warm up"])
    await sync_to_async(triage, thread_sensitive=False)("warm up")
    languages = await sync_to_async(document_languages, thread_sensitive=False)()
    await sync_to_async(load_dictionaries, thread_sensitive=False)(languages)
    for stage in Stage:  # a detector's first text may take longer than its budget
        await run_detectors(DETECTORS, "Where is my parcel?", Context(stage))
    stay_loaded()


def stay_loaded() -> None:
    """Tell the garbage collector that what is loaded by now stays. It looks through 200,000 objects
    time and again otherwise, which is a tenth of a search's time."""
    gc.collect()
    gc.freeze()
