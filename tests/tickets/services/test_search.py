"""tickets.services.search: words of tickets are found, kept up to date, and kept from outsiders."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.tickets.cast import ask, reply_in
from tickets.models import Customer, Message, Note, Team, Ticket
from tickets.services.conversations import start_conversation
from tickets.services.details import change_team
from tickets.services.handover import request_person
from tickets.services.notes import add_note
from tickets.services.search import matching, search_tickets


def ticket_of(words: str, name: str = "Ada") -> Ticket:
    customer = Customer.objects.create(name=name, email=f"{name.lower()}@shop.example")
    conversation = start_conversation(customer=customer)
    ask(conversation, words)
    return request_person(conversation=conversation)


@pytest.fixture
def grinder(db: None) -> Ticket:
    return ticket_of("My grinder is broken and makes a noise", "Ada")


@pytest.fixture
def refund(grinder: Ticket) -> Ticket:
    return ticket_of("I want my money back for the beans", "Grace")


def found(user: User, text: str) -> list[Ticket]:
    return [hit.ticket for hit in search_tickets(user=user, text=text)]


def test_subject_messages_notes_and_customer_are_found(
    grinder: Ticket, refund: Ticket, ben: User
) -> None:
    reply_in(refund.conversation, ben, "The courier collects it.")
    add_note(ticket=refund, author=ben, text="Warehouse confirmed the delivery.")
    assert found(ben, "grinders") == [grinder]
    assert found(ben, "courier") == [refund]
    assert found(ben, "warehouse") == [refund]
    assert found(ben, "Grace") == [refund]
    assert found(ben, "ada@shop.example") == [grinder]
    assert found(ben, "grace courier warehouse") == [refund]
    assert found(ben, "grace grinder") == []
    assert found(ben, "  ") == []


def test_unfinished_words_quotes_or_and_minus_work(
    grinder: Ticket, refund: Ticket, ben: User
) -> None:
    assert found(ben, "grin") == [grinder]
    assert found(ben, "broken noi") == [grinder]
    assert set(found(ben, "grinder or money")) == {grinder, refund}
    assert found(ben, '"money back"') == [refund]
    assert found(ben, '"back money"') == []
    assert found(ben, "my -beans") == [grinder]
    for odd in ("'", "\\", "a & | !", "foo:*", "((", '"', "x\x00y", "-", "%"):
        search_tickets(user=ben, text=odd)


def test_a_number_finds_its_ticket_first(grinder: Ticket, refund: Ticket, ben: User) -> None:
    add_note(ticket=refund, author=ben, text=f"Like {grinder.pk} {grinder.pk}")
    assert found(ben, str(grinder.pk)) == [grinder, refund]
    assert found(ben, f"#{grinder.pk}") == [grinder]


def test_the_subject_counts_more_than_what_was_said(
    grinder: Ticket, refund: Ticket, ben: User
) -> None:
    reply_in(refund.conversation, ben, "The grinder, too.")
    assert found(ben, "grinder") == [grinder, refund]


def test_the_stretch_shows_where_the_words_are(grinder: Ticket, ben: User) -> None:
    add_note(ticket=grinder, author=ben, text="Warehouse confirmed <b>delivery</b>.")
    (hit,) = search_tickets(user=ben, text="noises")
    assert ("noise", True) in hit.parts
    (hit,) = search_tickets(user=ben, text="confirmed")
    assert "Warehouse confirmed" in hit.snippet


def test_what_is_changed_or_removed_is_not_found_any_more(grinder: Ticket, ben: User) -> None:
    add_note(ticket=grinder, author=ben, text="Zebra")
    message = reply_in(grinder.conversation, ben, "Giraffe")
    Message.objects.filter(pk=message.pk).update(text="Lion")
    assert (found(ben, "giraffe"), found(ben, "lion")) == ([], [grinder])
    Message.objects.filter(pk=message.pk).delete()
    Note.objects.all().delete()
    assert (found(ben, "lion"), found(ben, "zebra")) == ([], [])
    Customer.objects.update(name="Lovelace", email="")
    assert (found(ben, "ada"), found(ben, "lovelace")) == ([], [grinder])
    Ticket.objects.update(subject="Coffee machine")
    assert found(ben, "machine") == [grinder]
    grinder.conversation.delete()
    assert found(ben, "machine") == []


def test_very_long_conversations_are_stored(grinder: Ticket, ben: User) -> None:
    words = " ".join(f"word{number}" for number in range(2000))
    for start in range(60):
        reply_in(grinder.conversation, ben, words.replace("word", f"w{start}x"))
    assert found(ben, "w3x7") == [grinder]


def test_outsiders_find_nothing_of_a_private_team(grinder: Ticket, ben: User, eve: User) -> None:
    team = Team.objects.create(name="Fraud", is_private=True)
    Ticket.objects.filter(pk=grinder.pk).update(team=team)
    assert found(ben, "grinder") == []
    assert found(ben, f"#{grinder.pk}") == []
    team.members.add(ben)
    assert found(ben, "grinder") == [grinder]


def test_a_search_takes_no_time_for_words_of_others(
    grinder: Ticket, refund: Ticket, ben: User
) -> None:
    """What an outsider's search reads is the same whether a private team's tickets have the word or
    no ticket has it: the same plan, and no row of theirs."""
    team = Team.objects.create(name="Fraud", is_private=True)
    change_team(ticket=grinder, team=team, agent=None)
    plans = []
    for word in ("grinder", "zebrafish", " ".join(f"' {one}'" for one in (0, team.pk))):
        tickets = matching(Ticket.objects.visible_to(ben), word, ben)
        plan = tickets.values("pk").explain(analyze=True, costs=False, timing=False, buffers=False)
        assert "ProjectSet (actual rows=0.00" in plan
        plans.append(re.sub(r"'.*tsquery|.* Time: .*|Memory.*", "", plan))
    assert len(set(plans)) == 1
    change_team(ticket=grinder, team=None, agent=None)
    assert found(ben, "grinder") == [grinder]


def test_the_number_of_queries_does_not_grow(grinder: Ticket, ben: User) -> None:
    with CaptureQueriesContext(connection) as few:
        search_tickets(user=ben, text="grinder")
    for number in range(10):
        ticket_of(f"Grinder {number}", f"Cust{number}")
    with CaptureQueriesContext(connection) as many:
        assert len(search_tickets(user=ben, text="grinder")) == 11
    assert len(many) == len(few) <= 3


def test_the_list_of_tickets_searches_the_same_way(
    grinder: Ticket, refund: Ticket, ben: User, browser_of: Callable[[User], Client]
) -> None:
    page = browser_of(ben).get(reverse("admin:tickets_ticket_changelist"), {"q": "grind"})
    words = page.content.decode()
    assert "grinder is broken" in words
    assert "money back" not in words
