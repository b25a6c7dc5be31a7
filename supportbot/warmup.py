"""What a web process loads before it says that it is ready, so that no customer waits for it."""

from __future__ import annotations

from asgiref.sync import sync_to_async
from django.conf import settings

from knowledge.embedding.encoder import get_encoder


async def warm_up() -> None:
    """Load the embedding model and run it once. Raises EmbeddingModelError."""
    encoder = await sync_to_async(get_encoder, thread_sensitive=False)(settings.EMBEDDING_MODEL)
    await sync_to_async(encoder.encode_question, thread_sensitive=False)("warm up")
