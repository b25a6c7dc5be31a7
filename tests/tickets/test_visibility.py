"""tickets.models.visibility: who is not in a private team learns nothing of its tickets."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Permission, User
from django.db import transaction
from django.test import Client
from django.urls import reverse
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from tests.tickets.cast import ask, draft_for
from tickets.models import Conversation, Customer, Draft, Message, Team, Ticket
from tickets.services import audit
from tickets.services.conversations import close_conversation, lock_open, start_conversation
from tickets.services.details import change_team
from tickets.services.handover import request_person
from tickets.services.tickets import assign

BrowserOf = Callable[[User], Client]
SECRET = "harassment complaint"


@pytest.fixture
def dora(db: None) -> User:
    """An agent with Ben's rights, in the private team."""
    user = User.objects.create_user("dora", password="dora", first_name="Dora", is_staff=True)
    rights = Permission.objects.filter(content_type__app_label__in=["tickets", "answers"])
    user.user_permissions.set(rights)
    return user


@pytest.fixture
def team(dora: User) -> Team:
    team = Team.objects.create(name="Trust and safety", is_private=True)
    team.members.add(dora)
    return team


@pytest.fixture
def hidden(team: Team) -> Ticket:
    """A ticket of the private team, with a draft, of a customer who has no other."""
    conversation = start_conversation(customer=Customer.objects.create(name="Quiet Quentin"))
    ticket = draft_for(conversation, text=SECRET).ticket
    ticket.team, ticket.subject = team, SECRET
    ticket.save(update_fields=["team", "subject"])
    return ticket


@pytest.fixture
def shown(conversation: Conversation) -> Ticket:
    return draft_for(conversation).ticket


def test_outsiders_do_not_find_a_private_teams_rows(
    hidden: Ticket, shown: Ticket, ben: User, dora: User
) -> None:
    for model, of_team in (
        (Ticket, hidden),
        (Draft, hidden.drafts.get()),
        (Conversation, hidden.conversation),
        (Customer, hidden.conversation.customer),
        (Message, hidden.conversation.messages.get()),
    ):
        rows = model.objects
        assert of_team not in rows.visible_to(ben)
        assert rows.visible_to(ben).count() == 1
        assert rows.visible_to(dora).count() == 2
    assert list(Team.objects.visible_to(ben)) == []
    assert list(Team.objects.visible_to(dora)) == [hidden.team]


def test_what_follows_on_a_private_teams_ticket_stays_with_it(hidden: Ticket, ben: User) -> None:
    """Also a conversation that only the bot is in, from its first word on."""
    conversation = hidden.conversation
    for _ in range(2):
        close_conversation(conversation=conversation, by=Conversation.ClosedBy.TIME)
        conversation.refresh_from_db()
        with transaction.atomic():
            conversation = lock_open(conversation)
    ask(conversation, SECRET)
    assert not Conversation.objects.visible_to(ben).exists()
    assert not Message.objects.visible_to(ben).exists()
    assert not Customer.objects.visible_to(ben).exists()
    for team, number in [(None, 3), (hidden.team, 0)]:  # the ticket before is given away, and back
        change_team(ticket=hidden, team=team, agent=None)
        assert Conversation.objects.visible_to(ben).count() == number
    ticket = request_person(conversation=conversation)
    assert ticket.team == hidden.team
    assert not Ticket.objects.visible_to(ben).exists()
    Ticket.objects.filter(pk=ticket.pk).update(team=None)  # an agent of the team lets it go
    close_conversation(conversation=conversation, by=Conversation.ClosedBy.TIME)
    with transaction.atomic():
        conversation = lock_open(conversation)
    assert conversation in Conversation.objects.visible_to(ben)
    assert request_person(conversation=conversation).team is None


def test_superusers_see_all_and_nobody_sees_nothing(hidden: Ticket, shown: Ticket) -> None:
    root = User.objects.create_superuser("root", password="root")
    assert Ticket.objects.visible_to(root).count() == 2
    for model in (Ticket, Draft, Conversation, Customer, Message, Team):
        rows = model.objects
        assert rows.visible_to(AnonymousUser()).count() == 0


def test_a_public_teams_tickets_are_for_all(shown: Ticket, ben: User) -> None:
    shown.team = Team.objects.create(name="Returns")
    shown.save(update_fields=["team"])
    assert list(Ticket.objects.visible_to(ben)) == [shown]


def test_a_customer_with_another_conversation_is_shown_with_that_one(
    hidden: Ticket, ben: User, browser_of: BrowserOf
) -> None:
    customer = hidden.conversation.customer
    other = start_conversation(customer=customer)
    draft_for(other, text="Within 30 days.")
    page = browser_of(ben).get(reverse("admin:tickets_customer_change", args=[customer.pk]))
    assert str(other.pk) in page.content.decode()
    assert str(hidden.conversation_id) not in page.content.decode()
    rows = browser_of(ben).get(reverse("admin:tickets_customer_changelist")).context["cl"]
    assert [row.held for row in rows.result_list] == [1]


@pytest.mark.parametrize("model", ["ticket", "draft", "conversation", "customer"])
def test_lists_and_searches_of_the_admin_leave_them_out(
    request: pytest.FixtureRequest, browser_of: BrowserOf, model: str
) -> None:
    ben, dora, _, _ = map(request.getfixturevalue, ["ben", "dora", "hidden", "shown"])
    url = reverse(f"admin:tickets_{model}_changelist")
    for query in ({}, {"q": "harassment"}, {"q": "Quentin"}):
        page = browser_of(ben).get(url, query).content.decode()
        assert SECRET not in page
        assert "Quiet Quentin" not in page
    page = browser_of(dora).get(url).content.decode()
    assert SECRET in page or "Quiet Quentin" in page


def test_a_hidden_page_is_as_missing_as_one_that_never_was(
    hidden: Ticket, ben: User, dora: User, browser_of: BrowserOf
) -> None:
    hidden_page = reverse("admin:tickets_ticket_change", args=[hidden.pk])
    never_was = reverse("admin:tickets_ticket_change", args=[hidden.pk + 1000])
    answers = [browser_of(ben).get(url) for url in (hidden_page, never_was)]
    assert {answer.status_code for answer in answers} == {302}
    assert {answer["Location"] for answer in answers} == {reverse("admin:index")}
    assert browser_of(dora).get(hidden_page)["Location"] == reverse("desk:ticket", args=[hidden.pk])
    for name in ("news", "do"):
        more = ["send"] if name == "do" else []
        url = reverse("desk:act" if name == "do" else "desk:news", args=[hidden.pk, *more])
        send = browser_of(ben).post if name == "do" else browser_of(ben).get
        assert send(url, {"text": "hello"}).status_code == 404


def test_the_numbers_in_the_navigation_leave_them_out(
    hidden: Ticket, shown: Ticket, ben: User, dora: User, browser_of: BrowserOf
) -> None:
    url = reverse("admin:tickets_ticket_waiting")
    assert set(browser_of(ben).get(url).json().values()) == {1}
    assert set(browser_of(dora).get(url).json().values()) == {2}


def test_the_api_leaves_them_out(hidden: Ticket, shown: Ticket, ben: User, dora: User) -> None:
    for user, count, status in ((ben, 1, 404), (dora, 2, 200)):
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.create(user=user).key}")
        for name, pk in (("tickets", hidden.pk), ("drafts", hidden.drafts.get().pk)):
            assert client.get(f"/api/v1/{name}/").json()["count"] == count
            assert client.get(f"/api/v1/{name}/{pk}/").status_code == status


def test_the_audit_log_leaves_them_out_in_every_form(
    hidden: Ticket, shown: Ticket, ben: User, dora: User, browser_of: BrowserOf
) -> None:
    """In the list, its filters' choices, both exports and the API."""
    audit.record(action="customer.signed_out", target=hidden.conversation.customer, actor=dora)
    names = [str(hidden.conversation_id), str(hidden.conversation.customer_id)]
    browsers = [browser_of(ben), browser_of(dora)]
    for url in (
        reverse("admin:tickets_auditentry_changelist"),
        reverse("admin:tickets_auditentry_export", args=["csv"]),
        reverse("admin:tickets_auditentry_export", args=["jsonl"]),
        "/api/v1/audit/",
    ):
        for_ben, for_dora = (body_of(browser.get(url)) for browser in browsers)
        assert not any(name in for_ben for name in names), url
        assert str(shown.conversation_id) in for_ben, url
        assert all(name in for_dora for name in names), url
        assert "customer.signed_out" not in for_ben, url


def test_an_export_has_what_the_filters_leave_oldest_first(
    shown: Ticket, ben: User, browser_of: BrowserOf
) -> None:
    audit.record(action="ticket.assigned", target=shown, reason="=cmd()", before=1, after=2)
    audit.record(action="ticket.assigned", target=shown, run_id="r", before=2, after=3)
    url = reverse("admin:tickets_auditentry_export", args=["jsonl"])
    body = body_of(browser_of(ben).get(url, {"action": "ticket.assigned"}))
    rows = [json.loads(line) for line in body.splitlines()]
    assert [(row["before"], row["after"], row["run"]) for row in rows] == [
        (1, 2, None),
        (2, 3, "r"),
    ]
    table = body_of(browser_of(ben).get(url.replace("jsonl", "csv"), {"q": "ticket.assigned"}))
    assert [row["reason"] for row in csv.DictReader(io.StringIO(table))] == ["'=cmd()", ""]
    assert browser_of(ben).get(url.replace("jsonl", "xml")).status_code == 404
    assert browser_of(ben).get(url, {"nothing": "x"}).status_code == 404


def body_of(response: Any) -> str:
    parts = response.streaming_content if response.streaming else [response.content]
    return b"".join(parts).decode()


def test_a_ticket_of_a_private_team_is_assigned_to_its_members_alone(
    hidden: Ticket, ben: User, dora: User
) -> None:
    with pytest.raises(ValueError, match="Ben is not in the team “Trust and safety”"):
        assign(ticket=hidden, assignee=ben, agent=dora)
    assert assign(ticket=hidden, assignee=dora, agent=dora).assignee == dora
