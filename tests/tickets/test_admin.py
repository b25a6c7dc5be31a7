"""The agents' admin: the queue, the page of a ticket, and everything that can be done there."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from tests.tickets.cast import ask
from tickets.admin.actions import ACTIONS
from tickets.admin.audit import WORDS
from tickets.models import (
    AuditEntry,
    Conversation,
    ConversationFact,
    Customer,
    Draft,
    Message,
    Ticket,
)
from tickets.services import audit
from tickets.services.drafts import approve_draft, create_draft
from tickets.services.handover import request_person, take_over
from tickets.services.memory import remember
from tickets.services.messages import add_customer_message

Browser = Callable[[User], Client]
LIST = "/admin/tickets/ticket/"
SENTENCE = {
    "text": "Opened coffee cannot be returned.",
    "citations": [
        {
            "n": 1,
            "title": "Returns policy",
            "heading": ["Returns policy", "Exceptions"],
            "page": 2,
            "quote": "Opened coffee beans cannot be returned.",
            "version": 3,
            "effective_from": "2026-03-01",
        }
    ],
}
PASSAGE = {
    "passage_id": 1,
    "document_id": 1,
    "title": "Returns policy",
    "version": 3,
    "heading": [],
    "page": 2,
    "text": "Opened coffee beans cannot be returned.",
    "dense": 0.7,
    "lexical": 0.1,
    "score": 0.93,
}


@pytest.fixture
def draft(conversation: Conversation) -> Draft:
    return a_draft(conversation, "Can I return opened coffee?")


def a_draft(conversation: Conversation, question: str) -> Draft:
    message, _ = add_customer_message(
        conversation=conversation, text=question, client_id=str(uuid.uuid4())
    )
    draft = create_draft(
        question=message,
        run_id=uuid.uuid4(),
        text="Opened coffee cannot be returned.\nSealed coffee can.",
        sentences=[SENTENCE],
        passages=[PASSAGE],
    )
    assert draft is not None
    return draft


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


def do(ticket: Ticket, name: str) -> str:
    return reverse("admin:tickets_ticket_do", args=[ticket.pk, name])


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


@pytest.mark.parametrize("words", ["ada", "opened", "coffee?"])
def test_the_queue_is_searched(agent: Client, ticket: Ticket, words: str) -> None:
    assert page_of(ticket) in agent.get(LIST, {"q": words}).content.decode()


# -- The page -------------------------------------------------------------------------------------
def test_the_page_shows_question_draft_passages_and_history(
    agent: Client, ticket: Ticket, draft: Draft
) -> None:
    text = agent.get(page_of(ticket)).content.decode()
    for expected in (
        "Can I return opened coffee?",
        "Sealed coffee can.</textarea>",
        "Reply to Ada",
        "Returns policy › Exceptions, page 2, version 3",
        "score 0.93",
        "handed the conversation over to people",
    ):
        assert expected in text


def test_what_a_customer_writes_is_never_html(agent: Client, ticket: Ticket) -> None:
    bad = "</textarea><script>alert(1)</script>"
    a_draft(ticket.conversation, bad)
    assert "<script>alert(1)" not in agent.get(page_of(ticket)).content.decode()


def test_outsiders_see_no_ticket(
    cleo: User, eve: User, browser_of: Browser, ticket: Ticket
) -> None:
    assert browser_of(cleo).get(page_of(ticket)).status_code == 403
    assert browser_of(eve).get(page_of(ticket)).status_code == 302
    assert Client().get(page_of(ticket)).status_code == 302


def test_readers_see_the_ticket_and_no_buttons(reader: Client, ticket: Ticket) -> None:
    text = reader.get(page_of(ticket)).content.decode()
    assert "Can I return opened coffee?" in text
    assert "/do/" not in text


@pytest.mark.parametrize("name", ACTIONS)
def test_readers_can_do_nothing(reader: Client, ticket: Ticket, draft: Draft, name: str) -> None:
    before = AuditEntry.objects.count()
    data = {"draft": draft.pk, "text": "No.", "status": "closed", "mode": "draft"}
    assert reader.post(do(ticket, name), data).status_code == 403
    assert AuditEntry.objects.count() == before


def test_a_reply_sent_twice_from_one_page_arrives_once(agent: Client, ticket: Ticket) -> None:
    form = {"text": "Hello", "client_id": "reply-1"}
    agent.post(do(ticket, "reply"), form)
    agent.post(do(ticket, "reply"), form)
    assert ticket.conversation.messages.filter(text="Hello").count() == 1


def test_a_closed_ticket_takes_no_reply(agent: Client, ticket: Ticket) -> None:
    agent.post(do(ticket, "status"), {"status": "closed"})
    page = agent.post(do(ticket, "reply"), {"text": "One more thing"}, follow=True)
    assert "is closed" in page.content.decode()
    assert not ticket.conversation.messages.filter(text="One more thing").exists()


def test_a_missing_ticket_is_said_so(agent: Client) -> None:
    assert "doesn’t exist" in agent.get(f"{LIST}77/change/", follow=True).content.decode()
    assert agent.post(f"{LIST}77/do/reply/", {"text": "Hello"}).status_code == 404


def test_an_unknown_action_is_refused(agent: Client, ticket: Ticket) -> None:
    assert agent.post(do(ticket, "explode")).status_code == 404
    assert agent.get(do(ticket, "reply"))["Location"] == page_of(ticket)


def test_actions_need_a_csrf_token(ben: User, ticket: Ticket) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ben)
    assert browser.post(do(ticket, "reply"), {"text": "Hello"}).status_code == 403


def test_tickets_are_not_added_or_deleted_by_hand(agent: Client, ticket: Ticket) -> None:
    assert agent.get(f"{LIST}add/").status_code == 403
    delete = reverse("admin:tickets_ticket_delete", args=[ticket.pk])
    assert agent.post(delete, {"post": "yes"}).status_code == 403


# -- Drafts ---------------------------------------------------------------------------------------
def test_an_untouched_draft_is_approved_with_its_citations(
    agent: Client, ben: User, ticket: Ticket, draft: Draft
) -> None:
    # As a browser sends it: with CR LF.
    text = draft.text.replace("\n", "\r\n")
    answer = agent.post(do(ticket, "approve"), {"draft": draft.pk, "text": text})
    assert answer["Location"] == page_of(ticket)
    message = Message.objects.get(author=Message.Author.AGENT)
    assert (message.text, message.sentences) == (draft.text, [SENTENCE])
    assert "draft.approved" in actions_of(ben)


def test_an_edited_draft_is_sent_as_edited(
    agent: Client, ben: User, ticket: Ticket, draft: Draft
) -> None:
    agent.post(do(ticket, "approve"), {"draft": draft.pk, "text": "No, sorry."})
    message = Message.objects.get(author=Message.Author.AGENT)
    assert (message.text, message.sentences) == ("No, sorry.", [])
    assert "draft.edited" in actions_of(ben)


def test_a_draft_is_rejected_with_a_reason(
    agent: Client, ben: User, ticket: Ticket, draft: Draft
) -> None:
    agent.post(do(ticket, "reject"), {"draft": draft.pk, "reason": "Wrong year"})
    draft.refresh_from_db()
    assert draft.status == Draft.Status.REJECTED
    assert not Message.objects.filter(author=Message.Author.AGENT).exists()
    assert AuditEntry.objects.get(action="draft.rejected").data["reason"] == "Wrong year"
    assert "Wrong year" in agent.get(page_of(ticket)).content.decode()


@pytest.mark.parametrize("name", ["approve", "reject"])
def test_the_second_agent_is_told_and_keeps_what_was_typed(
    agent: Client, cleo: User, ticket: Ticket, draft: Draft, name: str
) -> None:
    approve_draft(draft=draft, agent=cleo)
    answer = agent.post(do(ticket, name), {"draft": draft.pk, "text": "My own words"})
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "Cleo has already approved this draft" in text
    assert "My own words</textarea>" in text
    assert Message.objects.filter(author=Message.Author.AGENT).count() == 1


def test_a_refused_edit_stays_in_its_draft(agent: Client, ticket: Ticket, draft: Draft) -> None:
    long = "word " * 5000
    answer = agent.post(do(ticket, "approve"), {"draft": draft.pk, "text": long})
    assert answer.status_code == 409
    assert "Shorten the text" in answer.content.decode()
    assert long in answer.content.decode()
    assert agent.post(do(ticket, "approve"), {"draft": draft.pk}).status_code == 409


@pytest.mark.parametrize("number", ["", "x", "77", str(9**30)])
def test_a_draft_of_nowhere_is_refused(agent: Client, ticket: Ticket, number: str) -> None:
    answer = agent.post(do(ticket, "approve"), {"draft": number, "text": "Hello"})
    assert answer.status_code == 409
    assert "does not exist any more" in answer.content.decode()


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


# -- Everything else on the page ------------------------------------------------------------------
def test_a_reply_of_ones_own_is_sent(agent: Client, ben: User, ticket: Ticket) -> None:
    agent.post(do(ticket, "reply"), {"text": "Hello Ada"})
    message = Message.objects.get(author=Message.Author.AGENT)
    assert (message.text, message.agent) == ("Hello Ada", ben)
    ticket.refresh_from_db()
    assert ticket.status == Ticket.Status.PENDING
    assert {"message.sent", "conversation.taken_over"} <= set(actions_of(ben))


def test_an_empty_reply_is_not_sent(agent: Client, ticket: Ticket) -> None:
    answer = agent.post(do(ticket, "reply"), {"text": "  "})
    assert (answer.status_code, Message.objects.count()) == (409, 1)
    assert "Write a reply before you send it." in answer.content.decode()


def test_the_status_follows_its_transitions(agent: Client, ben: User, ticket: Ticket) -> None:
    agent.post(do(ticket, "status"), {"status": "solved"})
    ticket.refresh_from_db()
    assert ticket.status == Ticket.Status.SOLVED
    answer = agent.post(do(ticket, "status"), {"status": "pending"})
    assert "cannot become" in answer.content.decode()
    assert agent.post(do(ticket, "status"), {"status": "gone"}).status_code == 409
    assert set(actions_of(ben)) == {
        "ticket.status_changed",
        "draft.withdrawn",
        "conversation.given_back",
    }


def test_a_ticket_is_assigned_and_freed(agent: Client, ben: User, ticket: Ticket) -> None:
    agent.post(do(ticket, "assign"), {"assignee": ben.pk})
    ticket.refresh_from_db()
    assert ticket.assignee == ben
    assert "nobody → ben" in agent.get(page_of(ticket)).content.decode()
    agent.post(do(ticket, "assign"), {"assignee": ""})
    ticket.refresh_from_db()
    assert ticket.assignee is None


def test_a_ticket_goes_only_to_those_who_may_work_on_it(
    agent: Client, cleo: User, ticket: Ticket
) -> None:
    for wanted in (cleo.pk, "x", 77):
        answer = agent.post(do(ticket, "assign"), {"assignee": wanted})
        assert "Choose somebody who may work on tickets." in answer.content.decode()


def test_a_conversation_is_taken_over_and_given_back(
    agent: Client, ben: User, ticket: Ticket
) -> None:
    agent.post(do(ticket, "take-over"))
    assert Conversation.objects.get().state == Conversation.State.AGENT
    agent.post(do(ticket, "give-back"))
    assert Conversation.objects.get().state == Conversation.State.BOT
    assert actions_of(ben) == ["conversation.taken_over", "conversation.given_back"]


def test_the_mode_is_changed_on_the_ticket_and_on_the_conversation(
    agent: Client, ben: User, ticket: Ticket
) -> None:
    agent.post(do(ticket, "mode"), {"mode": "draft"})
    assert Conversation.objects.get().mode == Conversation.Mode.DRAFT
    url = reverse("admin:tickets_conversation_mode", args=[ticket.conversation_id])
    agent.post(url, {"mode": "reply"})
    assert Conversation.objects.get().mode == Conversation.Mode.REPLY
    assert actions_of(ben) == ["conversation.mode_changed"] * 2
    answer = agent.post(url, {"mode": "loud"}, follow=True)
    assert "There is no such mode." in answer.content.decode()


# -- News -----------------------------------------------------------------------------------------
def test_news_are_the_messages_and_drafts_since(agent: Client, ticket: Ticket) -> None:
    url = reverse("admin:tickets_ticket_news", args=[ticket.pk])
    after = Conversation.objects.get().last_seq
    assert agent.get(url, {"after": after}).json()["messages"] == []
    newer = a_draft(ticket.conversation, "And <i>sealed</i> coffee?")
    news = agent.get(url, {"after": after}).json()
    assert len(news["messages"]) == 1
    assert "&lt;i&gt;sealed" in news["messages"][0]
    assert newer.pk in news["drafts"]
    assert len(news["cards"]) == 2
    (card,) = agent.get(url, {"after": str(after), "shown": f"{newer.pk},x"}).json()["cards"]
    assert f'data-draft="{newer.pk}"' not in card
    assert "Approve and send" in card
    assert agent.get(url, {"after": news["seq"]}).json()["messages"] == []


@pytest.mark.parametrize("after", ["", "x", "-1", str(9**30)])
def test_news_survive_odd_questions(agent: Client, ticket: Ticket, after: str) -> None:
    url = reverse("admin:tickets_ticket_news", args=[ticket.pk])
    assert agent.get(url, {"after": after}).json()["messages"] == []


def test_news_are_for_viewers_of_existing_tickets(
    agent: Client, cleo: User, browser_of: Browser, ticket: Ticket
) -> None:
    url = reverse("admin:tickets_ticket_news", args=[ticket.pk])
    assert browser_of(cleo).get(url).status_code == 403
    assert agent.post(url).status_code == 405
    assert agent.get(f"{LIST}77/news/").status_code == 404


def test_news_draw_what_a_colleague_has_changed(agent: Client, ben: User, ticket: Ticket) -> None:
    url = reverse("admin:tickets_ticket_news", args=[ticket.pk])
    before = agent.get(url).json()
    assert before["side_state"] == agent.get(url).json()["side_state"]
    assert f'data-side="{before["side_state"]}"' in agent.get(page_of(ticket)).content.decode()
    take_over(conversation=ticket.conversation, agent=ben)
    after = agent.get(url).json()
    assert after["side_state"] != before["side_state"]
    assert "Ben speaks with the customer." in after["side"]


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
    assert agent.get("/admin/tickets/auditentry/add/").status_code == 403
    for name in ("change", "delete"):
        url = reverse(f"admin:tickets_auditentry_{name}", args=[entry.pk])
        assert agent.post(url, {"post": "yes"}).status_code in {403, 405}
    assert browser_of(eve).get("/admin/tickets/auditentry/").status_code == 302


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


def test_an_agent_reads_how_customers_see_them(agent: Client, ben: User, ticket: Ticket) -> None:
    page = reverse("admin:tickets_ticket_change", args=[ticket.pk])
    assert "The customer sees you as “Ben”." in agent.get(page).content.decode()
    User.objects.filter(pk=ben.pk).update(first_name="")
    assert "“a colleague”, because your account" in agent.get(page).content.decode()
