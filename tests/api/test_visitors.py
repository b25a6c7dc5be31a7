"""supportbot.api.visitors: what a visitor may do over REST, and only with what is theirs."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings
from rest_framework.test import APIClient

from supportbot import urls
from supportbot.answers.models import AnswerRun
from supportbot.api import visitor_tokens
from supportbot.api.visitors import VisitorView
from supportbot.desk.presence import read_presence
from tests.api.conftest import as_visitor
from tests.tickets.cast import ask, reply_in
from tickets.models import AuditEntry, Conversation, Customer, Feedback, Message
from tickets.services.conversations import start_conversation
from tickets.services.handover import request_person

API = "/api/v1"


def of(conversation: Conversation, rest: str = "") -> str:
    return f"{API}/conversations/{conversation.pk}/{rest}"


@pytest.fixture
def stranger(db: None) -> APIClient:
    """Another visitor."""
    return as_visitor(
        visitor_tokens.issue(Customer.objects.create(name="Ada's neighbour").pk).token
    )


@pytest.fixture
def answer(conversation: Conversation, ben: User) -> Message:
    return reply_in(conversation, ben, "Within 30 days.")


def test_a_page_of_another_origin_may_ask_all_that_a_visitor_may(
    settings: Settings, db: None
) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://shop.example"]
    sent = {"origin": "https://shop.example", "access-control-request-method": "GET"}
    of_visitors = [
        re.sub("<[^>]*>", str(uuid.uuid4()), str(one.pattern))
        for one in urls.api
        if issubclass(getattr(one.callback, "view_class", object), VisitorView)
    ]
    assert {"help/", "conversations/"} < set(of_visitors)
    answers = {
        path: APIClient().options(f"{API}/{path}", headers=sent).headers for path in of_visitors
    }
    assert [
        path for path, said in answers.items() if "Access-Control-Allow-Origin" not in said
    ] == []


# -- Outsiders ------------------------------------------------------------------------------------
PATHS = [
    ("get", "conversations/"),
    ("post", "conversations/"),
    ("get", "conversations/{id}/"),
    ("post", "conversations/{id}/messages/"),
    ("get", "conversations/{id}/events/"),
    ("post", "conversations/{id}/handover/"),
    ("post", "conversations/{id}/close/"),
    ("post", "conversations/{id}/typing/"),
    ("post", "conversations/{id}/voice/"),
    ("post", "messages/{id}/feedback/"),
    ("get", "messages/{id}/follow-ups/"),
]


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_nobody_gets_in_without_a_visitors_token(
    staff_api: APIClient, method: str, path: str
) -> None:
    url = f"{API}/{path.format(id=uuid.uuid4())}"
    for client in (APIClient(), staff_api, as_visitor(""), as_visitor("nonsense")):
        response = client.generic(method.upper(), url)
        assert response.status_code in {401, 403}, response.content
        assert response.json()["code"] in {"not_authenticated", "authentication_failed"}


@pytest.mark.parametrize(("method", "path"), [entry for entry in PATHS if "{id}" in entry[1]])
def test_what_belongs_to_another_visitor_does_not_exist(
    stranger: APIClient, conversation: Conversation, answer: Message, method: str, path: str
) -> None:
    key = answer.pk if path.startswith("messages") else conversation.pk
    body = {"text": "Hello", "client_id": "c-1", "value": "up"}
    response = getattr(stranger, method)(f"{API}/{path.format(id=key)}", body)
    assert (response.status_code, response.json()["code"]) == (404, "not_found")
    assert conversation.messages.count() == 1
    assert Feedback.objects.count() == 0


@pytest.mark.parametrize(("method", "path"), [entry for entry in PATHS if "{id}" in entry[1]])
def test_what_is_not_there_is_not_found(visitor_api: APIClient, method: str, path: str) -> None:
    response = getattr(visitor_api, method)(f"{API}/{path.format(id=uuid.uuid4())}")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


# -- Conversations --------------------------------------------------------------------------------
def test_a_visitor_starts_a_conversation_each_time(visitor_api: APIClient, ada: Customer) -> None:
    first, second = (visitor_api.post(f"{API}/conversations/") for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] != second.json()["id"]
    assert ada.conversations.count() == 2
    assert first.json()["messages"] == []


def test_a_visitor_finds_their_own_conversations_again_newest_first(
    visitor_api: APIClient, stranger: APIClient, conversation: Conversation
) -> None:
    ask(conversation)
    newer = start_conversation(customer=conversation.customer)
    stranger.post(f"{API}/conversations/")
    results = visitor_api.get(f"{API}/conversations/").json()["results"]
    assert [entry["id"] for entry in results] == [str(newer.pk), str(conversation.pk)]
    assert set(results[1]) == {
        *("id", "state", "subject", "last_seq", "created_at"),
        *("last_message_at", "closed_at", "continued_in"),
    }
    assert (results[1]["state"], results[1]["last_seq"]) == ("bot", 1)
    assert results[1]["subject"] == "Can I return beans?"
    assert (results[0]["subject"], results[0]["last_message_at"]) == ("", None)


def test_a_conversation_that_has_ended_can_still_be_read(
    visitor_api: APIClient, conversation: Conversation
) -> None:
    ask(conversation)
    closed = visitor_api.post(of(conversation, "close/"))
    assert (closed.status_code, closed.json()["state"]) == (200, "closed")
    body = {"text": "And now?", "client_id": "c-2"}
    accepted = visitor_api.post(of(conversation, "messages/"), body).json()
    assert accepted["conversation"] != str(conversation.pk)
    old = visitor_api.get(of(conversation)).json()
    assert (old["state"], old["continued_in"]) == ("closed", accepted["conversation"])
    assert [message["text"] for message in old["messages"]] == ["Can I return beans?"]
    listed = visitor_api.get(f"{API}/conversations/").json()["results"]
    assert [entry["subject"] for entry in listed] == ["And now?", "Can I return beans?"]
    assert AuditEntry.objects.get(action="conversation.closed").data == {"by": "customer"}


def test_looking_for_conversations_counts_as_no_message(
    visitor_api: APIClient, settings: Settings
) -> None:
    for _ in range(25):
        assert visitor_api.get(f"{API}/conversations/").status_code == 200
    assert visitor_api.post(f"{API}/conversations/").status_code == 201


def test_a_conversation_is_read_with_its_messages(
    visitor_api: APIClient, conversation: Conversation, answer: Message
) -> None:
    body = visitor_api.get(of(conversation)).json()
    assert (body["id"], body["last_seq"]) == (str(conversation.pk), 3)  # its ticket, too
    assert [(m["author"], m["agent_name"]) for m in body["messages"]] == [("agent", "Ben")]


# -- Messages -------------------------------------------------------------------------------------
def test_a_message_is_accepted_stored_and_given_a_run(
    visitor_api: APIClient, conversation: Conversation
) -> None:
    body = {"text": " Can I return beans? ", "client_id": "c-1"}
    response = visitor_api.post(of(conversation, "messages/"), body)
    assert response.status_code == 202
    assert response.json()["message"]["text"] == "Can I return beans?"
    run = AnswerRun.objects.get(pk=response.json()["run_id"])
    assert run.question is not None
    assert (run.status, run.question.client_id) == ("queued", "c-1")


def test_the_same_message_again_gives_the_same_answer(
    visitor_api: APIClient, conversation: Conversation
) -> None:
    url, body = of(conversation, "messages/"), {"text": "Hello", "client_id": "c-1"}
    assert visitor_api.post(url, body).json() == visitor_api.post(url, body).json()
    assert Message.objects.count() == AnswerRun.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "bad_client_id"),
        ({"text": "Hello"}, "bad_client_id"),
        ({"text": "Hello", "client_id": ""}, "bad_client_id"),
        ({"text": "Hello", "client_id": 7}, "bad_client_id"),
        ({"text": "Hello", "client_id": "x" * 101}, "bad_client_id"),
        ({"client_id": "c-1"}, "bad_message"),
        ({"text": ["Hello"], "client_id": "c-1"}, "bad_message"),
        ({"text": None, "client_id": "c-1"}, "bad_message"),
        (["text"], "bad_message"),
        ("text", "bad_message"),
        ({"text": " \n\x00", "client_id": "c-1"}, "empty_message"),
        ({"text": "x" * 4001, "client_id": "c-1"}, "message_too_long"),
        ({"text": "Hello", "client_id": "\x00"}, "bad_client_id"),
    ],
)
def test_a_bad_message_is_refused_with_a_code(
    visitor_api: APIClient, conversation: Conversation, body: Any, code: str
) -> None:
    response = visitor_api.post(of(conversation, "messages/"), body)
    assert response.status_code == 400
    assert (response.json()["code"], Message.objects.count()) == (code, 0)
    assert response.json()["detail"]


def test_half_a_character_is_no_client_id(
    visitor_api: APIClient, conversation: Conversation
) -> None:
    raw = r'{"text": "Hello", "client_id": "\ud800"}'
    url = of(conversation, "messages/")
    response = visitor_api.generic("POST", url, raw, content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (400, "bad_client_id")


@pytest.mark.parametrize("raw", ["{", "\xff", "[" * 100_000])
def test_a_body_that_is_not_json_is_refused(
    visitor_api: APIClient, conversation: Conversation, raw: str
) -> None:
    url = of(conversation, "messages/")
    response = visitor_api.generic("POST", url, raw, content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (400, "parse_error")


def test_while_a_person_speaks_the_run_writes_a_draft(
    visitor_api: APIClient, conversation: Conversation
) -> None:
    request_person(conversation=conversation)
    body = {"text": "Hello?", "client_id": "c-1"}
    visitor_api.post(of(conversation, "messages/"), body)
    assert AnswerRun.objects.get().delivery == AnswerRun.Delivery.DRAFT


# -- Feedback and hand-over -----------------------------------------------------------------------
def test_feedback_is_kept_and_can_be_changed(visitor_api: APIClient, answer: Message) -> None:
    url = f"{API}/messages/{answer.pk}/feedback/"
    assert visitor_api.post(url, {"value": "up"}).status_code == 200
    response = visitor_api.post(url, {"value": "down", "comment": "The old rule."})
    assert response.json() == {"value": "down", "comment": "The old rule."}
    assert Feedback.objects.get().value == "down"


@pytest.mark.parametrize(
    "body",
    [{}, {"value": "sideways"}, {"value": ["up"]}, {"value": "up", "comment": "x" * 2001}, ["up"]],
)
def test_bad_feedback_is_refused(visitor_api: APIClient, answer: Message, body: Any) -> None:
    response = visitor_api.post(f"{API}/messages/{answer.pk}/feedback/", body)
    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert Feedback.objects.count() == 0


def test_nobody_rates_their_own_question(
    visitor_api: APIClient, conversation: Conversation
) -> None:
    url = f"{API}/messages/{ask(conversation).pk}/feedback/"
    assert visitor_api.post(url, {"value": "up"}).status_code == 404


def test_the_desk_sees_who_types_over_rest(
    visitor_api: APIClient, conversation: Conversation
) -> None:
    assert not read_presence(conversation.pk).customer_types
    assert visitor_api.post(of(conversation, "typing/")).status_code == 204
    assert read_presence(conversation.pk).customer_types


def test_asking_for_a_person_opens_one_ticket_and_leaves_an_audit_trail(
    visitor_api: APIClient, conversation: Conversation
) -> None:
    first, second = (visitor_api.post(of(conversation, "handover/")) for _ in range(2))
    assert (first.status_code, first.json()) == (202, second.json())
    assert first.json() == {
        "ticket_id": str(conversation.tickets.get().pk),
        "conversation": str(conversation.pk),
    }
    assert set(AuditEntry.objects.values_list("action", flat=True)) == {
        "conversation.handed_over",
        "ticket.opened",
    }
