"""tickets.services.notes: internal notes, who is told of them, and that customers never are."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse
from rest_framework.test import APIClient

from supportbot.api.visitors import VisitorView
from tests.tickets.cast import actions_on, ask, reply_in
from tickets.models import AgentNotice, Conversation, Event, Message, Note, Team, Ticket
from tickets.services.details import follow
from tickets.services.events import events_after
from tickets.services.handover import request_person
from tickets.services.notes import add_note
from tickets.services.notices import mark_notices_seen, unseen_notices

SECRET = "Zanzibar-4711"


@pytest.fixture
def ticket(conversation: Conversation) -> Ticket:
    ask(conversation)
    return request_person(conversation=conversation)


@pytest.fixture
def dana(db: None) -> User:
    """Another agent."""
    user = User.objects.create_user("dana", first_name="Dana", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="tickets"))
    return user


def test_a_note_stands_on_the_ticket_with_its_author(ticket: Ticket, ben: User) -> None:
    note = add_note(ticket=ticket, author=ben, text="  Called the warehouse. ")
    assert (note.text, note.author) == ("Called the warehouse.", ben)
    assert "ticket.note_added" in actions_on(ticket)


def test_an_empty_note_is_refused(ticket: Ticket, ben: User) -> None:
    with pytest.raises(ValueError, match="Write the note"):
        add_note(ticket=ticket, author=ben, text=" \n")


def test_whoever_is_mentioned_follows_the_ticket_and_is_told(
    ticket: Ticket, ben: User, dana: User
) -> None:
    note = add_note(ticket=ticket, author=ben, text="@Dana, can you look? Ask x@dana.example.")
    assert list(note.mentions.all()) == [dana]
    assert list(ticket.followers.all()) == [dana]
    (notice,) = unseen_notices(dana)
    assert notice.words == f"Ben mentioned you on ticket #{ticket.pk}."
    assert not unseen_notices(ben).exists()


def test_an_address_and_a_stranger_are_plain_text(ticket: Ticket, ben: User, dana: User) -> None:
    note = add_note(ticket=ticket, author=ben, text="mail@dana said so, and @nobody too")
    assert not note.mentions.exists()


def test_followers_are_told_of_a_note_once(ticket: Ticket, ben: User, dana: User) -> None:
    follow(ticket=ticket, user=dana, agent=ben)
    add_note(ticket=ticket, author=ben, text="Done.")
    add_note(ticket=ticket, author=dana, text="Thanks.")
    assert [notice.kind for notice in unseen_notices(dana)] == ["followed"]
    assert mark_notices_seen(agent=dana, ticket=ticket) == 1
    assert not unseen_notices(dana).exists()


def test_nobody_outside_a_private_team_is_let_in_by_a_mention(
    ticket: Ticket, ben: User, dana: User
) -> None:
    team = Team.objects.create(name="Fraud", is_private=True)
    team.members.add(ben)
    ticket.team = team
    ticket.save()
    with pytest.raises(ValueError, match="@dana may not see this ticket"):
        add_note(ticket=ticket, author=ben, text="@dana look")
    assert not Note.objects.exists()
    assert not ticket.followers.exists()


def test_an_eve_without_rights_cannot_be_mentioned(ticket: Ticket, ben: User, eve: User) -> None:
    assert not add_note(ticket=ticket, author=ben, text="@eve look").mentions.exists()


def test_opening_a_notice_leads_to_the_ticket_and_settles_it(
    ticket: Ticket, ben: User, dana: User, browser_of: Callable[[User], Client]
) -> None:
    add_note(ticket=ticket, author=dana, text="@ben look")
    notice = AgentNotice.objects.get(agent=ben)
    browser = browser_of(ben)
    listed = browser.get(reverse("admin:tickets_agentnotice_changelist"))
    assert "Dana mentioned you" in listed.content.decode()
    opened = browser.get(reverse("admin:tickets_agentnotice_change", args=[notice.pk]))
    assert opened["Location"] == reverse("admin:tickets_ticket_change", args=[ticket.pk])
    assert not unseen_notices(ben).exists()
    other = browser_of(dana).get(reverse("admin:tickets_agentnotice_changelist"))
    assert "mentioned you" not in other.content.decode()


# -- Never visible to the customer -----------------------------------------------------------------
def visitor_routes() -> Iterator[tuple[str, str]]:
    """(address, method) of every endpoint that a visitor's token opens."""
    for entry in get_resolver("supportbot.urls").url_patterns:
        for route in getattr(entry, "url_patterns", []):
            view = getattr(getattr(route, "callback", None), "view_class", None) or getattr(
                getattr(route, "callback", None), "cls", None
            )
            if isinstance(route, URLPattern) and view and issubclass(view, VisitorView):
                method = next(name for name in ("get", "post", "delete") if hasattr(view, name))
                yield f"/{entry.pattern}{route.pattern}", method


def test_no_customer_facing_surface_shows_a_note(
    ticket: Ticket, ben: User, dana: User, visitor_api: APIClient
) -> None:
    """Every endpoint of visitors, found in the URL configuration, and every stored event."""
    conversation = ticket.conversation
    reply_in(conversation, ben, "We look into it.")
    before = (Event.objects.count(), Message.objects.count())
    add_note(ticket=ticket, author=ben, text=f"{SECRET} @dana")
    assert (Event.objects.count(), Message.objects.count()) == before
    routes = list(visitor_routes())
    assert len(routes) >= 7
    message = conversation.messages.filter(author="agent").get()
    for route, method in routes:
        address = (
            route.replace("<uuid:conversation_id>", str(conversation.pk))
            .replace("<uuid:message_id>", str(message.pk))
            .replace("<str:passage_id>", "1")
        )
        body = {"text": "Hello?", "client_id": str(uuid.uuid4()), "value": "up"}
        if method == "delete" or address.endswith("/events/"):
            continue  # signs out; streams the stored events, which are read below
        ask_for = visitor_api.get if method == "get" else visitor_api.post
        answer = ask_for(address, body if method == "post" else {"wait": 0, "after": 0})
        assert SECRET not in str(getattr(answer, "data", "")), address
    stored = json.dumps(events_after(conversation.pk, 0))
    assert "We look into it." in stored
    assert SECRET not in stored


def test_what_speaks_to_customers_does_not_read_notes() -> None:
    """Answers, the visitors' API and e-mail are written without notes in reach."""
    root = settings.BASE_DIR / "supportbot"
    speaks = [root / "answers", root / "mail", root / "api" / "visitors.py", root / "llm"]
    paths: list[Path] = []
    for place in speaks:
        paths += place.rglob("*.py") if place.suffix != ".py" else [place]
    readers = [path.name for path in paths if "tickets.services.notes" in path.read_text()]
    assert readers == []
