"""Merging, splitting and linking in the desk's dialogs."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tests.desk.test_views import do, panels
from tests.tickets.cast import ask, open_ticket
from tickets.models import Customer, Team, Ticket
from tickets.services.conversations import start_conversation
from tickets.services.handover import request_person


@pytest.fixture
def other(ticket: Ticket, ada: Customer) -> Ticket:
    """A second ticket of the same customer."""
    conversation = start_conversation(customer=ada)
    ask(conversation, "Where is <b>my</b> parcel?")
    return request_person(conversation=conversation)


def choices(client: Client, ticket: Ticket, name: str) -> str:
    return str(client.get(reverse("desk:choices", args=[ticket.pk, name])).json()["html"])


def test_tickets_are_merged_after_the_agent_has_read_what_happens(
    agent: Client, ticket: Ticket, other: Ticket
) -> None:
    assert "Where is &lt;b&gt;my&lt;/b&gt; parcel?" in choices(agent, ticket, "merge")
    assert "cannot be undone" in do(agent, ticket, "merge", other=other.pk).json()["confirm"]
    done = do(agent, ticket, "merge", number=f"#{other.pk}", sure="yes").json()
    assert done["open"] == other.pk
    assert "Merged into this one" in panels(agent, other)
    assert do(agent, other, "merge", number="soon").json()["problem"] == "There is no such ticket."


def test_messages_are_split_off_and_taken_back(agent: Client, ticket: Ticket) -> None:
    message = ask(ticket.conversation, "And the invoice?")
    assert str(message.pk) in choices(agent, ticket, "split")
    done = do(agent, ticket, "split", message=[message.pk]).json()
    assert done["said"] == f"1 message begins ticket #{done['other']}."
    assert str(message.pk) not in choices(agent, ticket, "split")
    assert do(agent, ticket, "unsplit", other=done["other"]).status_code == 200
    assert do(agent, ticket, "split", message=["x"]).json()["problem"] == "This message is gone."
    assert do(agent, ticket, "split").json()["problem"].startswith("Choose at least one")


def test_links_are_made_and_removed(agent: Client, ticket: Ticket) -> None:
    foreign = open_ticket()
    assert do(agent, ticket, "link", number=foreign.pk).status_code == 200
    assert 'data-verb="unlink"' in panels(agent, ticket)
    do(agent, ticket, "unlink", other=foreign.pk)
    assert "Belongs together" not in panels(agent, ticket)


def test_dialogs_never_offer_what_the_agent_may_not_see(
    agent: Client, reader: Client, ticket: Ticket, other: Ticket, ben: User
) -> None:
    other.team = Team.objects.create(name="Legal", is_private=True)
    other.save(update_fields=["team"])
    for name in ("merge", "link"):
        assert "parcel" not in choices(agent, ticket, name)
        answer = do(agent, ticket, name, other=other.pk)
        assert answer.json()["problem"] == "There is no such ticket."
    url = reverse("desk:choices", args=[ticket.pk, "merge"])
    assert reader.get(url).status_code == 404
    assert agent.get(reverse("desk:choices", args=[ticket.pk, "other"])).status_code == 404
