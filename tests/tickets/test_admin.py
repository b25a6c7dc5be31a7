"""The agents' admin: the queue, the page of a ticket, and everything that can be done there."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.tickets.cast import a_draft, ask
from tickets.admin.audit import WORDS
from tickets.models import (
    AuditEntry,
    Conversation,
    ConversationFact,
    Customer,
    Draft,
    Ticket,
)
from tickets.services import audit
from tickets.services.drafts import approve_draft
from tickets.services.handover import request_person
from tickets.services.memory import remember
from tickets.services.tickets import assign

Browser = Callable[[User], Client]
LIST = "/admin/tickets/ticket/"


@pytest.fixture
def draft(conversation: Conversation) -> Draft:
    return a_draft(conversation, "Can I return opened coffee?")


@pytest.fixture
def ticket(draft: Draft) -> Ticket:
    return draft.ticket


@pytest.fixture
def agent(ben: User, browser_of: Browser) -> Client:
    return browser_of(ben)


@pytest.fixture
def reader(eve: User, browser_of: Browser) -> Client:
    """Eve, made staff who may look at tickets and do nothing."""
    eve.is_staff = True
    eve.save()
    views = Permission.objects.filter(
        content_type__app_label="tickets", codename__startswith="view_"
    )
    eve.user_permissions.set(views)
    return browser_of(eve)


def page_of(ticket: Ticket) -> str:
    return reverse("admin:tickets_ticket_change", args=[ticket.pk])


def actions_of(user: User) -> list[str]:
    """What they did; not what they opened, nor that they logged in."""
    entries = AuditEntry.objects.filter(actor=user).order_by("pk")
    entries = entries.exclude(action__endswith=".viewed").exclude(action__startswith="account.")
    return list(entries.values_list("action", flat=True))


# -- The queue ------------------------------------------------------------------------------------
def test_the_queue_shows_what_is_unsolved(agent: Client, ticket: Ticket) -> None:
    assert "Can I return opened coffee?" in agent.get(LIST).content.decode()
    Ticket.objects.update(status=Ticket.Status.SOLVED)
    assert page_of(ticket) not in agent.get(LIST).content.decode()
    assert page_of(ticket) in agent.get(f"{LIST}?queue=all").content.decode()
    assert page_of(ticket) in agent.get(f"{LIST}?queue=solved").content.decode()


def test_agents_find_their_own_tickets(agent: Client, ben: User, ticket: Ticket) -> None:
    assert page_of(ticket) not in agent.get(f"{LIST}?queue=mine").content.decode()
    assert page_of(ticket) in agent.get(f"{LIST}?queue=unassigned").content.decode()
    Ticket.objects.update(assignee=ben)
    assert page_of(ticket) in agent.get(f"{LIST}?queue=mine").content.decode()


def test_lists_say_states_and_colleagues_in_words(
    agent: Client, ben: User, ticket: Ticket, draft: Draft
) -> None:
    """A state without a colour of its own, and a log-in name that is not what Ben is called."""
    User.objects.filter(pk=ben.pk).update(username="agent-7")
    Ticket.objects.update(assignee=ben, status=Ticket.Status.ON_HOLD)
    Draft.objects.update(decided_by=ben)
    page = agent.get(LIST).content.decode()
    drafts = agent.get("/admin/tickets/draft/").content.decode()
    assert re.search(r">\s*On hold\s*</span>", page)
    assert [name in page for name in (">Ben<", ">agent-7<")] == [True, False]
    assert [name in drafts for name in (">Ben<", ">agent-7<")] == [True, False]


@pytest.mark.parametrize("words", ["ada", "opened", "coffee?"])
def test_the_queue_is_searched(agent: Client, ticket: Ticket, words: str) -> None:
    assert page_of(ticket) in agent.get(LIST, {"q": words}).content.decode()


def test_a_tickets_own_page_is_the_desk(
    agent: Client, cleo: User, browser_of: Browser, ticket: Ticket
) -> None:
    answer = agent.get(page_of(ticket))
    assert answer["Location"] == reverse("desk:ticket", args=[ticket.pk])
    assert browser_of(cleo).get(page_of(ticket)).status_code == 403
    assert "doesn’t exist" in agent.get(f"{LIST}77/change/", follow=True).content.decode()


def test_the_mode_is_changed_on_the_conversation(agent: Client, ben: User, ticket: Ticket) -> None:
    url = reverse("admin:tickets_conversation_mode", args=[ticket.conversation_id])
    agent.post(url, {"mode": "draft"})
    assert Conversation.objects.get().mode == Conversation.Mode.DRAFT
    assert actions_of(ben) == ["conversation.mode_changed"]
    answer = agent.post(url, {"mode": "loud"}, follow=True)
    assert "There is no such mode." in answer.content.decode()


def test_tickets_are_not_added_or_deleted_by_hand(agent: Client, ticket: Ticket) -> None:
    assert agent.get(f"{LIST}add/").status_code == 403
    delete = reverse("admin:tickets_ticket_delete", args=[ticket.pk])
    assert agent.post(delete, {"post": "yes"}).status_code == 403


# -- Drafts ---------------------------------------------------------------------------------------
def test_the_list_of_drafts_leads_to_the_ticket(
    agent: Client, ticket: Ticket, draft: Draft
) -> None:
    assert "Can I return opened coffee?" in agent.get("/admin/tickets/draft/").content.decode()
    answer = agent.get(reverse("admin:tickets_draft_change", args=[draft.pk]))
    assert answer["Location"] == f"{page_of(ticket)}#draft-{draft.pk}"


def test_drafts_that_wait_come_first(agent: Client, ticket: Ticket, draft: Draft) -> None:
    newer = a_draft(ticket.conversation, "A newer question")
    Draft.objects.filter(pk=newer.pk).update(status=Draft.Status.REJECTED)
    text = agent.get("/admin/tickets/draft/").content.decode()
    assert text.index("Can I return opened coffee?") < text.index("A newer question")


# -- News -----------------------------------------------------------------------------------------
def test_what_waits_is_counted_for_those_who_may_see_it(
    agent: Client, cleo: User, browser_of: Browser, ticket: Ticket, draft: Draft
) -> None:
    url = reverse("admin:tickets_ticket_waiting")
    assert agent.get(url).json() == {LIST: 1, "/admin/tickets/draft/": 1}
    approve_draft(draft=draft, agent=User.objects.get(username="ben"))
    assert agent.get(url).json() == {LIST: 0, "/admin/tickets/draft/": 0}
    assert browser_of(cleo).get(url).status_code == 403


# -- Records --------------------------------------------------------------------------------------
def test_conversations_and_customers_are_looked_at(
    agent: Client, reader: Client, cleo: User, browser_of: Browser, ticket: Ticket
) -> None:
    conversation, customer = Conversation.objects.get(), Customer.objects.get()
    pages = [
        "/admin/tickets/conversation/",
        reverse("admin:tickets_conversation_change", args=[conversation.pk]),
        "/admin/tickets/customer/",
        reverse("admin:tickets_customer_change", args=[customer.pk]),
    ]
    for page in pages:
        assert "Ada" in agent.get(page).content.decode()
        assert browser_of(cleo).get(page).status_code == 403
    assert agent.post(pages[3], {"name": "Eve"}).status_code == 405
    mode = reverse("admin:tickets_conversation_mode", args=[conversation.pk])
    assert reader.post(mode, {"mode": "draft"}).status_code == 403
    assert mode not in reader.get(pages[1]).content.decode()


@pytest.mark.parametrize("model", ["conversation", "customer", "draft", "auditentry"])
def test_any_words_can_be_searched_for(agent: Client, ticket: Ticket, model: str) -> None:
    assert agent.get(f"/admin/tickets/{model}/", {"q": "ada no-uuid 7"}).status_code == 200


def test_the_audit_log_is_read_and_nothing_else(
    agent: Client, eve: User, browser_of: Browser, conversation: Conversation
) -> None:
    request_person(conversation=conversation)
    entry = AuditEntry.objects.first()
    assert entry is not None
    assert "opened the ticket" in agent.get("/admin/tickets/auditentry/").content.decode()
    filtered = agent.get("/admin/tickets/auditentry/?action=ticket.assigned").content.decode()
    assert "opened the ticket" not in filtered
    for query, areas in (
        ("area=ticket.", {"ticket"}),
        ("area=sla.", set()),
        ("actor_name=ben", {"account"}),
    ):
        rows = agent.get(f"/admin/tickets/auditentry/?{query}").context["cl"].result_list
        assert {row.action.partition(".")[0] for row in rows} == areas
    assert agent.get("/admin/tickets/auditentry/add/").status_code == 403
    for name in ("change", "delete"):
        url = reverse(f"admin:tickets_auditentry_{name}", args=[entry.pk])
        assert agent.post(url, {"post": "yes"}).status_code in {403, 405}
    assert browser_of(eve).get("/admin/tickets/auditentry/").status_code == 302


def test_the_audit_log_calls_people_by_their_names_in_one_query(
    agent: Client, ticket: Ticket, ben: User
) -> None:
    User.objects.filter(pk=ben.pk).update(first_name="Benjamin", last_name="Ash")
    counts = []
    for _ in range(2):
        assign(ticket=ticket, assignee=ben, agent=ben)
        assign(ticket=ticket, assignee=None, agent=ben)
        with CaptureQueriesContext(connection) as queries:
            page = agent.get("/admin/tickets/auditentry/").content.decode()
        counts.append(len(queries))
    assert "Benjamin Ash → nobody" in page
    assert '<span title="Log-in name: ben">Benjamin Ash</span>' in page
    assert counts[0] == counts[1]
    month = f"{timezone.localdate():%Y-%m}"
    for query in ("q=benjamin+ash", f"when={month}", "when=1", "when=1999-12"):
        assert "assigned the ticket" in agent.get(f"/admin/tickets/auditentry/?{query}").text


def test_every_audit_action_has_words() -> None:
    assert set(WORDS) >= audit.ACTIONS


# -- Conversations ------------------------------------------------------------------------------
def test_an_agent_sees_and_deletes_what_the_customer_told(
    agent: Client, conversation: Conversation
) -> None:
    page = reverse("admin:tickets_conversation_change", args=[conversation.pk])
    assert "No order number" in agent.get(page).content.decode()
    message = ask(conversation, "I live in Spain")
    remember(message=message, facts=[(ConversationFact.Kind.COUNTRY, "Spain")])
    (fact,) = conversation.facts.all()
    shown = agent.get(page).content.decode()
    assert "Spain" in shown
    forget_it = reverse("admin:tickets_conversation_forget", args=[conversation.pk, fact.pk])
    assert forget_it in shown
    assert agent.get(forget_it).status_code == 405
    answer = agent.post(forget_it, {"next": "https://evil.example/"})
    assert (answer.status_code, answer["Location"]) == (302, page)
    assert not conversation.facts.exists()


def test_an_agent_closes_a_conversation_on_its_page(
    agent: Client, ben: User, conversation: Conversation
) -> None:
    page = reverse("admin:tickets_conversation_change", args=[conversation.pk])
    close = reverse("admin:tickets_conversation_close", args=[conversation.pk])
    assert close in agent.get(page).content.decode()
    assert agent.get(close).status_code == 405
    assert agent.post(close).status_code == 302
    conversation.refresh_from_db()
    assert (conversation.state, conversation.closed_by) == ("closed", "agent")
    after = agent.get(page).content.decode()
    assert "by: An agent" in after
    assert close not in after
    assert actions_of(ben) == ["conversation.closed"]


def test_who_may_not_change_conversations_cannot_close_one(
    browser_of: Callable[[User], Client], cleo: User, conversation: Conversation
) -> None:
    close = reverse("admin:tickets_conversation_close", args=[conversation.pk])
    assert browser_of(cleo).post(close).status_code == 403
