"""Triage of a customer's message as facts for the policy. Whatever goes wrong, the facts keep their
defaults: no rule that forbids rests on triage alone."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from django.db import Error as DatabaseFailure

from supportbot.answers.threads import in_search_thread
from supportbot.answers.types import Question
from supportbot.triage.find import Triage, triage
from supportbot.triage.sentiment import course
from supportbot.triage.services import course_of, store_triage

log = structlog.get_logger(__name__)

SECONDS = (
    1.5  # an embedding takes milliseconds; who waits for the first one waits for the search, too
)


def facts_of(found: Triage) -> dict[str, Any]:
    """Of the message alone; its conversation's mood is not known."""
    return {
        "intent": found.intent,
        "sentiment": found.sentiment,
        "urgency": found.urgency,
        "topics": found.topics,
        "language": found.language,
    }


@dataclass(frozen=True)
class Triaged:
    """Facts by name. `unstored`: what is left to store with the message, which no fact needs."""

    facts: Mapping[str, Any] = field(default_factory=dict)
    unstored: Triage | None = None


async def triaged(question: Question) -> Triaged:
    """The facts; none if triage failed or took too long."""
    task = asyncio.ensure_future(_found(question))
    task.add_done_callback(_told)
    done, _ = await asyncio.wait([task], timeout=SECONDS)
    if not done:
        log.error("triage_out_of_time", message=str(question.message_id))
    return task.result() if done and not task.exception() else Triaged()


def _told(task: asyncio.Future[Triaged]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("triage_failed", error=repr(error))


@in_search_thread
def _found(question: Question) -> Triaged:
    found = triage(question.text)
    facts = facts_of(found)
    if question.message_id is None or question.conversation_id is None:
        return Triaged(facts)
    if not question.history:  # a conversation that begins has the mood of its first message
        mood, change = course([found.sentiment])
        return Triaged({**facts, "mood": mood, "mood_change": change}, found)
    store_of(question, found)
    try:
        mood, change = course_of(question.conversation_id)
    except DatabaseFailure as error:
        log.error("triage_not_read", error=repr(error))
        return Triaged(facts)
    return Triaged({**facts, "mood": mood, "mood_change": change})


def store_of(question: Question, found: Triage) -> None:
    """Store it with the message of the question. The facts are known whether that succeeds or
    not."""
    if question.message_id is None:
        return
    try:
        store_triage(message_id=question.message_id, found=found)
    except DatabaseFailure as error:
        log.error("triage_not_stored", error=repr(error))
