"""supportbot.desk.outgoing: replies are sent at their time, once, or taken back before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from supportbot.desk.kept import kept_texts
from supportbot.desk.models import OutgoingReply
from supportbot.desk.outgoing import CollisionError, Wanted, queue_reply, send_due, take_back
from tests.tickets.cast import actions_on, ask, at_once, draft_for, reply_in
from tickets.models import Conversation, Draft, Message, Ticket
from tickets.services.drafts import approve_draft, reject_draft
from tickets.services.handover import request_person, take_over

Status = OutgoingReply.Status


@pytest.fixture
def waiting(conversation: Conversation) -> Ticket:
    ask(conversation)
    return request_person(conversation=conversation)


def queue(ticket: Ticket, agent: User, text: str = "Hello", **fields: object) -> OutgoingReply:
    wanted = Wanted(**{"text": text, "client_id": "one", "seen_seq": 999, **fields})  # type: ignore[arg-type]
    return queue_reply(ticket=ticket, agent=agent, wanted=wanted)


def make_due() -> None:
    OutgoingReply.objects.filter(status=Status.WAITING).update(
        due_at=timezone.now() - dt.timedelta(seconds=1)
    )


def said() -> list[str]:
    rows = Message.objects.filter(author=Message.Author.AGENT).order_by("seq")
    return list(rows.values_list("text", flat=True))


@pytest.mark.django_db
def test_a_reply_waits_ten_seconds_and_is_then_sent(ben: User, waiting: Ticket) -> None:
    reply = queue(waiting, ben)
    assert 9 < (reply.due_at - timezone.now()).total_seconds() <= 10
    assert (send_due(), said()) == (0, [])
    make_due()
    assert (send_due(), said()) == (1, ["Hello"])
    assert (send_due(), said()) == (0, ["Hello"])
    reply.refresh_from_db()
    assert (reply.status, reply.message) == (Status.SENT, Message.objects.get(text="Hello"))


@pytest.mark.django_db
def test_the_same_reply_is_on_its_way_once(ben: User, waiting: Ticket) -> None:
    assert queue(waiting, ben) == queue(waiting, ben)


@pytest.mark.django_db
def test_what_is_taken_back_is_not_sent_and_its_words_are_kept(ben: User, waiting: Ticket) -> None:
    reply = queue(waiting, ben)
    take_back(reply_id=reply.pk, agent=ben)
    take_back(reply_id=reply.pk, agent=ben)
    make_due()
    assert (send_due(), said()) == (0, [])
    assert kept_texts(agent=ben, ticket=waiting)["reply"].text == "Hello"
    assert actions_on(waiting).count("reply.taken_back") == 1


@pytest.mark.django_db
def test_only_its_agent_takes_a_reply_back_and_only_in_time(
    ben: User, cleo: User, waiting: Ticket
) -> None:
    reply = queue(waiting, ben)
    with pytest.raises(ValueError, match="not one of yours"):
        take_back(reply_id=reply.pk, agent=cleo)
    make_due()
    send_due()
    with pytest.raises(ValueError, match="sent already"):
        take_back(reply_id=reply.pk, agent=ben)


@pytest.mark.django_db(transaction=True)
def test_many_senders_send_it_once(ben: User, waiting: Ticket) -> None:
    queue(waiting, ben)
    make_due()
    assert sorted(map(str, at_once([send_due] * 4))) == ["0", "0", "0", "1"]
    assert said() == ["Hello"]


@pytest.mark.django_db(transaction=True)
def test_taking_back_and_sending_at_once_does_one_of_both(ben: User, waiting: Ticket) -> None:
    reply = queue(waiting, ben)
    make_due()
    both: list[Callable[[], object]] = [
        send_due,
        lambda: take_back(reply_id=reply.pk, agent=ben),
    ]
    results = at_once(both)
    reply.refresh_from_db()
    if reply.status == Status.SENT:
        assert said() == ["Hello"]
        assert isinstance(results[1], ValueError)
    else:
        assert (reply.status, said()) == (Status.CANCELLED, [])


@pytest.mark.django_db
def test_a_colleagues_reply_stops_it_before_and_after_it_is_queued(
    ben: User, cleo: User, waiting: Ticket
) -> None:
    seen = waiting.conversation.messages.count()
    reply_in(waiting.conversation, cleo, "I am on it.")
    with pytest.raises(CollisionError, match="Cleo replied") as caught:
        queue(waiting, ben, seen_seq=seen)
    assert [message.text for message in caught.value.messages] == ["I am on it."]
    reply = queue(waiting, ben, seen_seq=seen, sure=True)
    assert Conversation.objects.get().agent == ben, "he knows, and takes over"
    take_over(conversation=waiting.conversation, agent=cleo, instead_of=ben)
    reply_in(waiting.conversation, cleo, "And again.")
    make_due()
    assert send_due() == 0
    reply.refresh_from_db()
    assert (reply.status, reply.problem) == (Status.HELD, "Cleo replied before yours was sent.")
    assert kept_texts(agent=ben, ticket=waiting)["reply"].text == "Hello"


@pytest.mark.django_db
def test_two_agents_do_not_send_within_the_same_seconds(
    ben: User, cleo: User, waiting: Ticket
) -> None:
    queue(waiting, cleo)
    with pytest.raises(CollisionError, match="Cleo is going out"):
        queue(waiting, ben, client_id="two")


@pytest.mark.django_db
def test_the_customers_words_hold_back_what_was_to_be_sent_later_and_not_what_goes_now(
    ben: User, waiting: Ticket
) -> None:
    queue(waiting, ben, "Now")
    queue(waiting, ben, "Later", client_id="2", due_at=timezone.now() + dt.timedelta(hours=1))
    ask(waiting.conversation, "Never mind!")
    make_due()
    send_due()
    assert said() == ["Now"]
    held = OutgoingReply.objects.get(text="Later")
    assert held.problem == "The customer wrote again before your reply was due."


@pytest.mark.django_db
@pytest.mark.parametrize("hours", [-1, 24 * 61])
def test_a_time_to_send_at_is_to_come_and_not_too_far(
    ben: User, waiting: Ticket, hours: int
) -> None:
    with pytest.raises(ValueError, match="Choose a time"):
        queue(waiting, ben, due_at=timezone.now() + dt.timedelta(hours=hours))


@pytest.mark.django_db
def test_a_draft_on_its_way_is_not_sent_twice(ben: User, cleo: User, waiting: Ticket) -> None:
    draft = draft_for(waiting.conversation)
    reply = queue(waiting, ben, draft.text, draft=draft)
    with pytest.raises(ValueError, match="on its way already"):
        queue(waiting, ben, "Edited", client_id="two", draft=draft)
    reject_draft(draft=draft, agent=cleo)
    make_due()
    assert send_due() == 0
    reply.refresh_from_db()
    assert "Cleo has already rejected this draft" in reply.problem
    assert said() == []


@pytest.mark.django_db
def test_a_draft_is_approved_when_its_reply_is_sent(ben: User, waiting: Ticket) -> None:
    draft = draft_for(waiting.conversation)
    queue(waiting, ben, draft.text, draft=draft)
    make_due()
    assert send_due() == 1
    draft.refresh_from_db()
    assert (draft.status, draft.decided_by) == (Draft.Status.APPROVED, ben)
    assert draft.reply is not None
    assert draft.reply.sentences == draft.sentences


@pytest.mark.django_db
def test_a_decided_draft_is_not_queued(ben: User, waiting: Ticket) -> None:
    draft = draft_for(waiting.conversation)
    approve_draft(draft=draft, agent=ben)
    draft.refresh_from_db()
    with pytest.raises(ValueError, match="decided already"):
        queue(waiting, ben, draft=draft)


@pytest.mark.django_db
def test_who_does_not_have_the_conversation_is_asked_first(
    ben: User, cleo: User, waiting: Ticket
) -> None:
    take_over(conversation=waiting.conversation, agent=cleo)
    with pytest.raises(CollisionError, match="Cleo speaks with the customer now"):
        queue(waiting, ben)
    queue(waiting, ben, sure=True)
    make_due()
    assert (send_due(), said()) == (1, ["Hello"])
