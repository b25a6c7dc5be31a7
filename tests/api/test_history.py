"""A page view: the end of the conversation over the socket and over REST; passages on demand."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from supportbot.answers.threads import in_thread
from tests.api.sockets import CONTRACT, Socket, say, socket_of
from tickets.models import Conversation, Customer, Message
from tickets.services.conversations import start_conversation
from tickets.services.handover import take_over
from tickets.services.messages import AgentReply, add_agent_message, add_customer_message

API = "/api/v1"


def ask(conversation: Conversation, count: int) -> None:
    for number in range(count):
        add_customer_message(
            conversation=conversation, text=f"Question {number}", client_id=str(uuid.uuid4())
        )


def numbers(page: dict[str, Any]) -> list[int]:
    return [event["seq"] for event in page["events"]]


def conversation_url(conversation: Conversation, query: str = "") -> str:
    return f"{API}/conversations/{conversation.pk}/{query}"


def history_url(conversation: Conversation, query: str = "") -> str:
    return conversation_url(conversation, f"history/{query}")


# -- The socket -----------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
async def test_a_hello_from_the_end_gets_one_page_and_then_what_is_new(
    conversation: Conversation,
) -> None:
    await in_thread(ask)(conversation, 30)
    async with socket_of(conversation.customer_id, last=20) as socket:
        page = await socket.next()
        (contract,) = [e for e in CONTRACT["server_events"] if e["type"] == "history"]
        assert set(page) == set(contract)
        assert (numbers(page), page["earlier"]) == (list(range(11, 31)), True)
        new = await say(conversation)
        assert await socket.events(1) == new
        await socket.send(type="earlier", before=11, last=20)
        earlier = await socket.next()
        assert (numbers(earlier), earlier["earlier"]) == (list(range(1, 11)), False)
        assert await socket.end.receive_nothing(0.2)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ({"type": "hello", "last": 0}, "bad_last"),
        ({"type": "hello", "last": 101}, "bad_last"),
        ({"type": "hello", "last": "all"}, "bad_last"),
        ({"type": "hello", "last": True}, "bad_last"),
        ({"type": "earlier"}, "bad_before"),
        ({"type": "earlier", "before": 0}, "bad_before"),
        ({"type": "earlier", "before": 5, "last": 1000}, "bad_last"),
    ],
)
async def test_a_page_that_cannot_be_is_refused(
    talk: Socket, frame: dict[str, Any], code: str
) -> None:
    await talk.send(**frame)
    assert (await talk.next())["code"] == code


# -- REST -----------------------------------------------------------------------------------------
def test_pages_come_over_rest_too(visitor_api: APIClient, conversation: Conversation) -> None:
    ask(conversation, 30)
    page = visitor_api.get(history_url(conversation)).json()
    assert (numbers(page), page["earlier"]) == (list(range(11, 31)), True)
    page = visitor_api.get(history_url(conversation, "?before=11&last=4")).json()
    assert (numbers(page), page["earlier"]) == ([7, 8, 9, 10], True)


def test_a_conversation_is_read_in_the_pages_of_its_history(
    visitor_api: APIClient, conversation: Conversation
) -> None:
    ask(conversation, 30)
    body = visitor_api.get(conversation_url(conversation)).json()
    assert [one["text"] for one in body["messages"]] == [f"Question {n}" for n in range(10, 30)]
    assert body["earlier_before"] == 11
    body = visitor_api.get(conversation_url(conversation, "?before=11&last=10")).json()
    assert [one["text"] for one in body["messages"]] == [f"Question {n}" for n in range(10)]
    assert body["earlier_before"] is None


def test_a_conversation_that_ends_tells_its_last_page(
    visitor_api: APIClient, conversation: Conversation
) -> None:
    ask(conversation, 30)
    body = visitor_api.post(conversation_url(conversation, "close/")).json()
    assert (len(body["messages"]), body["earlier_before"]) == (20, 11)


def test_the_messages_of_a_page_name_their_passages_without_repeating_them(
    visitor_api: APIClient, conversation: Conversation, ben: User
) -> None:
    citation = {"passage_id": "17", "quote": "Sealed food.", "passage": "Sealed food. All of it."}
    reply = AgentReply("Yes.", sentences=[{"text": "Yes.", "citations": [citation]}])
    take_over(conversation=conversation, agent=ben)
    add_agent_message(conversation=conversation, agent=ben, reply=reply)
    (message,) = visitor_api.get(conversation_url(conversation)).json()["messages"]
    assert message["sentences"][0]["citations"] == [{**citation, "passage": None}]


@pytest.mark.parametrize("url_of", [conversation_url, history_url])
@pytest.mark.parametrize("query", ["?last=0", "?last=101", "?last=x", "?before=x", "?before=-1"])
def test_bad_pages_are_refused(
    visitor_api: APIClient,
    conversation: Conversation,
    query: str,
    url_of: Callable[[Conversation, str], str],
) -> None:
    response = visitor_api.get(url_of(conversation, query))
    assert (response.status_code, response.json()["code"]) == (400, "invalid")


def test_a_strangers_history_does_not_exist(visitor_api: APIClient) -> None:
    theirs = start_conversation(customer=Customer.objects.create())
    assert visitor_api.get(history_url(theirs)).status_code == 404
    assert APIClient().get(history_url(theirs)).status_code == 401


# -- Passages -------------------------------------------------------------------------------------
def cited(conversation: Conversation) -> Message:
    citation = {"passage_id": "17", "quote": "Sealed food.", "passage": "Sealed food. All of it."}
    return conversation.messages.create(
        author="bot", text="Yes.", sentences=[{"text": "Yes.", "citations": [citation]}]
    )


def test_a_cited_passage_is_read_when_it_is_asked_for(
    visitor_api: APIClient, conversation: Conversation
) -> None:
    url = f"{API}/messages/{cited(conversation).pk}/passages/"
    assert visitor_api.get(f"{url}17/").json() == {"passage": "Sealed food. All of it."}
    assert visitor_api.get(f"{url}18/").status_code == 404


def test_passages_cited_to_others_do_not_exist(visitor_api: APIClient) -> None:
    theirs = cited(start_conversation(customer=Customer.objects.create()))
    assert visitor_api.get(f"{API}/messages/{theirs.pk}/passages/17/").status_code == 404
