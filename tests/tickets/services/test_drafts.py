"""tickets.services.drafts: an agent decides, once, and the customer reads one message."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial

import pytest
from django.contrib.auth.models import User

from tests.tickets.cast import CITED, actions_on, ask, at_once, draft_for, open_ticket
from tickets.models import AuditEntry, Conversation, Draft, Message, Ticket
from tickets.services.conversations import close_conversation
from tickets.services.drafts import (
    DraftDecidedError,
    approve_draft,
    create_draft,
    reject_draft,
    send_reply,
)
from tickets.services.handover import give_back, request_person
from tickets.services.tickets import change_status
from tickets.states import TransitionError


@pytest.fixture
def draft(conversation: Conversation) -> Draft:
    return draft_for(conversation)


@pytest.fixture
def bea(db: None) -> User:
    """A second agent."""
    return User.objects.create_user("bea", first_name="Bea", is_staff=True)


def replies(conversation: Conversation) -> list[Message]:
    return list(conversation.messages.filter(author=Message.Author.AGENT))


def test_a_draft_waits_on_an_open_ticket(draft: Draft, conversation: Conversation) -> None:
    conversation.refresh_from_db()
    assert (draft.status, draft.ticket.status) == ("pending", "new")
    assert conversation.state == Conversation.State.WAITING
    assert actions_on(draft) == ["draft.created"]


def test_the_same_run_makes_one_draft(draft: Draft) -> None:
    again = create_draft(
        question=draft.question, run_id=draft.run_id, text="Other", sentences=[], passages=[]
    )
    assert again is not None
    assert (again.pk, again.text) == (draft.pk, draft.text)
    assert actions_on(draft) == ["draft.created"]


def test_approving_sends_one_message_with_its_citations(
    draft: Draft, conversation: Conversation, ben: User
) -> None:
    message = approve_draft(draft=draft, agent=ben)
    assert replies(conversation) == [message]
    assert (message.text, message.sentences, message.agent) == (draft.text, CITED, ben)
    shown = conversation.events.filter(type="message.created").latest("seq").payload["message"]
    assert (shown["id"], shown["sentences"]) == (str(message.pk), CITED)


def test_approving_moves_ticket_and_conversation_on(
    draft: Draft, conversation: Conversation, ben: User
) -> None:
    approve_draft(draft=draft, agent=ben)
    draft.refresh_from_db()
    conversation.refresh_from_db()
    draft.ticket.refresh_from_db()
    assert (draft.status, draft.decided_by) == ("approved", ben)
    assert draft.decided_at is not None
    assert conversation.state == Conversation.State.AGENT
    assert draft.ticket.status == Ticket.Status.PENDING
    assert actions_on(draft) == ["draft.created", "draft.approved"]
    assert actions_on(conversation)[-1] == "conversation.taken_over"
    assert actions_on(draft.ticket)[-1] == "ticket.status_changed"


@pytest.mark.parametrize("text", ["Within 30 days.", "  Within 30 days.\n"])
def test_unchanged_words_keep_their_citations(draft: Draft, ben: User, text: str) -> None:
    assert approve_draft(draft=draft, agent=ben, text=text).sentences == CITED


def test_edited_words_lose_the_citations_and_are_noted_as_edited(draft: Draft, ben: User) -> None:
    message = approve_draft(draft=draft, agent=ben, text="Within 31 days.")
    assert (message.text, message.sentences) == ("Within 31 days.", [])
    assert actions_on(draft) == ["draft.created", "draft.edited"]


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_reply_is_not_sent(
    draft: Draft, conversation: Conversation, ben: User, text: str
) -> None:
    with pytest.raises(ValueError, match="Write a reply"):
        approve_draft(draft=draft, agent=ben, text=text)
    draft.refresh_from_db()
    assert draft.status == "pending"
    assert replies(conversation) == []


def test_a_rejected_draft_sends_nothing_and_keeps_the_reason(
    draft: Draft, conversation: Conversation, ben: User
) -> None:
    rejected = reject_draft(draft=draft, agent=ben, reason="Old rule")
    assert (rejected.status, rejected.decided_by) == ("rejected", ben)
    assert replies(conversation) == []
    assert actions_on(draft) == ["draft.created", "draft.rejected"]


def test_a_decided_draft_stays_decided(draft: Draft, ben: User, bea: User) -> None:
    reject_draft(draft=draft, agent=ben)
    with pytest.raises(DraftDecidedError, match="Ben has already rejected this draft"):
        approve_draft(draft=draft, agent=bea)
    with pytest.raises(DraftDecidedError, match="Ben has already rejected"):
        reject_draft(draft=draft, agent=bea)


def test_a_draft_whose_decider_is_gone_stays_decided(draft: Draft, ben: User, bea: User) -> None:
    reject_draft(draft=draft, agent=ben)
    ben.delete()
    with pytest.raises(DraftDecidedError, match="Somebody has already rejected"):
        approve_draft(draft=draft, agent=bea)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("second", ["approve", "reject"])
def test_of_two_agents_at_once_one_wins_and_the_other_is_told_who(
    draft: Draft, conversation: Conversation, ben: User, bea: User, second: str
) -> None:
    other = (
        partial(approve_draft, draft=draft, agent=bea)
        if second == "approve"
        else partial(reject_draft, draft=draft, agent=bea)
    )
    results = at_once([partial(approve_draft, draft=draft, agent=ben), other])
    draft.refresh_from_db()
    assert draft.decided_by in {ben, bea}
    losers = [result for result in results if isinstance(result, Exception)]
    assert [type(loser) for loser in losers] == [DraftDecidedError]
    winner = draft.decided_by
    assert winner is not None
    assert str(losers[0]).startswith(f"{winner.first_name} has already")
    assert len(replies(conversation)) == (draft.status == "approved")
    assert actions_on(draft)[0] == "draft.created"
    assert len(actions_on(draft)) == 2


@pytest.mark.django_db(transaction=True)
def test_agents_who_approve_and_move_the_ticket_at_once_do_not_block_each_other(
    draft: Draft, ben: User, bea: User
) -> None:
    for _ in range(5):
        mine = draft_for(draft.ticket.conversation)
        steps: list[Callable[[], object]] = [
            partial(approve_draft, draft=mine, agent=ben),
            partial(change_status, ticket=mine.ticket, status="pending", agent=bea),
            partial(ask, mine.ticket.conversation),
        ]
        results = at_once(steps)
        assert [result for result in results if isinstance(result, Exception)] == []


def test_an_agents_own_words_are_sent_and_the_talk_taken_over(ben: User) -> None:
    ticket = open_ticket()
    message = send_reply(ticket=ticket, agent=ben, text=" Hello, Ada. ")
    ticket.refresh_from_db()
    assert message.text == "Hello, Ada."
    assert ticket.status == Ticket.Status.PENDING
    assert ticket.conversation.messages.get() == message
    assert "message.sent" in actions_on(ticket)
    assert actions_on(Conversation.objects.get())[-1] == "conversation.taken_over"


def test_a_reply_sent_twice_is_one_message(ben: User) -> None:
    ticket = open_ticket()
    first = send_reply(ticket=ticket, agent=ben, text="Hello, Ada.", client_id="desk-1")
    assert send_reply(ticket=ticket, agent=ben, text="Hello, Ada.", client_id="desk-1") == first
    assert Message.objects.count() == 1
    assert actions_on(ticket).count("message.sent") == 1


def test_nobody_replies_on_a_closed_ticket(ben: User) -> None:
    ticket = open_ticket()
    change_status(ticket=ticket, status="closed", agent=ben)
    with pytest.raises(TransitionError, match="is closed"):
        send_reply(ticket=ticket, agent=ben, text="Hello, Ada.")
    assert Message.objects.count() == 0


def test_the_customer_hears_who_speaks_before_they_speak(
    draft: Draft, conversation: Conversation, ben: User
) -> None:
    approve_draft(draft=draft, agent=ben)
    told = list(conversation.events.order_by("-seq").values_list("type", flat=True)[:3])
    assert told == ["ticket.changed", "message.created", "handover.changed"]


def test_closing_a_ticket_takes_its_drafts_out_of_the_queue(
    draft: Draft, conversation: Conversation, ben: User
) -> None:
    change_status(ticket=draft.ticket, status="closed", agent=ben)
    draft.refresh_from_db()
    assert (draft.status, draft.decided_by) == ("withdrawn", ben)
    with pytest.raises(DraftDecidedError):
        approve_draft(draft=draft, agent=ben)
    assert replies(conversation) == []
    assert "draft.withdrawn" in actions_on(draft)


def test_an_agent_cannot_send_nothing(ben: User) -> None:
    with pytest.raises(ValueError, match="Write a reply"):
        send_reply(ticket=open_ticket(), agent=ben, text="\n")
    assert Message.objects.count() == 0


def test_a_run_id_belongs_to_one_draft(draft: Draft, conversation: Conversation) -> None:
    other = create_draft(
        question=ask(conversation), run_id=uuid.uuid4(), text="", sentences=[], passages=[]
    )
    assert other is not None
    assert other.pk != draft.pk
    assert other.ticket == draft.ticket


# -- Withdrawn --------------------------------------------------------------------------------
def test_an_agents_own_words_withdraw_the_drafts_for_what_was_asked(
    draft: Draft, conversation: Conversation, ben: User
) -> None:
    send_reply(ticket=draft.ticket, agent=ben, text="Yes, you can.")
    draft.refresh_from_db()
    assert (draft.status, draft.decided_by) == ("withdrawn", ben)
    with pytest.raises(DraftDecidedError, match="answered in another way"):
        approve_draft(draft=draft, agent=ben)
    assert AuditEntry.objects.get(action="draft.withdrawn").data == {"reason": "answered"}


def test_a_draft_that_comes_after_the_reply_is_not_made(
    conversation: Conversation, ben: User
) -> None:
    question = ask(conversation)
    ticket = request_person(conversation=conversation)
    send_reply(ticket=ticket, agent=ben, text="Yes, you can.")
    give_back(conversation=conversation, agent=ben)
    late = create_draft(
        question=question, run_id=uuid.uuid4(), text="Yes.", sentences=[], passages=[]
    )
    assert (late, Draft.objects.count()) == (None, 0)
    conversation.refresh_from_db()
    assert conversation.state == "bot"  # nobody waits


def test_the_draft_of_another_question_waits_on(
    draft: Draft, conversation: Conversation, ben: User
) -> None:
    other = draft_for(conversation)
    approve_draft(draft=draft, agent=ben)
    other.refresh_from_db()
    assert other.status == "pending"
    question = ask(conversation)
    approve_draft(draft=other, agent=ben)
    later = create_draft(
        question=question, run_id=uuid.uuid4(), text="Yes.", sentences=[], passages=[]
    )
    assert later is not None
    assert later.status == "pending"


def test_a_closed_conversation_gets_no_draft(conversation: Conversation) -> None:
    question = ask(conversation)
    close_conversation(conversation=conversation, by="customer")
    made = create_draft(
        question=question, run_id=uuid.uuid4(), text="Yes.", sentences=[], passages=[]
    )
    assert (made, Conversation.objects.count()) == (None, 1)
