"""The recall list: the past answers that cited a document, and what became of them.

If a clause turns out to be wrong or is retired, the list shows which customers were given it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from supportbot.answers.models import Citation
from tickets.models import Draft, Message
from tickets.services.names import staff_name

CHUNK = 500  # citations looked up together


@dataclass(frozen=True)
class RecallRow:
    """One answer that cited a version. `delivery` says in words what became of the answer. `quotes`
    are its quotes from this version; if an agent rewrote the reply, the draft's quotes."""

    answered_at: dt.datetime
    version: int
    question: str
    answer: str
    quotes: tuple[str, ...]
    delivery: str
    customer: str
    email: str
    conversation_id: UUID | None
    run_id: UUID


def record_citations(*, run_id: UUID, sentences: Iterable[dict[str, Any]], at: dt.datetime) -> None:
    """Store which documents an answer's `sentences` (wire form) cite. Call it in the answer's
    transaction."""
    cited = {
        (int(citation["document_id"]), int(citation["version"]))
        for sentence in sentences
        for citation in sentence["citations"]
        if citation["document_id"]  # a curated answer is no document; it cites those it rests on
    }
    Citation.objects.bulk_create(
        Citation(run_id=run_id, document_id=document_id, version=version, created_at=at)
        for document_id, version in sorted(cited)
    )


def answers_citing(document_id: int, version: int | None = None) -> QuerySet[Citation]:
    """Citations of a document, or of one version of it, newest answers first."""
    citations = Citation.objects.filter(document_id=document_id)
    return citations if version is None else citations.filter(version=version)


def recall_rows(citations: QuerySet[Citation]) -> Iterator[RecallRow]:
    """Citations with all that a person needs to act on them, read in chunks."""
    related = ("run__question", "run__conversation__customer", "run__customer")
    rows = citations.select_related(*related).iterator(chunk_size=CHUNK)
    while chunk := list(islice(rows, CHUNK)):
        yield from _rows_of(chunk)


def _rows_of(citations: Sequence[Citation]) -> Iterator[RecallRow]:
    runs = [citation.run_id for citation in citations]
    sent = Message.objects.filter(run_id__in=runs, author=Message.Author.BOT)
    messages = {message.run_id: message for message in sent}
    drafts = {
        draft.run_id: draft
        for draft in Draft.objects.filter(run_id__in=runs).select_related("reply", "decided_by")
    }
    for citation in citations:
        message, draft = messages.get(citation.run_id), drafts.get(citation.run_id)
        run = citation.run
        answer, sentences, delivery = "", [], "Not sent"
        if run.reply:
            answer, sentences, delivery = run.reply["text"], run.reply["sentences"], "Sent over API"
        elif message is not None:
            answer, sentences, delivery = message.text, message.sentences, "Sent"
        elif draft is not None:
            answer = draft.reply.text if draft.reply is not None else draft.text
            sentences, delivery = draft.sentences, _delivery_of(draft)
        customer = run.conversation.customer if run.conversation is not None else run.customer
        yield RecallRow(
            answered_at=citation.created_at,
            version=citation.version,
            question=run.question.text if run.question is not None else run.question_text,
            answer=answer,
            quotes=tuple(_quotes(sentences, citation)),
            delivery=delivery,
            customer=customer.name if customer is not None else "",
            email=customer.email if customer is not None else "",
            conversation_id=run.conversation_id,
            run_id=citation.run_id,
        )


def _delivery_of(draft: Draft) -> str:
    if draft.reply is None:
        return f"Draft, {draft.get_status_display().lower()}"
    who = staff_name(draft.decided_by) if draft.decided_by is not None else "an agent"
    changed = "" if draft.reply.text == draft.text else ", rewritten"
    return f"Sent by {who}{changed}"


def _quotes(sentences: Iterable[dict[str, Any]], citation: Citation) -> Iterator[str]:
    """Each quote once, in the order of the answer."""
    wanted = (str(citation.document_id), citation.version)
    seen: set[str] = set()
    for sentence in sentences:
        for cited in sentence["citations"]:
            quote = cited["quote"]
            if (cited["document_id"], cited["version"]) == wanted and quote not in seen:
                seen.add(quote)
                yield quote
