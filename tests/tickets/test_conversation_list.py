"""The agents' list of conversations: by customer and last words, with a mark on what is unread."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.tickets.cast import ask, reply_in
from tickets.models import Conversation, Customer, Ticket
from tickets.services.conversations import mark_seen, start_conversation
from tickets.services.handover import give_back, request_person

LIST = "/admin/tickets/conversation/"
UNREAD = "(unread)"


@pytest.fixture
def agent(ben: User, browser_of: Callable[[User], Client]) -> Client:
    return browser_of(ben)


@pytest.fixture
def waiting(conversation: Conversation) -> Ticket:
    """Ada has written and waits for a person."""
    ask(conversation, "Where is my grinder?")
    return request_person(conversation=conversation)


def seen(agent: Client, query: str = "") -> str:
    return agent.get(LIST + query).content.decode()


def pages_of(ticket: Ticket) -> dict[str, str]:
    return {
        "conversation": reverse("admin:tickets_conversation_change", args=[ticket.conversation_id]),
        "ticket": reverse("desk:ticket", args=[ticket.pk]),
        "news": reverse("desk:news", args=[ticket.pk]) + "?seq=0&seen=yes",
    }


def test_conversations_are_listed_by_customer_and_last_words(
    agent: Client, ben: User, waiting: Ticket
) -> None:
    text = seen(agent)
    assert "Ada" in text
    assert "Where is my grinder?" in text
    reply_in(waiting.conversation, ben, "It is <b>on its way</b>.")
    text = seen(agent)
    assert "Agent: It is &lt;b&gt;on its way&lt;/b&gt;." in text
    assert "Where is my grinder?" not in text


def test_the_newest_words_come_first_and_silence_last(agent: Client, ada: Customer) -> None:
    first, second = (start_conversation(customer=ada) for _ in range(2))
    silent = start_conversation(customer=ada)
    ask(second, "Second."), ask(first, "First.")
    text = seen(agent)
    places = [text.index(str(one.pk)) for one in (first, second, silent)]
    assert places == sorted(places)
    assert "Nothing has been said yet" in text


def test_the_time_is_given_for_the_readers_own_zone(agent: Client, waiting: Ticket) -> None:
    moment = Conversation.objects.get().last_message_at
    assert moment is not None
    assert f'<local-time datetime="{moment.isoformat()}"' in seen(agent)


@pytest.mark.parametrize("page", ["conversation", "ticket", "news"])
def test_what_an_agent_has_opened_is_read_for_the_team_until_the_customer_writes_again(
    agent: Client, cleo: User, browser_of: Callable[[User], Client], waiting: Ticket, page: str
) -> None:
    cleo.user_permissions.set(Permission.objects.filter(content_type__app_label="tickets"))
    colleague = browser_of(cleo)
    assert UNREAD in seen(agent)
    assert UNREAD in seen(agent), "a look at the list reads nothing"
    agent.get(pages_of(waiting)[page])
    assert UNREAD not in seen(colleague)
    ask(waiting.conversation, "Hello?")
    assert UNREAD in seen(colleague)


def test_news_in_a_tab_that_nobody_looks_at_stay_unread(agent: Client, waiting: Ticket) -> None:
    agent.get(reverse("desk:news", args=[waiting.pk]), {"seq": "0", "seen": ""})
    assert UNREAD in seen(agent)


@pytest.mark.parametrize("page", ["conversation", "ticket", "news"])
def test_who_may_only_look_does_not_read_for_the_team(
    agent: Client, eve: User, browser_of: Callable[[User], Client], waiting: Ticket, page: str
) -> None:
    eve.is_staff = True
    eve.save()
    eve.user_permissions.set(
        Permission.objects.filter(content_type__app_label="tickets", codename__startswith="view_")
    )
    assert browser_of(eve).get(pages_of(waiting)[page]).status_code == 200
    assert UNREAD in seen(agent)


def test_what_the_bot_answers_or_an_agent_writes_is_not_unread(
    agent: Client, ben: User, waiting: Ticket
) -> None:
    conversation = Conversation.objects.get()
    mark_seen(conversation=conversation, seq=conversation.last_seq)
    reply_in(conversation, ben, "It is on its way.")
    assert UNREAD not in seen(agent)
    give_back(conversation=conversation, agent=ben)
    ask(conversation, "Thanks. What does it cost?")
    assert UNREAD not in seen(agent)


def test_unread_conversations_are_found(agent: Client, ada: Customer, waiting: Ticket) -> None:
    other = start_conversation(customer=ada)
    ask(other, "Of the bot.")
    assert "Of the bot." in seen(agent)
    text = seen(agent, "?unread=yes")
    assert "Where is my grinder?" in text
    assert "Of the bot." not in text


def test_nothing_is_read_before_it_was_said(waiting: Ticket, agent: Client) -> None:
    mark_seen(conversation=waiting.conversation, seq=2**31 - 1)
    ask(waiting.conversation, "Hello?")
    assert UNREAD in seen(agent)


def test_a_long_list_takes_as_many_queries_as_a_short_one(agent: Client, ada: Customer) -> None:
    def queries(path: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert agent.get(path).status_code == 200
        return len(captured)

    def speak(times: int) -> None:
        for number in range(times):
            conversation = start_conversation(customer=Customer.objects.create(name=f"C{number}"))
            ask(conversation)
            request_person(conversation=conversation)

    lists = (LIST, "/admin/tickets/ticket/", "/admin/tickets/draft/")
    speak(2)
    short = [queries(path) for path in lists]
    speak(30)
    assert [queries(path) for path in lists] == short
    assert short[0] <= 12, "session, user, permissions, counts, badges, mentions, filters, rows"
