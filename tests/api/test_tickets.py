"""Tickets, customers and saved replies over REST: each endpoint works, refuses, leaves a trail."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from supportbot.answers.models import AnswerRun
from tests.api.conftest import ApiOf
from tests.tickets.cast import actions_on, at_once, open_ticket
from tickets.models import Category, Conversation, Customer, Note, SavedReply, Team, Ticket

API = "/api/v1"
OPEN = {"text": "My kettle leaks.", "subject": "Leak", "email": "ada@example.org", "name": "Ada"}


def outsiders(api_of: ApiOf, cleo: User, eve: User) -> list[tuple[APIClient, int]]:
    return [(APIClient(), 401), (api_of(eve), 403), (api_of(cleo), 403)]


# -- Opening --------------------------------------------------------------------------------------
def test_a_program_opens_a_ticket(staff_api: APIClient) -> None:
    response = staff_api.post(f"{API}/tickets/", OPEN)
    assert response.status_code == 201, response.content
    body = response.json()
    assert (body["subject"], body["status"], body["priority"]) == ("Leak", "new", 20)
    assert [message["text"] for message in body["messages"]] == ["My kettle leaks."]
    customer = Customer.objects.get()
    assert (customer.email, body["customer"]) == ("ada@example.org", str(customer.pk))
    assert Ticket.objects.get().conversation.channel == Conversation.Channel.EMAIL
    assert AnswerRun.objects.count() == 1
    again = staff_api.post(f"{API}/tickets/", {"text": "And?", "customer": str(customer.pk)})
    assert again.json()["customer"] == str(customer.pk)


def test_opening_is_refused_to_outsiders(api_of: ApiOf, cleo: User, eve: User) -> None:
    for client, status in outsiders(api_of, cleo, eve):
        assert client.post(f"{API}/tickets/", OPEN).status_code == status
    assert Ticket.objects.count() == 0


@pytest.mark.parametrize(
    "change",
    [{"text": ""}, {"text": "\x00"}, {"email": "ada"}, {"email": ""}, {"subject": "x" * 201}],
)
def test_a_bad_ticket_is_not_opened(staff_api: APIClient, change: dict[str, Any]) -> None:
    assert staff_api.post(f"{API}/tickets/", {**OPEN, **change}).status_code == 400
    assert Ticket.objects.count() == Customer.objects.count() == 0


def test_no_ticket_is_opened_for_nobody(staff_api: APIClient) -> None:
    body = {"text": "Hello?", "customer": str(uuid.uuid4())}
    assert staff_api.post(f"{API}/tickets/", body).status_code == 404


def test_an_opened_ticket_is_in_the_audit_log(staff_api: APIClient) -> None:
    staff_api.post(f"{API}/tickets/", OPEN)
    assert actions_on(Ticket.objects.get()) == ["ticket.opened"]


# -- Changing -------------------------------------------------------------------------------------
def test_everything_about_a_ticket_is_changed_at_once(staff_api: APIClient, ben: User) -> None:
    ticket = open_ticket()
    Category.objects.create(name="Repairs")
    Team.objects.create(name="Workshop")
    change = {
        "priority": 40,
        "category": "Repairs",
        "team": "Workshop",
        "tags": ["leak", "kettle"],
        "assignee": "ben",
        "status": "on_hold",
        "reason": "Waiting for parts",
    }
    body = staff_api.patch(f"{API}/tickets/{ticket.pk}/", change).json()
    assert {key: body[key] for key in ("priority", "category", "team", "assignee", "status")} == {
        key: change[key] for key in ("priority", "category", "team", "assignee", "status")
    }
    assert (sorted(body["tags"]), body["status_reason"]) == (["kettle", "leak"], change["reason"])
    body = staff_api.patch(f"{API}/tickets/{ticket.pk}/", {"tags": ["leak"], "team": None}).json()
    assert (body["tags"], body["team"]) == (["leak"], None)
    assert {"ticket.edited", "ticket.assigned", "ticket.status_changed"} <= set(actions_on(ticket))


def test_a_change_is_whole_or_nothing(staff_api: APIClient) -> None:
    ticket = open_ticket()
    response = staff_api.patch(
        f"{API}/tickets/{ticket.pk}/", {"priority": 40, "status": "reopened"}
    )
    assert response.status_code == 409
    ticket.refresh_from_db()
    assert ticket.priority == Ticket.Priority.NORMAL


@pytest.mark.parametrize(
    "change",
    [{"category": "Nowhere"}, {"assignee": "eve"}, {"priority": 15}, {"reason": "x"}, {"tags": 1}],
)
def test_a_bad_change_is_refused(staff_api: APIClient, eve: User, change: dict[str, Any]) -> None:
    response = staff_api.patch(f"{API}/tickets/{open_ticket().pk}/", change)
    assert (response.status_code, response.json()["code"]) == (400, "invalid")


# -- Replies and notes ----------------------------------------------------------------------------
@pytest.mark.parametrize("path", ["messages", "notes"])
def test_words_are_refused_to_outsiders_and_when_bad_or_missing(
    api_of: ApiOf, ben: User, cleo: User, eve: User, path: str
) -> None:
    url = f"{API}/tickets/{open_ticket().pk}/{path}/"
    for client, status in outsiders(api_of, cleo, eve):
        assert client.post(url, {"text": "Hello"}).status_code == status
    for body in ({}, {"text": " "}, {"text": "x" * 20_001}):
        assert api_of(ben).post(url, body).status_code == 400
    assert api_of(ben).post(f"{API}/tickets/0/{path}/", {"text": "Hello"}).status_code == 404


def test_a_reply_reaches_the_customer(staff_api: APIClient) -> None:
    ticket = open_ticket()
    response = staff_api.post(f"{API}/tickets/{ticket.pk}/messages/", {"text": "Descale it."})
    assert response.status_code == 201
    assert response.json()["message"]["text"] == "Descale it."
    assert "message.sent" in actions_on(ticket)


def test_a_note_is_kept_from_the_customer(staff_api: APIClient) -> None:
    ticket = open_ticket()
    url = f"{API}/tickets/{ticket.pk}/notes/"
    assert staff_api.post(url, {"text": "Calls every day."}).status_code == 201
    assert [note["text"] for note in staff_api.get(url).json()] == ["Calls every day."]
    assert ticket.conversation.messages.count() == 0
    assert "ticket.note_added" in actions_on(ticket)


# -- Once -----------------------------------------------------------------------------------------
def test_a_request_sent_twice_is_carried_out_once(staff_api: APIClient) -> None:
    key = {"HTTP_IDEMPOTENCY_KEY": "order-77"}
    first = staff_api.post(f"{API}/tickets/", OPEN, **key)  # type: ignore[arg-type]
    second = staff_api.post(f"{API}/tickets/", OPEN, **key)  # type: ignore[arg-type]
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert second["Idempotent-Replay"] == "true"
    assert Ticket.objects.count() == 1
    other = staff_api.post(f"{API}/tickets/", {**OPEN, "text": "Other"}, **key)  # type: ignore[arg-type]
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


def test_the_same_request_at_the_same_time_is_carried_out_once(
    transactional_db: None, api_of: ApiOf, ben: User
) -> None:
    ticket, client = open_ticket(), api_of(ben)
    url = f"{API}/tickets/{ticket.pk}/notes/"

    def send() -> int:
        return client.post(url, {"text": "x"}, HTTP_IDEMPOTENCY_KEY="k").status_code

    assert at_once([send] * 4) == [201] * 4
    assert Note.objects.count() == 1


def test_a_failed_request_may_be_sent_again(staff_api: APIClient) -> None:
    key = {"HTTP_IDEMPOTENCY_KEY": "k"}
    url = f"{API}/tickets/{open_ticket().pk}/"
    assert staff_api.patch(url, {"status": "reopened"}, **key).status_code == 409  # type: ignore[arg-type]
    assert staff_api.patch(url, {"status": "open"}, **key).status_code == 200  # type: ignore[arg-type]


# -- Reading --------------------------------------------------------------------------------------
def test_what_has_not_changed_is_not_sent_again(staff_api: APIClient) -> None:
    url = f"{API}/tickets/{open_ticket().pk}/"
    tag = staff_api.get(url)["ETag"]
    assert staff_api.get(url, HTTP_IF_NONE_MATCH=tag).status_code == 304
    changed = staff_api.patch(url, {"priority": 30}, HTTP_IF_MATCH=tag)
    assert changed.status_code == 200
    assert staff_api.get(url, HTTP_IF_NONE_MATCH=tag).status_code == 200
    late = staff_api.patch(url, {"priority": 40}, HTTP_IF_MATCH=tag)
    assert (late.status_code, late.json()["code"]) == (412, "changed_meanwhile")
    assert staff_api.get(url)["ETag"] == changed["ETag"]


def test_pages_by_cursor_are_not_shifted_by_what_is_new(staff_api: APIClient) -> None:
    numbers = [open_ticket().pk for _ in range(5)]
    page = staff_api.get(f"{API}/tickets/", {"cursor": "", "limit": "2"}).json()
    found = [entry["id"] for entry in page["results"]]
    open_ticket()
    while page["next"]:
        page = staff_api.get(page["next"]).json()
        found += [entry["id"] for entry in page["results"]]
    assert found == numbers[::-1]
    assert staff_api.get(f"{API}/tickets/", {"limit": 2}).json()["count"] == 6


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"status": "open"}, 1),
        ({"assignee": "ben"}, 1),
        ({"assignee": "none"}, 1),
        ({"tag": "leak"}, 1),
        ({"priority": "40"}, 1),
        ({"priority": "9" * 18}, 0),
        ({"team": "Nowhere\x00"}, 0),
    ],
)
def test_tickets_are_filtered(
    staff_api: APIClient, ben: User, query: dict[str, str], count: int
) -> None:
    open_ticket()
    change = {"assignee": "ben", "tags": ["leak"], "priority": 40}
    staff_api.patch(f"{API}/tickets/{open_ticket().pk}/", change)
    assert staff_api.get(f"{API}/tickets/", query).json()["count"] == count


@pytest.mark.parametrize("query", [{"customer": "ada"}, {"priority": "high"}, {"status": "gone"}])
def test_a_bad_filter_is_named(staff_api: APIClient, query: dict[str, str]) -> None:
    response = staff_api.get(f"{API}/tickets/", query)
    assert (response.status_code, list(response.json()["fields"])) == (400, list(query))


def test_a_private_teams_ticket_is_not_there_for_others(staff_api: APIClient, ben: User) -> None:
    ticket = open_ticket()
    Ticket.objects.update(team=Team.objects.create(name="Legal", is_private=True))
    url = f"{API}/tickets/{ticket.pk}/"
    assert staff_api.get(url).status_code == 404
    assert staff_api.post(f"{url}notes/", {"text": "x"}).status_code == 404
    customer = ticket.conversation.customer_id
    assert staff_api.get(f"{API}/customers/{customer}/").status_code == 404
    assert (
        staff_api.post(f"{API}/tickets/", {"text": "x", "customer": str(customer)}).status_code
        == 404
    )


# -- Customers and saved replies ------------------------------------------------------------------
def test_customers_are_found(staff_api: APIClient, ada: Customer) -> None:
    Customer.objects.filter(pk=ada.pk).update(email="ada@example.org", external_id="c-1")
    Customer.objects.create(name="Bob")
    for query in ({"email": "ADA@example.org"}, {"external_id": "c-1"}, {"q": "ada"}):
        (found,) = staff_api.get(f"{API}/customers/", query).json()["results"]
        assert found["id"] == str(ada.pk)
    page = staff_api.get(f"{API}/customers/", {"cursor": "", "limit": "1"}).json()
    assert page["results"][0]["name"] == "Bob"
    assert staff_api.get(f"{API}/customers/{ada.pk}/")["ETag"]
    assert staff_api.get(f"{API}/customers/{uuid.uuid4()}/").status_code == 404
    assert staff_api.patch(f"{API}/customers/{ada.pk}/", {"name": "x"}).status_code in {403, 405}


def test_saved_replies_are_those_one_may_use(staff_api: APIClient, ben: User) -> None:
    team = Team.objects.create(name="Legal")
    SavedReply.objects.create(name="Hello", text="Hello {{ customer.first_name }}")
    theirs = SavedReply.objects.create(name="Secret", text="x", team=team)
    names = [entry["name"] for entry in staff_api.get(f"{API}/saved-replies/").json()["results"]]
    assert names == ["Hello"]
    assert staff_api.get(f"{API}/saved-replies/{theirs.pk}/").status_code == 404
    team.members.add(ben)
    assert staff_api.get(f"{API}/saved-replies/{theirs.pk}/").json()["team"] == "Legal"


@pytest.mark.parametrize("path", ["customers", "saved-replies"])
def test_lists_are_refused_to_outsiders(api_of: ApiOf, cleo: User, eve: User, path: str) -> None:
    for client, status in outsiders(api_of, cleo, eve):
        assert client.get(f"{API}/{path}/").status_code == status
