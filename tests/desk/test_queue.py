"""supportbot.desk.queue: views, counts, order and search."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from supportbot.automation.models import TicketVector
from supportbot.automation.similar import embed_tickets
from supportbot.desk.queue import PAGE, VIEWS, Asked, asked_from, read_queue, view_counts
from tests.tickets.cast import ask, draft_for, open_ticket, reply_in
from tickets.models import Message, Team, Ticket

pytestmark = pytest.mark.django_db
Status, Priority = Ticket.Status, Ticket.Priority


def numbers(user: User, **asked: str) -> list[int]:
    return [ticket.pk for ticket in read_queue(user, asked_from(asked)).entries]


def test_every_view_counts_what_it_lists(ben: User) -> None:
    tomorrow = timezone.now() + dt.timedelta(days=1)
    yesterday = timezone.now() - dt.timedelta(days=1)
    for status in Status:
        for fields in (
            {},
            {"assignee": ben},
            {"snoozed_until": tomorrow},
            {"snoozed_until": yesterday},
        ):
            Ticket.objects.filter(pk=open_ticket().pk).update(status=status, **fields)
    counts = view_counts(ben)
    assert counts == {view.key: len(numbers(ben, view=view.key)) for view in VIEWS}
    assert counts == {
        "answer": 9,  # three statuses, all but those asleep
        "mine": 5,
        "unassigned": 10,
        "new": 6,
        "pending": 3,
        "on_hold": 3,
        "snoozed": 5,
        "solved": 4,
        "all": 28,
    }


def test_what_presses_most_comes_first_then_who_waits_longest(ben: User) -> None:
    first, second, urgent = (open_ticket().pk for _ in range(3))
    Ticket.objects.filter(pk=urgent).update(priority=Priority.URGENT)
    Ticket.objects.filter(pk=second).update(
        status_changed_at=timezone.now() - dt.timedelta(hours=1)
    )
    assert numbers(ben) == [urgent, second, first]


def test_an_entry_says_who_waits_since_when_with_which_words(ben: User) -> None:
    ticket = open_ticket()
    ask(ticket.conversation, "First")
    reply_in(ticket.conversation, ben, "Yes?")
    asked = ask(ticket.conversation, "Second")
    ask(ticket.conversation, "Third")
    (entry,) = read_queue(ben, Asked()).entries
    assert (entry.last_text, entry.is_unread, entry.has_draft) == ("Third", True, False)
    assert entry.waits_since == Message.objects.get(pk=asked.pk).created_at
    draft_for(ticket.conversation)
    Ticket.objects.update(status=Status.PENDING)
    (entry,) = read_queue(ben, asked_from({"view": "pending"})).entries
    assert (entry.waits_since, entry.has_draft) == (None, True)


def test_search_finds_numbers_customers_and_words_in_any_view(ben: User) -> None:
    ticket, _ = open_ticket(), open_ticket()
    ask(ticket.conversation, "My grinder hums")
    Ticket.objects.update(status=Status.CLOSED)
    assert numbers(ben, q=f"#{ticket.pk}") == [ticket.pk]
    assert numbers(ben, q="GRINDER") == [ticket.pk]
    assert len(numbers(ben, q="ada")) == 2
    assert numbers(ben, q="100%") == []


def saying(words: str) -> Ticket:
    ticket = open_ticket()
    ask(ticket.conversation, words)
    return ticket


def test_found_words_are_marked_and_nothing_else_is_markup(agent: Client) -> None:
    saying("5 < 6 <b>grinders</b> hum <")
    html = agent.get(reverse("desk:queue"), {"q": "grinder"}).json()["entries"]
    assert "<mark>grinders</mark>" in html
    assert "5 &lt; 6" in html
    assert "<b>" not in html
    assert "<mark>Ada</mark>" in agent.get(reverse("desk:queue"), {"q": "ada"}).json()["entries"]


def test_the_ticket_that_says_it_best_comes_first(ben: User) -> None:
    once = saying(f"A grinder. {'Nothing to do with it. ' * 20}")
    often = saying("The grinder is my grinder.")
    assert numbers(ben, q="grinder") == [often.pk, once.pk]


def test_what_means_the_same_is_found_behind_what_has_the_words(agent: Client, ben: User) -> None:
    same = saying("My package did not arrive")
    word = saying("Is the lost parcel insured?")
    saying("How do I change my password?")
    embed_tickets()
    assert numbers(ben, q="lost parcel") == [word.pk, same.pk]
    html = agent.get(reverse("desk:queue"), {"q": "lost parcel"}).json()["entries"]
    assert html.index("<mark>lost</mark>") < html.index("close in meaning")
    assert numbers(ben, q='"lost parcel"') == [word.pk]
    Ticket.objects.filter(pk=same.pk).update(team=Team.objects.create(name="X", is_private=True))
    assert numbers(ben, q="lost parcel") == [word.pk]
    ask(word.conversation, "It had a blue sticker.")
    assert not TicketVector.objects.filter(ticket=word).exists(), "it is made anew"


def test_a_long_view_comes_in_pages(ben: User) -> None:
    for _ in range(PAGE + 2):
        open_ticket()
    first = read_queue(ben, Asked())
    second = read_queue(ben, Asked(page=2))
    assert (len(first.entries), first.more) == (PAGE, True)
    assert (len(second.entries), second.more) == (2, False)


@pytest.mark.parametrize("raw", [{"view": "x", "team": "x", "page": "0"}, {"page": "9" * 30}])
def test_odd_addresses_show_the_first_view(raw: dict[str, str]) -> None:
    assert asked_from(raw) == Asked()
