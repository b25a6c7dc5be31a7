"""Tickets by the meaning of what the customer asked first: similar solved ones beside an open one,
and what a search on the desk means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import OuterRef, QuerySet, Subquery
from pgvector.django import CosineDistance

from knowledge.embedding.model import EmbeddingModelError
from knowledge.embedding.questions import encode_questions
from knowledge.services.indexes.embedding_indexes import get_active_index
from supportbot.automation.models import TicketVector
from tickets.models import Message, Ticket
from tickets.states import DONE

log = structlog.get_logger(__name__)

AT_ONCE = 200
MESSAGES = 3  # the first of the customer, which say what it is about
LONGEST = 1000  # characters
LEAST = 0.45  # cosine; below, two tickets have little in common
LEAST_OF_WORDS = 0.35  # the same, of a ticket and a few words, which say less


@dataclass(frozen=True)
class SimilarTicket:
    """`score` is the cosine of the two questions; `reply` what an agent said last."""

    ticket: Ticket
    score: float
    reply: str


def similar_solved(
    *, ticket: Ticket, user: AbstractBaseUser, limit: int = 5
) -> list[SimilarTicket]:
    """Solved tickets like this one that the user may see, the most similar first; none while the
    embedding model cannot be used."""
    try:
        model = get_active_index().model
        vector = _vector_of(ticket, model)
    except EmbeddingModelError as error:
        log.warning("similar_tickets_without_model", error=str(error))
        return []
    if vector is None:
        return []
    last = Message.objects.filter(
        conversation=OuterRef("conversation_id"), author=Message.Author.AGENT
    ).order_by("-seq")
    solved = (
        Ticket.objects.visible_to(user)
        .filter(status__in=DONE, merged_into=None, vector__model=model)
        .exclude(pk=ticket.pk)
        .annotate(distance=CosineDistance("vector__vector", vector))
        .annotate(reply=Subquery(last.values("text")[:1]))
        .select_related("conversation__customer", "assignee")
        .order_by("distance")[:limit]
    )
    rows: list[Any] = list(solved)
    found = [SimilarTicket(one, 1 - one.distance, one.reply or "") for one in rows]
    return [one for one in found if one.score >= LEAST]


def close_in_meaning(tickets: QuerySet[Ticket], words: str, limit: int) -> list[int]:
    """The numbers of those of the tickets that ask about what the words say, the closest first.
    Raises EmbeddingModelError."""
    model = get_active_index().model
    vector = [float(one) for one in encode_questions(model, [words])[0]]
    near = (
        tickets.filter(merged_into=None, vector__model=model)
        .annotate(distance=CosineDistance("vector__vector", vector))
        .filter(distance__lte=1 - LEAST_OF_WORDS)
        .order_by("distance", "-pk")
    )
    return list(near.values_list("pk", flat=True)[:limit])


def _vector_of(ticket: Ticket, model: str) -> Sequence[float] | None:
    stored = TicketVector.objects.filter(ticket=ticket, model=model).first()
    if stored is not None:
        vector: Sequence[float] = list(stored.vector)
        return vector
    question = question_of(ticket)
    return [float(one) for one in encode_questions(model, [question])[0]] if question else None


def question_of(ticket: Ticket) -> str:
    """What the customer asked first; "" when nothing was."""
    said = ticket.conversation.messages.filter(author=Message.Author.CUSTOMER)
    texts = said.order_by("seq").values_list("text", flat=True)[:MESSAGES]
    return " ".join(" ".join(texts).split())[:LONGEST]


def embed_tickets() -> int:
    """Store the vectors that are missing, or of another model, newest tickets first; returns how
    many. Raises EmbeddingModelError."""
    model = get_active_index().model
    missing = Ticket.objects.exclude(
        pk__in=TicketVector.objects.filter(model=model).values("ticket")
    ).filter(conversation__messages__author=Message.Author.CUSTOMER)
    tickets = list(missing.select_related("conversation").distinct().order_by("-pk")[:AT_ONCE])
    questions = {one.pk: text for one in tickets if (text := question_of(one))}
    if not questions:
        return 0
    vectors = encode_questions(model, list(questions.values()))
    rows = [
        TicketVector(ticket_id=pk, model=model, vector=[float(one) for one in vector])
        for pk, vector in zip(questions, vectors, strict=True)
    ]
    TicketVector.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["ticket"], update_fields=["model", "vector"]
    )
    return len(rows)
