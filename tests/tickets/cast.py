"""Things that several tests of tickets set up, and threads that do something at once."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection

from tickets.models import AuditEntry, Conversation, Customer, Draft, Message, Ticket
from tickets.services.conversations import start_conversation
from tickets.services.drafts import create_draft
from tickets.services.handover import request_person, take_over
from tickets.services.messages import AgentReply, add_agent_message, add_customer_message

T = TypeVar("T")
CITED: list[dict[str, Any]] = [{"text": "Within 30 days.", "citations": [{"n": 1}]}]
SENTENCE = {
    "text": "Opened coffee cannot be returned.",
    "citations": [
        {
            "n": 1,
            "title": "Returns policy",
            "heading": ["Returns policy", "Exceptions"],
            "page": 2,
            "quote": "Opened coffee beans cannot be returned.",
            "version": 3,
            "effective_from": "2026-03-01",
        }
    ],
}
PASSAGE = {
    "passage_id": 1,
    "document_id": 1,
    "title": "Returns policy",
    "version": 3,
    "heading": [],
    "page": 2,
    "text": "Opened coffee beans cannot be returned.",
    "dense": 0.7,
    "lexical": 0.1,
    "score": 0.93,
}


def ask(conversation: Conversation, text: str = "Can I return beans?") -> Message:
    return add_customer_message(conversation=conversation, text=text, client_id=str(uuid.uuid4()))[
        0
    ]


def reply_in(conversation: Conversation, agent: AbstractBaseUser, text: str) -> Message:
    """An agent takes over, unless that is so, and says something."""
    take_over(conversation=conversation, agent=agent)
    return add_agent_message(conversation=conversation, agent=agent, reply=AgentReply(text))[0]


def open_ticket() -> Ticket:
    conversation = start_conversation(customer=Customer.objects.create(name="Ada"))
    return request_person(conversation=conversation)


def draft_for(conversation: Conversation, text: str = "Within 30 days.") -> Draft:
    draft = create_draft(
        question=ask(conversation), run_id=uuid.uuid4(), text=text, sentences=CITED, passages=[]
    )
    assert draft is not None
    return draft


def actions_on(target: Any) -> list[str]:
    """The audit log's actions on an object, oldest first."""
    rows = AuditEntry.objects.filter(object_type=target._meta.model_name, object_id=str(target.pk))
    return list(rows.order_by("id").values_list("action", flat=True))


def at_once(functions: Sequence[Callable[[], T]]) -> list[T | Exception]:
    """Run each in a thread of its own, started together; results or errors, in order."""
    start = threading.Barrier(len(functions))
    results: list[T | Exception] = [RuntimeError("did not run")] * len(functions)

    def run(position: int) -> None:
        try:
            start.wait()
            results[position] = functions[position]()
        except Exception as error:  # noqa: BLE001  (the test looks at it)
            results[position] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(functions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def a_draft(conversation: Conversation, question: str) -> Draft:
    """A draft of two lines with a citation and a passage."""
    message, _ = add_customer_message(
        conversation=conversation, text=question, client_id=str(uuid.uuid4())
    )
    draft = create_draft(
        question=message,
        run_id=uuid.uuid4(),
        text="Opened coffee cannot be returned.\nSealed coffee can.",
        sentences=[SENTENCE],
        passages=[PASSAGE],
    )
    assert draft is not None
    return draft
