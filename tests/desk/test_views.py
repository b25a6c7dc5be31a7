"""The desk's page and fragments: who sees them, what they show, and what can be done there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from supportbot.desk.actions import ACTIONS
from supportbot.desk.models import DeskPreference, KeptText, OutgoingReply
from supportbot.desk.outgoing import send_due
from tests.tickets.cast import SENTENCE, a_draft, actions_on, ask, open_ticket, reply_in
from tickets.models import AuditEntry, Conversation, CustomField, Draft, Message, Team, Ticket
from tickets.services.availability import is_away
from tickets.services.drafts import approve_draft
from tickets.services.events import append_event
from tickets.services.handover import take_over
from tickets.services.messages import add_bot_answer

Browser = Callable[[User], Client]
DESK = "/admin/desk/"


def page_of(ticket: Ticket) -> str:
    return reverse("desk:ticket", args=[ticket.pk])


def do(client: Client, ticket: Ticket, name: str, **form: Any) -> Any:
    return client.post(reverse("desk:act", args=[ticket.pk, name]), form)


def opened(client: Client, ticket: Ticket) -> dict[str, Any]:
    found: dict[str, Any] = client.get(reverse("desk:open", args=[ticket.pk])).json()
    return found


def panels(client: Client, ticket: Ticket) -> str:
    return "".join(panel["html"] for panel in opened(client, ticket)["panels"].values())


def news(client: Client, ticket: Ticket, **query: Any) -> dict[str, Any]:
    found: dict[str, Any] = client.get(reverse("desk:news", args=[ticket.pk]), query).json()
    return found


def soon() -> None:
    """The time to take replies back has passed."""
    OutgoingReply.objects.update(due_at=timezone.now() - dt.timedelta(seconds=1))
    send_due()


# -- The page -------------------------------------------------------------------------------------
def test_the_page_shows_queue_question_draft_citation_and_history(
    agent: Client, ticket: Ticket
) -> None:
    assert "Can I return opened coffee?" in agent.get(DESK).content.decode()
    found = opened(agent, ticket)
    drawn = panels(agent, ticket) + "".join(found["items"])
    for expected in (
        "Can I return opened coffee?",
        "Approve and send",
        "Opened coffee beans cannot be returned.",  # the quote
        "Exceptions › version 3",
        "score 0.93",
        "handed the conversation over to people",
    ):
        assert expected in drawn
    assert found["title"] in agent.get(page_of(ticket)).content.decode()


def test_what_a_customer_writes_is_never_html(agent: Client, ticket: Ticket) -> None:
    a_draft(ticket.conversation, "</script></textarea><script>alert(1)</script>")
    assert "<script>alert(1)" not in agent.get(page_of(ticket)).content.decode()
    assert "<script>alert(1)" not in str(opened(agent, ticket))


@pytest.mark.parametrize("name", ["desk", "queue", "ticket", "open", "news", "passages"])
def test_outsiders_see_nothing(
    cleo: User, eve: User, browser_of: Browser, ticket: Ticket, name: str
) -> None:
    url = reverse(f"desk:{name}", args=[] if name in {"desk", "queue"} else [ticket.pk])
    assert browser_of(cleo).get(url).status_code == 403
    assert browser_of(eve).get(url).status_code == 302
    assert Client().get(url).status_code == 302


def test_a_private_teams_tickets_are_for_its_members(
    agent: Client, ben: User, ticket: Ticket
) -> None:
    team = Team.objects.create(name="Legal", is_private=True)
    Ticket.objects.update(team=team)
    assert "Can I return" not in agent.get(f"{DESK}?view=all").content.decode()
    assert "Legal" not in agent.get(DESK).content.decode()
    for name in ("open", "news", "passages"):
        assert agent.get(reverse(f"desk:{name}", args=[ticket.pk])).status_code == 404
    assert do(agent, ticket, "take-over").status_code == 404
    team.members.add(ben)
    assert "Legal (1)" in agent.get(DESK).content.decode()
    assert "Can I return" in agent.get(DESK).content.decode()


def test_readers_see_the_ticket_and_no_buttons(reader: Client, ticket: Ticket) -> None:
    assert "Can I return opened coffee?" in str(opened(reader, ticket)["items"])
    assert "data-verb" not in panels(reader, ticket)
    assert "data-composer" not in reader.get(page_of(ticket)).content.decode()


@pytest.mark.parametrize("name", ACTIONS)
def test_readers_can_do_nothing(reader: Client, ticket: Ticket, draft: Draft, name: str) -> None:
    before = AuditEntry.objects.count()
    answer = do(reader, ticket, name, draft=draft.pk, text="No.", status="closed", mode="draft")
    assert answer.status_code == 403
    assert (AuditEntry.objects.count(), OutgoingReply.objects.count()) == (before, 0)


def test_a_missing_ticket_is_said_so(agent: Client) -> None:
    assert "Ticket #77 does not exist" in agent.get(f"{DESK}77/").content.decode()
    assert agent.get(f"{DESK}77/open/").status_code == 404
    assert agent.post(f"{DESK}77/do/send/", {"text": "Hello"}).status_code == 404


def test_an_unknown_action_is_refused(agent: Client, ticket: Ticket) -> None:
    assert do(agent, ticket, "explode").status_code == 404
    assert agent.get(reverse("desk:act", args=[ticket.pk, "send"])).status_code == 405


def test_actions_need_a_csrf_token(ben: User, ticket: Ticket) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ben)
    assert do(browser, ticket, "send", text="Hello").status_code == 403


def test_an_agent_reads_how_customers_see_them(agent: Client, ben: User, ticket: Ticket) -> None:
    assert "The customer sees you as “Ben”." in agent.get(page_of(ticket)).content.decode()
    User.objects.filter(pk=ben.pk).update(first_name="")
    assert "“a colleague”, because your account" in agent.get(page_of(ticket)).content.decode()


# -- Drafts and replies ---------------------------------------------------------------------------
def test_an_untouched_draft_is_approved_with_its_citations(
    agent: Client, ticket: Ticket, draft: Draft
) -> None:
    # As a browser sends it: with CR LF.
    text = draft.text.replace("\n", "\r\n")
    assert do(agent, ticket, "send", draft=draft.pk, text=text, seen=99).status_code == 200
    assert not Message.objects.filter(author=Message.Author.AGENT).exists()
    soon()
    message = Message.objects.get(author=Message.Author.AGENT)
    assert (message.text, message.sentences) == (draft.text, [SENTENCE])
    assert "draft.approved" in actions_on(draft)


def test_what_an_agent_changed_in_a_draft_is_shown_afterwards(
    agent: Client, ticket: Ticket, draft: Draft
) -> None:
    do(agent, ticket, "send", draft=draft.pk, text="Opened coffee can not be returned.", seen=99)
    soon()
    message = Message.objects.get(author=Message.Author.AGENT)
    assert (message.text, message.sentences) == ("Opened coffee can not be returned.", [])
    assert "draft.edited" in actions_on(draft)
    shown = panels(agent, ticket)
    assert "<del>cannot</del>" in shown
    assert "<ins>can not</ins>" in shown


def test_a_draft_is_rejected_with_a_reason(agent: Client, ticket: Ticket, draft: Draft) -> None:
    do(agent, ticket, "reject", draft=draft.pk, reason="Wrong year")
    draft.refresh_from_db()
    assert draft.status == Draft.Status.REJECTED
    assert AuditEntry.objects.get(action="draft.rejected").data["reason"] == "Wrong year"
    assert "Wrong year" in str(opened(agent, ticket)["items"])


def test_the_second_agent_is_told(agent: Client, cleo: User, ticket: Ticket, draft: Draft) -> None:
    approve_draft(draft=draft, agent=cleo)
    answer = do(agent, ticket, "reject", draft=draft.pk)
    assert answer.status_code == 409
    assert "Cleo has already approved this draft" in answer.json()["problem"]
    answer = do(agent, ticket, "send", draft=draft.pk, text="Mine", seen=99)
    assert answer.status_code == 409
    assert Message.objects.filter(author=Message.Author.AGENT).count() == 1


@pytest.mark.parametrize("number", ["x", "99999", str(9**30)])
def test_a_draft_of_nowhere_is_refused(agent: Client, ticket: Ticket, number: str) -> None:
    answer = do(agent, ticket, "send", draft=number, text="Hello", seen=99)
    assert (answer.status_code, answer.json()["problem"]) == (
        409,
        "This draft does not exist any more.",
    )


def test_a_long_text_is_refused_with_its_limit(agent: Client, ticket: Ticket) -> None:
    answer = do(agent, ticket, "send", text="word " * 5000, seen=99)
    assert "Shorten the text to 20,000" in answer.json()["problem"]


def test_an_empty_reply_is_not_sent(agent: Client, ticket: Ticket) -> None:
    assert do(agent, ticket, "send", text="  ", seen=99).status_code == 409
    assert not OutgoingReply.objects.exists()


def test_a_closed_ticket_takes_no_reply(agent: Client, ticket: Ticket) -> None:
    do(agent, ticket, "status", status="closed")
    answer = do(agent, ticket, "send", text="One more thing", seen=99)
    assert "is closed" in answer.json()["problem"]


def test_a_reply_that_a_colleague_forestalled_shows_theirs_and_asks(
    agent: Client, cleo: User, ticket: Ticket
) -> None:
    seen = opened(agent, ticket)["seq"]
    reply_in(ticket.conversation, cleo, "I am <b>on it</b>.")
    form = {"text": "Me too.", "seen": seen, "client_id": "one"}
    answer = do(agent, ticket, "send", **form)
    assert (answer.status_code, answer.json()["collision"]) == (409, True)
    assert "Cleo replied while you were writing." in answer.json()["problem"]
    assert "I am &lt;b&gt;on it&lt;/b&gt;." in answer.json()["messages"][0]
    assert not OutgoingReply.objects.exists()
    assert do(agent, ticket, "send", **form, sure="yes").status_code == 200


def test_undo_gives_the_words_back(agent: Client, ticket: Ticket) -> None:
    sent = do(agent, ticket, "send", text="Too fast", seen=99).json()
    assert "Too fast" in panels(agent, ticket)
    assert do(agent, ticket, "undo", outgoing=sent["outgoing"]).json()["text"] == "Too fast"
    assert opened(agent, ticket)["kept"]["reply"]["text"] == "Too fast"
    soon()
    assert not Message.objects.filter(author=Message.Author.AGENT).exists()
    assert do(agent, ticket, "undo", outgoing="nonsense").status_code == 409


# -- Everything else ------------------------------------------------------------------------------
def test_the_status_follows_its_transitions(agent: Client, ticket: Ticket) -> None:
    do(agent, ticket, "status", status="solved")
    ticket.refresh_from_db()
    assert ticket.status == Ticket.Status.SOLVED
    assert "cannot become" in do(agent, ticket, "status", status="pending").json()["problem"]
    assert do(agent, ticket, "status", status="gone").status_code == 409


def test_a_ticket_is_assigned_and_freed(agent: Client, ben: User, ticket: Ticket) -> None:
    do(agent, ticket, "assign", assignee="me")
    ticket.refresh_from_db()
    assert ticket.assignee == ben
    assert "assigned the ticket to Ben" in str(opened(agent, ticket)["items"])
    do(agent, ticket, "assign", assignee="")
    ticket.refresh_from_db()
    assert ticket.assignee is None


def test_a_ticket_goes_only_to_those_who_may_work_on_it(
    agent: Client, cleo: User, ticket: Ticket
) -> None:
    for wanted in (cleo.pk, "x", 77):
        answer = do(agent, ticket, "assign", assignee=wanted)
        assert answer.json()["problem"] == "Choose somebody who may work on tickets."


def test_a_conversation_is_taken_over_and_given_back(agent: Client, ticket: Ticket) -> None:
    do(agent, ticket, "take-over")
    assert Conversation.objects.get().state == Conversation.State.AGENT
    do(agent, ticket, "give-back")
    assert Conversation.objects.get().state == Conversation.State.BOT
    do(agent, ticket, "mode", mode="draft")
    assert Conversation.objects.get().mode == Conversation.Mode.DRAFT
    assert do(agent, ticket, "mode", mode="loud").status_code == 409


def test_a_snoozed_ticket_sleeps_until_the_customer_writes(agent: Client, ticket: Ticket) -> None:
    until = (timezone.now() + dt.timedelta(days=1)).isoformat()
    assert do(agent, ticket, "snooze", until=until).status_code == 200
    assert "Can I return" not in agent.get(f"{DESK}queue/").json()["entries"]
    assert "Can I return" in agent.get(f"{DESK}queue/?view=snoozed").json()["entries"]
    ask(ticket.conversation, "Are you there?")
    assert "Are you there?" in agent.get(f"{DESK}queue/").json()["entries"]
    assert actions_on(ticket)[-2:] == ["ticket.snoozed", "ticket.woken"]


@pytest.mark.parametrize(
    "until", ["", "yesterday", "2001-01-01T00:00:00+00:00", "2026-12-01T09:00"]
)
def test_a_ticket_is_snoozed_until_a_time_to_come(
    agent: Client, ticket: Ticket, until: str
) -> None:
    assert do(agent, ticket, "snooze", until=until).status_code == 409


def test_what_is_typed_is_kept_for_its_agent_alone(
    agent: Client, dora: User, browser_of: Browser, ticket: Ticket, draft: Draft
) -> None:
    url = reverse("desk:keep", args=[ticket.pk])
    agent.post(url, {"kind": "reply", "text": "Half a thought", "draft": draft.pk})
    assert opened(agent, ticket)["kept"] == {"reply": {"text": "Half a thought", "draft": draft.pk}}
    assert opened(browser_of(dora), ticket)["kept"] == {}
    assert agent.post(url, {"kind": "poem", "text": "x"}).status_code == 409
    agent.post(url, {"kind": "reply", "text": " "})
    assert not KeptText.objects.exists()


def test_preferences_are_kept(agent: Client, ben: User) -> None:
    agent.post(reverse("desk:prefer"), {"has_keys": "yes", "is_away": "yes"})
    assert is_away(ben)
    kept = DeskPreference.objects.get(agent=ben)
    assert (kept.opens_next, kept.has_keys) == (False, True)
    assert 'data-opens-next=""' in agent.get(DESK).content.decode()


# -- News -----------------------------------------------------------------------------------------
def test_news_are_what_happened_behind_the_pages_marks(agent: Client, ticket: Ticket) -> None:
    page = opened(agent, ticket)
    known = {name: panel["state"] for name, panel in page["panels"].items()}
    marks = {"seq": page["seq"], "entry": page["entry"], **known}
    quiet = news(agent, ticket, **marks)
    assert (quiet["items"], quiet["panels"]) == ([], {})
    newer = a_draft(ticket.conversation, "And <i>sealed</i> coffee?")
    found = news(agent, ticket, **marks)
    assert ["&lt;i&gt;sealed" in item for item in found["items"]] == [True]
    assert f'data-draft="{newer.pk}"' in found["panels"]["drafts"]["html"]
    assert news(agent, ticket, seq=found["seq"], entry=found["entry"])["items"] == []


def test_news_draw_what_a_colleague_has_changed(agent: Client, ben: User, ticket: Ticket) -> None:
    page = opened(agent, ticket)
    take_over(conversation=ticket.conversation, agent=ben)
    found = news(agent, ticket, seq=page["seq"], entry=page["entry"])
    assert "took the conversation over" in found["items"][0]
    assert "A person answers" in found["panels"]["head"]["html"]


def test_the_bots_answer_is_shown_as_it_is_written(
    agent: Client, conversation: Conversation
) -> None:
    question = ask(conversation)
    ticket = Ticket.objects.create(conversation=conversation, subject="Beans")
    run = "00000000-0000-0000-0000-000000000001"
    append_event(conversation_id=conversation.pk, type="run.started", payload={"run_id": run})
    append_event(
        conversation_id=conversation.pk,
        type="run.status",
        payload={"run_id": run, "status": "searching", "text": "Searching the documents"},
    )
    assert "Searching the documents" in panels(agent, ticket)
    for sentence in ("Yes.", "Within 30 days."):
        append_event(
            conversation_id=conversation.pk,
            type="answer.sentence",
            payload={"run_id": run, "text": sentence},
        )
    assert "Yes. Within 30 days." in panels(agent, ticket)
    add_bot_answer(question=question, run_id=run, text="Yes.", sentences=[])  # type: ignore[arg-type]
    assert "is writing" not in panels(agent, ticket)


@pytest.mark.parametrize("seq", ["", "x", "-1", str(9**30)])
def test_news_survive_odd_questions(agent: Client, ticket: Ticket, seq: str) -> None:
    assert news(agent, ticket, seq=seq, entry=seq)["items"] == []


# -- How much it asks -----------------------------------------------------------------------------
def queries_of(client: Client, url: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as found:
        assert client.get(url).status_code == 200
    return len(found)


def test_the_number_of_queries_does_not_grow(agent: Client, ben: User, ticket: Ticket) -> None:
    urls = [
        DESK,
        f"{DESK}queue/?view=all",
        f"{DESK}{ticket.pk}/open/",
        f"{DESK}{ticket.pk}/news/?seq=0&entry=0",
    ]
    agent.get(DESK)  # what is read once in a process
    before = [queries_of(agent, url) for url in urls]
    for number in range(20):
        other = open_ticket()
        ask(other.conversation, f"Question {number}")
    for number in range(10):
        a_draft(ticket.conversation, f"And {number}?")
        reply_in(ticket.conversation, ben, f"Reply {number}")
        ticket.conversation.tickets.update(assignee=ben)
    assert [queries_of(agent, url) for url in urls] == before


def test_fields_of_the_company_are_filled_in_at_the_desk(agent: Client) -> None:
    for key, kind, choices in [("size", "choice", ["S", "M"]), ("gift", "checkbox", [])]:
        CustomField.objects.create(
            key=key, label=key, kind=kind, choices=choices, is_required=key == "size"
        )
    ticket = open_ticket()
    opened = agent.get(reverse("desk:open", args=[ticket.pk])).json()
    assert "(needed to solve)" in opened["panels"]["details"]["html"]
    url = reverse("desk:act", args=[ticket.pk, "status"])
    assert agent.post(url, {"status": "solved"}).status_code == 409
    fill = reverse("desk:act", args=[ticket.pk, "custom"])
    assert agent.post(fill, {"field-size": "L"}).status_code == 409
    assert agent.post(fill, {"field-size": "M", "field-gift": "yes"}).status_code == 200
    assert agent.post(fill, {"field-size": "M"}).status_code == 200
    ticket.refresh_from_db()
    assert ticket.custom_fields == {"size": "M"}
    assert agent.post(url, {"status": "solved"}).status_code == 200
