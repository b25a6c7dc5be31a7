"""Background jobs of answers."""

from __future__ import annotations

import asyncio

from celery import shared_task

from knowledge.models import Audience
from supportbot.answers.cache_checks import compare


@shared_task
def check_cached(entry_id: int, text: str, reader: str) -> None:
    """Answer anew what a cached answer was given to, and compare."""
    asyncio.run(compare(entry_id=entry_id, text=text, reader=Audience(reader)))
