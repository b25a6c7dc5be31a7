"""tickets.services.events: a gapless log per conversation, told to sockets after the commit."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import re
import subprocess
import sys
import uuid
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from tests.tickets.cast import ask, at_once, draft_for
from tickets.models import Conversation, Event, Ticket
from tickets.services import events
from tickets.services.announcing import Announcer
from tickets.services.drafts import approve_draft
from tickets.services.events import (
    EVENT_TYPES,
    Condition,
    NewEvent,
    append_event,
    append_while,
    events_after,
    group_of,
    iso,
    notify,
    to_wire,
)
from tickets.services.handover import give_back
from tickets.states import MAY_ANSWER_SQL, may_answer

CONTRACT = json.loads(
    (Path(__file__).parents[2] / "contracts" / "realtime.json").read_text("utf-8")
)


@transaction.atomic
def append(conversation: Conversation, number: int = 0) -> dict[str, Any]:
    return append_event(
        conversation_id=conversation.pk, type="run.status", payload={"number": number}
    )


def test_events_count_from_one_in_each_conversation(conversation: Conversation) -> None:
    other = Conversation.objects.create(customer=conversation.customer)
    assert [append(conversation)["seq"] for _ in range(3)] == [1, 2, 3]
    assert append(other)["seq"] == 1


@pytest.mark.django_db(transaction=True)
def test_events_of_eight_writers_at_once_have_no_gap_and_no_twin(
    conversation: Conversation,
) -> None:
    def write(writer: int) -> list[int]:
        return [append(conversation, writer)["seq"] for _ in range(10)]

    results = at_once([partial(write, writer) for writer in range(8)])
    for seqs in results:
        assert isinstance(seqs, list), seqs
        assert seqs == sorted(seqs)
    stored = conversation.events.order_by("seq").values_list("seq", flat=True)
    assert list(stored) == list(range(1, 81))
    conversation.refresh_from_db()
    assert conversation.last_seq == 80


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_is_undone_uses_up_no_number(conversation: Conversation) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        append(conversation)
        raise ZeroDivisionError
    assert append(conversation)["seq"] == 1


def test_an_unknown_type_is_refused(conversation: Conversation) -> None:
    with transaction.atomic(), pytest.raises(ValueError, match="unknown event type"):
        append_event(conversation_id=conversation.pk, type="run.exploded", payload={})
    assert Event.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_an_event_needs_a_transaction(conversation: Conversation) -> None:
    with pytest.raises(RuntimeError, match="needs a transaction"):
        append_event(conversation_id=conversation.pk, type="run.status", payload={})
    assert Event.objects.count() == 0


@pytest.mark.parametrize("mode", Conversation.Mode.values)
@pytest.mark.parametrize("state", ["bot", "waiting", "closed"])
def test_events_of_an_answer_are_stored_while_the_bot_may_speak(
    conversation: Conversation, state: str, mode: str
) -> None:
    append(conversation)
    waits = {"waiting_since": timezone.now(), "handover_reason": "customer_asked"}
    Conversation.objects.update(state=state, mode=mode, **(waits if state == "waiting" else {}))
    conversation.refresh_from_db()
    new = [NewEvent("run.status", {"number": number}) for number in range(2)]
    may_speak = may_answer(conversation)
    for held, is_stored in (("SELECT", may_speak), ("SELECT WHERE %(no)s", False)):
        condition = Condition(held, MAY_ANSWER_SQL, {"no": False})
        stored = append_while(condition, conversation_id=conversation.pk, events=new)
        assert stored == is_stored
    seqs = [(event["seq"], event["number"]) for event in events_after(conversation.pk, 1)]
    assert seqs == ([(2, 0), (3, 1)] if may_speak else [])


def test_events_are_read_from_a_number_on_and_up_to_a_limit(conversation: Conversation) -> None:
    for number in range(5):
        append(conversation, number)
    assert [event["seq"] for event in events_after(conversation.pk, 2)] == [3, 4, 5]
    assert [event["seq"] for event in events_after(conversation.pk, 0, limit=2)] == [1, 2]
    assert events_after(conversation.pk, 5) == []
    assert events_after(uuid.uuid4(), 0) == []


# -- The wire -------------------------------------------------------------------------------------
def _shape(value: Any) -> Any:
    """Keys and types, with ids and texts taken out; lists by their first entry."""
    if isinstance(value, dict):
        return {key: _shape(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_shape(value[0])] if value else []
    return type(value).__name__


def _contract(type: str, **having: Any) -> list[Any]:
    return [
        event
        for event in CONTRACT["server_events"]
        if event["type"] == type
        and all(event.get("message", event).get(key) == value for key, value in having.items())
    ]


def test_the_contract_knows_the_same_types() -> None:
    told = {event["type"] for event in CONTRACT["server_events"] if event["seq"] > 0}
    assert told == EVENT_TYPES


@pytest.fixture
def spoken(conversation: Conversation, ben: User) -> list[dict[str, Any]]:
    """What a customer is told while Ada asks, Ben answers and gives the talk back."""
    approve_draft(draft=draft_for(conversation), agent=ben)
    give_back(conversation=conversation, agent=ben)
    return events_after(conversation.pk, 0)


def test_what_is_stored_goes_over_the_wire_in_the_contracts_form(
    spoken: list[dict[str, Any]],
) -> None:
    asked, opened, waiting, _joined, replied, *_ = spoken
    (question,) = _contract("message.created", author="customer")
    question["message"] = {**question["message"], "files": []}
    assert _shape(asked) == _shape(question)
    (reply,) = _contract("message.created", author="agent")
    reply["message"] = {**reply["message"], "run_id": "a draft's", "sentences": [{}]}
    assert set(replied) == set(reply)
    assert set(replied["message"]) == set(reply["message"])
    assert (replied["message"]["author"], replied["message"]["agent_name"]) == ("agent", "Ben")
    assert _shape(opened) == _shape(_contract("ticket.changed")[0])
    assert _shape(waiting) == _shape(_contract("handover.changed")[0])


def test_words_on_the_wire_are_the_contracts_words(spoken: list[dict[str, Any]]) -> None:
    enums = CONTRACT["enums"]
    assert {event["message"]["author"] for event in spoken if "message" in event} <= set(
        enums["author"]
    )
    assert {e["state"] for e in spoken if e["type"] == "handover.changed"} == set(
        enums["handover.changed.state"]
    )
    assert set(Ticket.Status) == set(enums["ticket.changed.status"])
    assert set(Conversation.State) - {"closed"} == set(enums["handover.changed.state"])
    assert set(Conversation.ClosedBy) == set(enums["conversation.closed.by"])


def test_moments_are_written_in_utc_with_milliseconds() -> None:
    moment = dt.datetime(2026, 11, 21, 11, 0, 0, 123456, tzinfo=dt.timezone(dt.timedelta(hours=1)))
    assert iso(moment) == "2026-11-21T10:00:00.123Z"


def test_the_stored_event_is_the_sent_event(conversation: Conversation) -> None:
    sent = append(conversation)
    assert to_wire(conversation.events.get()) == sent
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", sent["at"])


# -- Telling sockets ------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
async def test_sockets_hear_of_an_event_after_the_commit(conversation: Conversation) -> None:
    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add(group_of(conversation.pk), channel)
    told = asyncio.create_task(layer.receive(channel))
    sent = await database_sync_to_async(append)(conversation)
    async with asyncio.timeout(10):
        assert (await told)["event"] == sent


@pytest.mark.django_db(transaction=True)
async def test_the_web_process_announces_in_order_without_making_threads_wait(
    conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Announcer()
    monkeypatch.setattr(events, "announcer", own)
    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add(group_of(conversation.pk), channel)
    own.start()
    sent = [await database_sync_to_async(append)(conversation, number) for number in range(5)]
    await own.stop()
    async with asyncio.timeout(10):
        assert [(await layer.receive(channel))["event"] for _ in sent] == sent


def test_sockets_hear_nothing_of_what_is_undone(
    conversation: Conversation, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            append(conversation)
            raise ZeroDivisionError
        assert callbacks == []
        ask(conversation)
    assert len(callbacks) == 2, "one for the conversation, one for the agents"


WITHOUT_REDIS = """
import uuid
import django
django.setup()
from tickets.services.events import notify
notify(uuid.uuid4(), {"seq": 1, "type": "run.status"})
print("survived")
"""


def test_a_dead_redis_is_survived() -> None:
    result = subprocess.run(
        [sys.executable, "-c", WITHOUT_REDIS],
        cwd=settings.BASE_DIR,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "supportbot.settings",
            "REDIS_URL": "redis://127.0.0.1:9/0",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.stdout.strip().endswith("survived"), result.stderr
    assert "not_announced" in result.stdout + result.stderr


def test_a_frame_without_a_listener_disturbs_nobody() -> None:
    notify(uuid.uuid4(), {"seq": 0, "type": "agent.typing"})
