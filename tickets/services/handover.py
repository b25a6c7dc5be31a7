"""Who may speak to the customer: the bot, nobody yet, or a person. No model decides this."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from tickets.models import Conversation, Ticket
from tickets.services import audit
from tickets.services.assignment import assign_automatically
from tickets.services.contact import offers_address
from tickets.services.conversations import lock_open
from tickets.services.customer_words import words_in
from tickets.services.names import display_name
from tickets.services.speaker import (
    NAMELESS,
    Waiting,
    let_agent_speak,
    let_bot_speak,
    let_wait,
)
from tickets.services.tickets import ensure_ticket, set_assignee
from tickets.services.waiting import is_nobody_there, waiting_words
from tickets.states import SpeakerError, TransitionError, taken_words

State, Reason = Conversation.State, Conversation.Reason
PASSED_ON = "I am passing you on to a colleague, who will reply here."
# What the customer reads first; their place in the queue follows.
REASONS: dict[str, str] = {
    Reason.CUSTOMER_ASKED: "You asked for a person. A colleague will reply here.",
    Reason.FOR_REVIEW: "Thank you. A colleague will reply here.",
    Reason.POLICY: PASSED_ON,
    Reason.NO_BOT: "Thank you. A colleague will reply here.",
    Reason.BOT_TURNS: f"We have been going back and forth for a while. {PASSED_ON}",
    Reason.REPEATED: f"My answer does not seem to help. {PASSED_ON}",
    Reason.REFUSALS: f"I cannot help with this. {PASSED_ON}",
    Reason.COST: PASSED_ON,
    Reason.RETURNED: "You are back in the queue. Another colleague will reply here.",
}
SAY_WHY = frozenset({Reason.BOT_TURNS, Reason.REPEATED, Reason.REFUSALS})
LEASE_WORDS = "{name} could not reply in time, sorry. You are back in the queue, at your old place."


class ConversationClosedError(TransitionError):
    """A closed conversation is read only."""


@transaction.atomic
def request_person(
    *, conversation: Conversation, reason: str = Reason.CUSTOMER_ASKED, text: str = ""
) -> Ticket:
    """Hand the conversation over to people. Asking again changes nothing; returns the ticket.

    `reason` is a key of REASONS, which gives the words that the customer reads, unless `text` does.
    Their place in the queue follows, or when people are back. Of a conversation that has ended, the
    one that follows on it is handed over.
    """
    locked = lock_open(conversation)
    ticket = ensure_ticket(conversation=locked)
    if locked.state == State.BOT:
        _queue(locked, reason, text or _words_of(reason, locked.language), timezone.now())
        audit.record(action="conversation.handed_over", target=locked, reason=str(reason))
        assign_automatically(ticket)
    return ticket


def _words_of(reason: str, language: str) -> str:
    """REASONS in a language. Some say first why, and then that the customer is passed on."""
    if reason in SAY_WHY:
        why = REASONS[reason].removesuffix(PASSED_ON).strip()
        passed_on = words_in(language, "passed_on", PASSED_ON)
        return f"{words_in(language, str(reason), why)} {passed_on}"
    if REASONS[reason] == PASSED_ON:
        return words_in(language, "passed_on", PASSED_ON)
    return words_in(language, str(reason), REASONS[reason])


def _queue(locked: Conversation, reason: str, text: str, since: dt.datetime) -> None:
    offer_address = offers_address(locked.customer) and is_nobody_there()
    let_wait(
        locked,
        Waiting(reason, f"{text} {waiting_words(since, locked.language)}", since, offer_address),
    )


@transaction.atomic
def take_over(
    *,
    conversation: Conversation,
    agent: AbstractBaseUser,
    instead_of: AbstractBaseUser | None = None,
) -> None:
    """A person speaks from now on; the bot writes drafts. Does nothing when that is so already.

    Whoever another agent speaks with is taken over only if the caller knows, and names that agent
    in `instead_of`: of two who take over at once, the second is told. Raises SpeakerError,
    ConversationClosedError.
    """
    locked = _lock_not_closed(conversation)
    before = locked.agent
    if locked.state == State.AGENT and before is not None:
        if before.pk == agent.pk:
            return
        if instead_of is None or instead_of.pk != before.pk:
            raise SpeakerError(taken_words(locked))
    if not locked.tickets.exclude(status=Ticket.Status.CLOSED).exists():
        ensure_ticket(conversation=locked)  # what a person does has a ticket
    let_agent_speak(locked, agent)
    audit.record(
        action="conversation.taken_over",
        target=locked,
        actor=agent,
        **({"instead_of": before.pk} if before is not None else {}),
    )


@transaction.atomic
def give_back(*, conversation: Conversation, agent: AbstractBaseUser) -> None:
    """The bot answers again. Does nothing when that is so already. Raises
    ConversationClosedError."""
    locked = _lock_not_closed(conversation)
    if locked.state == State.BOT:
        return
    let_bot_speak(locked)
    audit.record(action="conversation.given_back", target=locked, actor=agent)


@transaction.atomic
def return_to_queue(
    *, conversation: Conversation, agent: AbstractBaseUser, reason: str = ""
) -> None:
    """The agent who speaks lets others have the conversation. Does nothing when it waits already.
    Raises TransitionError, ConversationClosedError."""
    locked = _lock_not_closed(conversation)
    if locked.state == State.WAITING:
        return
    if locked.state != State.AGENT:
        raise TransitionError("The bot speaks here: there is nothing to put back into the queue.")
    ensure_ticket(conversation=locked, because="it is back in the queue")
    _queue(locked, Reason.RETURNED, _words_of(Reason.RETURNED, locked.language), timezone.now())
    audit.record(action="conversation.requeued", target=locked, actor=agent, reason=reason)


def end_leases(limit: int = 200) -> int:
    """Put conversations back into the queue whose agent lets the customer wait for too long;
    returns how many."""
    due = Conversation.objects.filter(lease_until__lt=timezone.now()).order_by("lease_until")
    ended = [_end_lease(pk) for pk in due.values_list("pk", flat=True)[:limit]]
    return sum(ended)


@transaction.atomic
def _end_lease(pk: UUID) -> bool:
    locked = Conversation.objects.select_for_update(skip_locked=True).filter(pk=pk).first()
    if locked is None or locked.lease_until is None or locked.lease_until > timezone.now():
        return False
    agent = locked.agent
    name = (display_name(agent) if agent is not None else None) or NAMELESS.capitalize()
    _queue(
        locked,
        Reason.LEASE,
        words_in(locked.language, "lease", LEASE_WORDS, name=name),
        _began_to_wait(locked),
    )
    audit.record(
        action="conversation.requeued",
        target=locked,
        reason=Reason.LEASE.label,
        before=agent.pk if agent is not None else None,
    )
    ticket = ensure_ticket(conversation=locked, because="it is back in the queue")
    if agent is not None and ticket.assignee_id == agent.pk:
        set_assignee(ticket, None, actor=None)
        assign_automatically(ticket, but=agent)
    return True


def _began_to_wait(locked: Conversation) -> dt.datetime:
    """When the customer wrote what the agent has not answered."""
    said = locked.messages.filter(author="agent").order_by("-seq").values_list("seq", flat=True)
    asked = locked.messages.filter(author="customer", seq__gt=said.first() or 0).order_by("seq")
    return asked.values_list("created_at", flat=True).first() or timezone.now()


def _lock_not_closed(conversation: Conversation) -> Conversation:
    locked = Conversation.objects.select_for_update().get(pk=conversation.pk)
    if locked.state == State.CLOSED:
        raise ConversationClosedError(
            "This conversation is closed. The customer's next message begins a new one."
        )
    return locked
