"""tickets.services.handover: who may speak, told to the customer and to the audit log."""

from __future__ import annotations

import datetime as dt
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import Settings

from tests.tickets.cast import actions_on, ask, at_once, open_ticket, reply_in
from tickets.models import (
    AgentProfile,
    AuditEntry,
    BusinessCalendar,
    BusinessHours,
    Conversation,
    Message,
    Ticket,
    Wait,
)
from tickets.services.availability import note_seen, set_away, somebody_is_there
from tickets.services.drafts import send_reply
from tickets.services.handover import (
    REASONS,
    end_leases,
    give_back,
    request_person,
    return_to_queue,
    take_over,
)
from tickets.services.tickets import assign, change_status
from tickets.states import SpeakerError, TransitionError

State = Conversation.State


def told(conversation: Conversation) -> list[dict[str, object]]:
    return list(
        conversation.events.filter(type="handover.changed")
        .order_by("seq")
        .values_list("payload", flat=True)
    )


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_asking_for_a_person_opens_a_ticket_and_tells_the_customer(
    conversation: Conversation, reason: str
) -> None:
    ticket = request_person(conversation=conversation, reason=reason)
    conversation.refresh_from_db()
    assert (ticket.status, conversation.state) == (Ticket.Status.NEW, State.WAITING)
    (event,) = told(conversation)
    assert (event["state"], event["agent_name"]) == ("waiting", None)
    assert str(event["text"]).startswith(REASONS[reason])
    assert (conversation.handover_reason, conversation.agent) == (reason, None)
    assert conversation.waiting_since is not None
    assert actions_on(conversation) == ["conversation.handed_over"]
    assert AuditEntry.objects.get(action="conversation.handed_over").data == {"reason": reason}


def test_asking_again_changes_nothing(conversation: Conversation) -> None:
    assert request_person(conversation=conversation) == request_person(conversation=conversation)
    assert len(told(conversation)) == 1
    assert conversation.tickets.count() == 1


def test_asking_while_an_agent_speaks_changes_nothing(
    conversation: Conversation, ben: User
) -> None:
    take_over(conversation=conversation, agent=ben)
    request_person(conversation=conversation)
    conversation.refresh_from_db()
    assert conversation.state == State.AGENT


@pytest.mark.django_db(transaction=True)
def test_asking_eight_times_at_once_opens_one_ticket(conversation: Conversation) -> None:
    results = at_once([partial(request_person, conversation=conversation)] * 8)
    assert len({result.pk for result in results if isinstance(result, Ticket)}) == 1
    assert not [result for result in results if isinstance(result, Exception)]
    assert len(told(conversation)) == 1


def test_an_agent_takes_over_by_name(conversation: Conversation, ben: User) -> None:
    take_over(conversation=conversation, agent=ben)
    take_over(conversation=conversation, agent=ben)
    assert told(conversation) == [
        {
            "state": "agent",
            "agent_name": "Ben",
            "text": "You are talking with Ben.",
            "offer_address": False,
        }
    ]
    assert actions_on(conversation) == ["conversation.taken_over"]


def test_an_agent_gives_back_to_the_bot(conversation: Conversation, ben: User) -> None:
    take_over(conversation=conversation, agent=ben)
    give_back(conversation=conversation, agent=ben)
    give_back(conversation=conversation, agent=ben)
    conversation.refresh_from_db()
    assert conversation.state == State.BOT
    assert [event["state"] for event in told(conversation)] == ["agent", "bot"]
    assert actions_on(conversation) == ["conversation.taken_over", "conversation.given_back"]
    assert AuditEntry.objects.filter(actor=ben, actor_name="ben").count() == 2


def test_the_ticket_is_named_after_the_question(conversation: Conversation) -> None:
    ask(conversation, "Can I  return\nopened beans? " + "Please. " * 60)
    subject = request_person(conversation=conversation).subject
    assert subject.startswith("Can I return opened beans? Please.")
    assert subject.endswith("…")
    assert len(subject) <= 200


def test_a_ticket_without_a_question_says_what_happened(conversation: Conversation) -> None:
    assert request_person(conversation=conversation).subject == "Asked for a person"


# -- What the customer is told -------------------------------------------------------------------
def words_of(conversation: Conversation) -> str:
    return str(told(conversation)[-1]["text"])


def waited(conversation: Conversation, *minutes: float) -> None:
    """Customers who waited so long for a person, lately."""
    now = timezone.now()
    for minute in minutes:
        Wait.objects.create(
            conversation=conversation,
            reason="customer_asked",
            began_at=now - dt.timedelta(minutes=minute),
            ended_at=now,
            in_office_hours=True,
        )


def test_a_customer_is_told_the_place_in_the_queue(conversation: Conversation, ben: User) -> None:
    first = open_ticket().conversation
    request_person(conversation=conversation)
    assert words_of(first).endswith("You are the next in line.")
    assert words_of(conversation).endswith("You are number 2 in line.")


def test_a_customer_is_told_the_median_of_the_real_waits(
    conversation: Conversation, ben: User
) -> None:
    waited(conversation, 2, 4, 30, 5, 6)
    request_person(conversation=conversation)
    assert words_of(conversation).endswith("Lately, people have waited about 5 minutes.")


def test_a_few_waits_are_no_ground_for_a_number(conversation: Conversation, ben: User) -> None:
    waited(conversation, 2, 4, 30, 5)
    request_person(conversation=conversation)
    assert "waited" not in words_of(conversation)


def test_a_wait_is_noted_when_a_person_comes(conversation: Conversation, ben: User) -> None:
    request_person(conversation=conversation)
    take_over(conversation=conversation, agent=ben)
    wait = Wait.objects.get()
    assert (wait.conversation, wait.reason) == (conversation, "customer_asked")
    assert dt.timedelta() <= wait.ended_at - wait.began_at < dt.timedelta(minutes=1)


def test_a_customer_is_told_when_everybody_is_away(conversation: Conversation, ben: User) -> None:
    set_away(agent=ben, away=True, by=ben)
    request_person(conversation=conversation)
    assert "Nobody is at the desk at the moment." in words_of(conversation)
    assert "line" not in words_of(conversation)


def test_a_customer_is_told_when_nobody_has_the_desk_open(
    conversation: Conversation, ben: User
) -> None:
    User.objects.update(last_login=None)
    request_person(conversation=conversation)
    assert "Nobody is at the desk at the moment." in words_of(conversation)


def test_an_agent_whose_desk_was_open_a_moment_ago_is_there(
    conversation: Conversation, ben: User
) -> None:
    User.objects.update(last_login=timezone.now() - dt.timedelta(days=3))
    note_seen(ben)
    request_person(conversation=conversation)
    assert words_of(conversation).endswith("You are the next in line.")
    AgentProfile.objects.update(seen_at=timezone.now() - dt.timedelta(minutes=6))
    assert not somebody_is_there()


def test_a_customer_is_told_when_the_team_is_back(conversation: Conversation, ben: User) -> None:
    calendar = BusinessCalendar.objects.create(
        name="Office", time_zone="Europe/London", is_default=True
    )
    opens = timezone.now().astimezone(ZoneInfo("Europe/London")) + dt.timedelta(days=2)
    BusinessHours.objects.create(
        calendar=calendar, weekday=opens.weekday(), opens=dt.time(9), closes=dt.time(17)
    )
    request_person(conversation=conversation)
    words = words_of(conversation)
    assert f"back on {opens:%A, %-d %B} at 09:00 (Europe/London)." in words
    assert "what you write is kept" in words
    assert "in line" not in words
    take_over(conversation=conversation, agent=ben)
    assert Wait.objects.get().in_office_hours is False


# -- One agent ------------------------------------------------------------------------------------
def test_a_colleague_takes_over_only_knowing_from_whom(
    conversation: Conversation, ben: User, cleo: User
) -> None:
    ticket = request_person(conversation=conversation)
    take_over(conversation=conversation, agent=ben)
    with pytest.raises(SpeakerError, match="Ben speaks with the customer now"):
        take_over(conversation=conversation, agent=cleo)
    with pytest.raises(SpeakerError, match="Ben speaks with the customer now"):
        send_reply(ticket=ticket, agent=cleo, text="Hello.")
    assert not Message.objects.filter(author="agent").exists()
    take_over(conversation=conversation, agent=cleo, instead_of=ben)
    send_reply(ticket=ticket, agent=cleo, text="Hello.")
    with pytest.raises(SpeakerError, match="Cleo speaks"):
        reply_in(conversation, ben, "Hello?")
    assert AuditEntry.objects.filter(action="conversation.taken_over").first().data == {  # type: ignore[union-attr]
        "instead_of": ben.pk
    }


@pytest.mark.django_db(transaction=True)
def test_of_eight_agents_who_take_over_at_once_one_does(conversation: Conversation) -> None:
    request_person(conversation=conversation)
    agents = [User.objects.create_user(f"agent{number}") for number in range(8)]
    steps = [partial(take_over, conversation=conversation, agent=agent) for agent in agents]
    results = at_once(steps)
    assert results.count(None) == 1
    assert sum(isinstance(result, SpeakerError) for result in results) == 7
    conversation.refresh_from_db()
    assert conversation.agent == agents[results.index(None)]
    assert Wait.objects.count() == 1


def test_an_agent_puts_a_conversation_back_into_the_queue(
    conversation: Conversation, ben: User
) -> None:
    with pytest.raises(TransitionError, match="The bot speaks here"):
        return_to_queue(conversation=conversation, agent=ben)
    take_over(conversation=conversation, agent=ben)
    return_to_queue(conversation=conversation, agent=ben, reason="speaks French")
    return_to_queue(conversation=conversation, agent=ben)
    conversation.refresh_from_db()
    assert (conversation.state, conversation.handover_reason) == (State.WAITING, "returned")
    assert "You are the next in line." in words_of(conversation)
    assert actions_on(conversation) == ["conversation.taken_over", "conversation.requeued"]


# -- The lease ------------------------------------------------------------------------------------
def pass_minutes(conversation: Conversation, minutes: float) -> None:
    """As if everything had happened so much earlier."""
    past = dt.timedelta(minutes=minutes)
    conversation.refresh_from_db()
    if conversation.lease_until is not None:
        conversation.lease_until -= past
        conversation.save()
    for message in conversation.messages.all():
        Message.objects.filter(pk=message.pk).update(created_at=message.created_at - past)


def test_a_customer_who_waits_for_longer_than_the_lease_is_back_in_the_queue(
    conversation: Conversation, ben: User, settings: Settings
) -> None:
    settings.TICKETS = {**settings.TICKETS, "agent_lease_minutes": 15}
    ask(conversation)
    ticket = request_person(conversation=conversation)
    assign(ticket=ticket, assignee=ben, agent=ben)
    take_over(conversation=conversation, agent=ben)
    pass_minutes(conversation, 14)
    assert end_leases() == 0
    pass_minutes(conversation, 2)
    later = open_ticket().conversation
    assert end_leases() == 1
    assert end_leases() == 0
    conversation.refresh_from_db()
    ticket.refresh_from_db()
    assert (conversation.state, conversation.handover_reason) == (State.WAITING, "lease")
    assert (conversation.agent, conversation.lease_until, ticket.assignee) == (None, None, None)
    assert words_of(conversation).startswith("Ben could not reply in time, sorry.")
    assert words_of(conversation).endswith("You are the next in line.")
    assert later.waiting_since is not None
    assert conversation.waiting_since < later.waiting_since  # type: ignore[operator]
    entry = AuditEntry.objects.get(action="conversation.requeued")
    assert entry.data == {"reason": "The agent did not reply in time", "before": ben.pk}


def test_a_lease_runs_only_while_the_customer_waits(conversation: Conversation, ben: User) -> None:
    take_over(conversation=conversation, agent=ben)
    conversation.refresh_from_db()
    assert conversation.lease_until is None  # nobody has asked
    ask(conversation)
    conversation.refresh_from_db()
    began = conversation.lease_until
    assert began is not None
    ask(conversation, "Hello?")
    conversation.refresh_from_db()
    assert conversation.lease_until == began
    reply_in(conversation, ben, "One moment.")
    conversation.refresh_from_db()
    assert conversation.lease_until is None


def test_without_a_lease_a_customer_waits_as_long_as_it_takes(
    conversation: Conversation, ben: User, settings: Settings
) -> None:
    settings.TICKETS = {**settings.TICKETS, "agent_lease_minutes": 0}
    request_person(conversation=conversation)
    take_over(conversation=conversation, agent=ben)
    conversation.refresh_from_db()
    assert conversation.lease_until is None


def test_solving_and_closing_end_the_lease(conversation: Conversation, ben: User) -> None:
    ticket = request_person(conversation=conversation)
    take_over(conversation=conversation, agent=ben)
    change_status(ticket=ticket, status="solved", agent=ben)
    conversation.refresh_from_db()
    assert (conversation.state, conversation.agent) == (State.BOT, None)
    assert conversation.lease_until is None
