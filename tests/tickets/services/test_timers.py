"""tickets.services.timers and due: reminded, solved, closed and woken, once each."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import Settings

from supportbot.celery import app
from tests.tickets.cast import actions_on, ask, at_once, draft_for, reply_in
from tickets.models import AuditEntry, Conversation, Message, Ticket, Timer
from tickets.services.drafts import send_reply
from tickets.services.due import SOLVED_TEXT, run_due_timers
from tickets.services.handover import request_person
from tickets.services.tickets import change_status
from tickets.services.timers import snooze, wake
from tickets.states import TransitionError
from tickets.tasks import end_leases, run_timers


@pytest.fixture(autouse=True)
def _hours(settings: Settings) -> None:
    hours = {"reminder_hours": 24.0, "solve_hours": 72.0, "close_hours": 168.0}
    settings.TICKETS = {**settings.TICKETS, **hours}
    settings.CONVERSATION_IDLE_HOURS = 0


@pytest.fixture
def ticket(conversation: Conversation, ben: User) -> Ticket:
    """It waits for the customer."""
    ask(conversation)
    ticket = request_person(conversation=conversation)
    send_reply(ticket=ticket, agent=ben, text="Which colour?")
    ticket.refresh_from_db()
    assert ticket.status == "pending"
    return ticket


def pass_hours(hours: float) -> None:
    """As if all timers had been set so much earlier."""
    for timer in Timer.objects.all():
        Timer.objects.filter(pk=timer.pk).update(due_at=timer.due_at - dt.timedelta(hours=hours))


def notices(ticket: Ticket) -> list[str]:
    said = ticket.conversation.messages.filter(author=Message.Author.SYSTEM)
    return list(said.values_list("text", flat=True))


def running(ticket: Ticket) -> list[str]:
    return sorted(ticket.timers.filter(status="pending").values_list("kind", flat=True))


def test_beat_runs_what_is_due() -> None:
    scheduled = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert {run_timers.name, end_leases.name} <= scheduled


def test_a_customer_is_reminded_then_the_ticket_is_solved_with_a_notice_and_closed(
    ticket: Ticket,
) -> None:
    assert running(ticket) == ["reminder", "solve"]
    pass_hours(25)
    assert (run_due_timers(), run_due_timers()) == (1, 0)
    (reminder,) = notices(ticket)
    assert reminder.startswith("We are waiting for your reply.")
    day = timezone.now() + dt.timedelta(hours=47)
    assert f"{day:%A, %-d %B}" in reminder
    pass_hours(48)
    assert (run_due_timers(), run_due_timers()) == (1, 0)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.status_reason) == ("solved", "no reply in time")
    assert notices(ticket) == [reminder, SOLVED_TEXT]
    assert running(ticket) == ["close"]
    pass_hours(169)
    run_timers()
    ticket.refresh_from_db()
    assert ticket.status == "closed"
    assert Conversation.objects.get().closed_by == "time"
    assert running(ticket) == []
    assert actions_on(ticket)[-3:] == [
        *("ticket.reminded", "ticket.status_changed", "ticket.status_changed"),
    ]
    assert not AuditEntry.objects.filter(action="ticket.reminded", actor__isnull=False).exists()


def test_a_reply_begins_the_wait_anew(ticket: Ticket) -> None:
    pass_hours(23)
    ask(ticket.conversation, "Blue.")
    pass_hours(2)
    assert run_due_timers() == 0
    pass_hours(23)
    assert run_due_timers() == 1


def test_what_waits_for_the_customer_no_longer_is_not_reminded_of(
    ticket: Ticket, ben: User
) -> None:
    change_status(ticket=ticket, status="on_hold", agent=ben)
    pass_hours(1000)
    assert (run_due_timers(), running(ticket), notices(ticket)) == (0, [], [])


def test_hours_of_zero_switch_a_timer_off(ticket: Ticket, ben: User, settings: Settings) -> None:
    settings.TICKETS = {**settings.TICKETS, "reminder_hours": 0, "solve_hours": 0}
    change_status(ticket=ticket, status="open", agent=ben)
    change_status(ticket=ticket, status="pending", agent=ben)
    assert running(ticket) == []


@pytest.mark.django_db(transaction=True)
def test_eight_sweeps_at_once_remind_once(ticket: Ticket) -> None:
    pass_hours(25)
    results = at_once([run_due_timers] * 8)
    assert sorted(results, key=str) == [0] * 7 + [1]
    assert len(notices(ticket)) == 1


# -- Snoozing ------------------------------------------------------------------------------------
def tomorrow() -> dt.datetime:
    return timezone.now() + dt.timedelta(days=1)


def test_a_snoozed_ticket_wakes_up_at_its_time(ticket: Ticket, ben: User) -> None:
    change_status(ticket=ticket, status="open", agent=ben)
    snooze(ticket=ticket, until=tomorrow() + dt.timedelta(days=1), agent=ben)
    snooze(ticket=ticket, until=tomorrow(), agent=ben)  # another time
    assert running(ticket) == ["wake"]
    pass_hours(25)
    assert (run_due_timers(), run_due_timers()) == (1, 0)
    ticket.refresh_from_db()
    assert ticket.snoozed_until is None
    woken = AuditEntry.objects.get(action="ticket.woken")
    assert (woken.actor, woken.data) == (None, {"reason": "the time has come"})


def test_a_snoozed_ticket_wakes_up_when_the_customer_writes(ticket: Ticket, ben: User) -> None:
    snooze(ticket=ticket, until=tomorrow(), agent=ben)
    ask(ticket.conversation, "Blue.")
    ticket.refresh_from_db()
    assert ticket.snoozed_until is None
    assert "wake" not in running(ticket)
    assert AuditEntry.objects.get(action="ticket.woken").data == {"reason": "the customer wrote"}


def test_an_agent_wakes_a_ticket_up(ticket: Ticket, ben: User) -> None:
    snooze(ticket=ticket, until=tomorrow(), agent=ben)
    wake(ticket=ticket, agent=ben)
    wake(ticket=ticket, agent=ben)
    assert AuditEntry.objects.get(action="ticket.woken").actor == ben
    assert "wake" not in running(ticket)


def test_a_snooze_ends_with_the_ticket(ticket: Ticket, ben: User) -> None:
    snooze(ticket=ticket, until=tomorrow(), agent=ben)
    change_status(ticket=ticket, status="solved", agent=ben)
    ticket.refresh_from_db()
    assert (ticket.snoozed_until, running(ticket)) == (None, ["close"])
    with pytest.raises(TransitionError, match="nothing to snooze"):
        snooze(ticket=ticket, until=tomorrow(), agent=ben)


def test_nobody_snoozes_into_the_past(ticket: Ticket, ben: User) -> None:
    with pytest.raises(ValueError, match="still to come"):
        snooze(ticket=ticket, until=timezone.now(), agent=ben)


def test_drafts_and_leases_are_let_be(conversation: Conversation, ben: User) -> None:
    draft = draft_for(conversation)
    reply_in(conversation, ben, "One moment.")
    pass_hours(1000)
    assert run_due_timers() == 0
    draft.refresh_from_db()
    assert draft.status == "pending"
