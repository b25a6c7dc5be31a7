"""Notes, saved replies, macros and the ticket's fields at the desk."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.desk.test_views import DESK, do, news, opened, panels
from tests.tickets.cast import ask
from tickets.models import (
    Category,
    Customer,
    Macro,
    MacroStep,
    Message,
    SavedReply,
    SlaClock,
    Tag,
    Team,
    Ticket,
)
from tickets.services.conversations import start_conversation
from tickets.services.handover import request_person


def help_of(client: Client, ticket: Ticket, name: str) -> str:
    return str(client.get(reverse(f"desk:{name}", args=[ticket.pk])).json()["html"])


def test_a_note_stands_among_the_messages_and_tells_whom_it_mentions(
    agent: Client, dora: User, browser_of: Any, ticket: Ticket
) -> None:
    page = opened(agent, ticket)
    assert do(agent, ticket, "note", text="@dora <b>please</b> look").status_code == 200
    (item,) = news(agent, ticket, seq=page["seq"], entry=page["entry"], note=page["note"])["items"]
    assert "@dora &lt;b&gt;please&lt;/b&gt; look" in item
    assert "internal note" in item
    assert not Message.objects.filter(text__contains="please").exists()
    hers = browser_of(dora)
    assert f"Ben mentioned you on ticket #{ticket.pk}." in hers.get(DESK).content.decode()
    assert "1 notice for you" in hers.get(f"{DESK}queue/").json()["notices"]
    opened(hers, ticket)
    assert hers.get(f"{DESK}queue/").json()["notices"].strip() == ""
    assert do(agent, ticket, "note", text=" ").status_code == 409


def test_saved_replies_come_with_the_values_of_the_ticket(agent: Client, ticket: Ticket) -> None:
    assert "no saved replies yet" in help_of(agent, ticket, "saved")
    SavedReply.objects.create(name="Hello", text="Hello {{ customer.first_name | there }}!")
    others = Team.objects.create(name="Others")
    SavedReply.objects.create(name="Secret", text="Secret", team=others)
    html = help_of(agent, ticket, "saved")
    assert "Hello Ada!" in html
    assert "Secret" not in html


def test_a_macro_says_what_it_would_do_and_does_it_once(agent: Client, ticket: Ticket) -> None:
    macro = Macro.objects.create(name="Close nicely")
    kinds = MacroStep.Kind
    macro.steps.create(position=1, kind=kinds.REPLY, text="Goodbye {{ customer.first_name }}.")
    macro.steps.create(position=2, kind=kinds.STATUS, status=Ticket.Status.SOLVED)
    html = help_of(agent, ticket, "macros")
    assert "Goodbye Ada." in html
    assert "Set the status to “Solved”" in html
    for _ in range(2):
        do(agent, ticket, "macro", macro=macro.pk, client_id="m-1")
    ticket.refresh_from_db()
    assert ticket.status == Ticket.Status.SOLVED
    assert Message.objects.filter(text="Goodbye Ada.").count() == 1
    assert do(agent, ticket, "macro", macro=77).json()["problem"] == "This macro is gone."


def test_fields_are_changed_together_or_not_at_all(agent: Client, ticket: Ticket) -> None:
    category = Category.objects.create(name="Returns")
    team = Team.objects.create(name="Shop")
    do(agent, ticket, "fields", priority=30, category=category.pk, team=team.pk)
    ticket.refresh_from_db()
    assert (ticket.priority, ticket.category, ticket.team) == (30, category, team)
    assert do(agent, ticket, "fields", priority=10, category=99999).status_code == 409
    assert do(agent, ticket, "fields", priority=31).status_code == 409
    do(agent, ticket, "fields", category="")
    ticket.refresh_from_db()
    assert (ticket.priority, ticket.category, ticket.team) == (30, None, team)
    assert "changed priority: Normal → High" in str(opened(agent, ticket)["items"])


def test_a_ticket_is_not_given_to_a_team_that_the_agent_does_not_see(
    agent: Client, ticket: Ticket
) -> None:
    legal = Team.objects.create(name="Legal", is_private=True)
    assert do(agent, ticket, "fields", team=legal.pk).json()["problem"] == "This team is gone."
    assert "Legal" not in panels(agent, ticket)


def test_tags_are_added_by_name_in_any_case_and_removed(agent: Client, ticket: Ticket) -> None:
    Tag.objects.create(name="VIP")
    for name in ("vip", " new  one "):
        do(agent, ticket, "tag", tag=name)
    assert {tag.name for tag in ticket.tags.all()} == {"new one", "VIP"}
    assert "Remove the tag VIP" in panels(agent, ticket)
    do(agent, ticket, "untag", tag=Tag.objects.get(name="VIP").pk)
    assert [tag.name for tag in ticket.tags.all()] == ["new one"]
    assert do(agent, ticket, "tag", tag=" ").status_code == 409


def test_an_agent_follows_a_ticket_and_stops(agent: Client, ben: User, ticket: Ticket) -> None:
    do(agent, ticket, "follow")
    assert list(ticket.followers.all()) == [ben]
    assert "Following" in panels(agent, ticket)
    do(agent, ticket, "follow")
    assert not ticket.followers.exists()


@pytest.mark.parametrize("name", ["saved", "macros"])
def test_the_help_is_for_those_who_see_the_ticket(
    cleo: User, browser_of: Any, ticket: Ticket, name: str
) -> None:
    url = reverse(f"desk:{name}", args=[ticket.pk])
    assert browser_of(cleo).get(url).status_code == 403


def test_merging_is_said_first_and_the_messages_are_read_from_the_survivor(
    agent: Client, ada: Customer, ticket: Ticket
) -> None:
    other = start_conversation(customer=ada)
    ask(other, "And gift cards?")
    survivor = request_person(conversation=other)
    shown = do(agent, ticket, "merge", other=f"#{survivor.pk}").json()
    assert "cannot be undone" in shown["confirm"]
    ticket.refresh_from_db()
    assert ticket.status != Ticket.Status.CLOSED
    done = do(agent, ticket, "merge", other=survivor.pk, sure="yes").json()
    assert done["open"] == survivor.pk
    items = "".join(opened(agent, survivor)["items"])
    assert items.index("Can I return opened coffee?") < items.index("And gift cards?")
    assert "Merged into this one" in panels(agent, survivor)
    assert do(agent, ticket, "merge", other=99999).json()["problem"] == "There is no such ticket."


def test_a_service_level_that_is_missed_stands_in_the_queue_and_on_the_dashboard(
    agent: Client, ticket: Ticket
) -> None:
    long_ago = timezone.now() - dt.timedelta(hours=2)
    hour = dt.timedelta(hours=1)
    SlaClock.objects.filter(ticket=ticket).delete()
    SlaClock.objects.create(
        ticket=ticket,
        kind=SlaClock.Kind.FIRST_REPLY,
        target=hour,
        remaining=hour,
        started_at=long_ago,
        runs_since=long_ago,
        warn_at=long_ago + hour / 2,
        due_at=long_ago + hour,
    )
    assert "breached" in agent.get(f"{DESK}queue/").json()["entries"]
    assert "breached" in panels(agent, ticket)
    assert "breached" in agent.get("/admin/").content.decode()
