"""tickets.services.history: the end of a conversation first, and nothing twice."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from django.db import transaction

from tickets.models import Conversation
from tickets.services.events import append_event, events_after
from tickets.services.handover import request_person
from tickets.services.history import read_page, read_passage
from tickets.services.messages import add_customer_message

CITATION = {"n": 1, "passage_id": "17", "quote": "Sealed food.", "passage": "Sealed food. " * 50}
SENTENCE = {"text": "Sealed food can be returned.", "citations": [CITATION]}
RUN_EVENTS = 5


@transaction.atomic
def answer(conversation: Conversation, *, ended: bool = True) -> None:
    run = {"run_id": str(uuid.uuid4())}
    events: list[tuple[str, dict[str, Any]]] = [
        ("run.started", run),
        ("run.status", run),
        ("answer.sentence", {**run, **SENTENCE}),
        ("answer.sentence", {**run, **SENTENCE}),
    ]
    if ended:
        message = {"text": "It can.", "sentences": [SENTENCE, SENTENCE]}
        events.append(("answer.completed", {**run, "message": message}))
    for type, payload in events:
        append_event(conversation_id=conversation.pk, type=type, payload=payload)


def ask(conversation: Conversation, count: int = 1) -> None:
    for number in range(count):
        add_customer_message(
            conversation=conversation, text=f"Question {number}", client_id=str(uuid.uuid4())
        )


@pytest.fixture
def talked(conversation: Conversation) -> Conversation:
    """Thirty questions, each answered."""
    for _ in range(30):
        ask(conversation)
        answer(conversation)
    return conversation


def test_the_newest_messages_come_without_how_they_were_written(talked: Conversation) -> None:
    page = read_page(talked.pk, last=20)
    assert [event["type"] for event in page.events] == ["message.created", "answer.completed"] * 10
    assert (page.through, page.earlier) == (30 * (1 + RUN_EVENTS), True)
    assert page.events[-1]["seq"] == page.through


def test_pages_back_make_up_the_whole_and_nothing_comes_twice(talked: Conversation) -> None:
    seen: list[int] = []
    before, pages = None, 0
    while True:
        page = read_page(talked.pk, last=7, before=before)
        seen = [event["seq"] for event in page.events] + seen
        pages += 1
        if not page.earlier:
            break
        before = page.events[0]["seq"]
    assert seen == sorted(set(seen))
    assert len(seen) == 60
    assert pages == 9


def test_passages_are_left_out_and_quotes_stay(talked: Conversation) -> None:
    (event,) = read_page(talked.pk, last=1).events
    (citation, _) = [one for said in event["message"]["sentences"] for one in said["citations"]]
    assert citation == {**CITATION, "passage": None}
    whole = len(json.dumps(events_after(talked.pk, 0)))
    assert len(json.dumps(read_page(talked.pk).events)) < whole / 10


def test_an_answer_that_is_being_written_comes_as_it_stands(conversation: Conversation) -> None:
    ask(conversation)
    answer(conversation, ended=False)
    assert read_page(conversation.pk).events == events_after(conversation.pk, 0)


def test_who_speaks_is_said_when_the_change_is_on_an_earlier_page(
    conversation: Conversation,
) -> None:
    request_person(conversation=conversation)
    assert read_page(conversation.pk).speaker is None
    ask(conversation, 5)
    page = read_page(conversation.pk, last=3)
    assert page.speaker is not None
    assert page.speaker["state"] == "waiting"
    first = read_page(conversation.pk, last=3, before=page.events[0]["seq"])
    assert "handover.changed" in [event["type"] for event in first.events]


def test_an_empty_conversation_is_an_empty_page(conversation: Conversation) -> None:
    page = read_page(conversation.pk)
    assert (page.events, page.through, page.earlier) == ([], 0, False)
    assert read_page(conversation.pk, before=1).events == []


def test_a_passage_is_given_for_the_message_that_cites_it(conversation: Conversation) -> None:
    message = conversation.messages.create(author="bot", text="It can.", sentences=[SENTENCE])
    assert read_passage(message=message, passage_id="17") == CITATION["passage"]
    assert read_passage(message=message, passage_id="18") is None
