"""Customers and their conversations: beginning, ending, and going on in another one."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Least
from django.utils import timezone

from tickets.models import Conversation, Customer, Team, Ticket
from tickets.services import audit
from tickets.services.customer_words import words_in
from tickets.services.events import append_event
from tickets.services.modes import mode_of
from tickets.services.speaker import SPEAKER_FIELDS, end_speaking
from tickets.services.statuses import set_status
from tickets.states import OWED

State = Conversation.State
ClosedBy = Conversation.ClosedBy
CLOSED_TEXT = {
    ClosedBy.CUSTOMER: "You ended this conversation.",
    ClosedBy.AGENT: "This conversation was closed.",
    ClosedBy.TIME: "This conversation ended because nobody wrote for some time.",
}


def register_visitor() -> Customer:
    """A new, unknown customer."""
    return Customer.objects.create()


@transaction.atomic
def signed_in_customer(*, external_id: str, name: str = "", email: str = "") -> Customer:
    """The customer whom the company knows as `external_id`, with what it says of them now."""
    customer, created = Customer.objects.get_or_create(
        external_id=external_id, defaults={"name": name, "email": email}
    )
    known = (customer.name, customer.email)
    customer.name, customer.email = name or customer.name, email or customer.email
    if not created and known != (customer.name, customer.email):
        customer.save(update_fields=["name", "email"])
    return customer


@transaction.atomic
def take_conversations(*, of: Customer, to: Customer) -> int:
    """An unknown visitor has signed in: what they said until now is the customer's, with the
    address that they have left. Tokens of the visitor are good no more. Returns how many
    conversations went over."""
    visitor = Customer.objects.select_for_update().get(pk=of.pk)
    if visitor.pk == to.pk or visitor.external_id is not None:
        return 0
    moved = list(visitor.conversations.select_for_update())
    if not moved:
        return 0
    Conversation.objects.filter(customer=visitor).update(customer=to)
    if not to.mail_address and visitor.contact_email:
        to.contact_email, to.contact_page = visitor.contact_email, visitor.contact_page
        to.save(update_fields=["contact_email", "contact_page"])
    visitor.signed_out_at = timezone.now()
    visitor.save(update_fields=["signed_out_at"])
    for conversation in moved:
        audit.record(action="conversation.claimed", target=conversation, visitor=str(visitor.pk))
    return len(moved)


def start_conversation(
    *,
    customer: Customer,
    channel: str = Conversation.Channel.CHAT,
    team_before: Team | None = None,
) -> Conversation:
    """A new conversation, in the mode that is set for new ones of its channel."""
    return Conversation.objects.create(
        customer=customer, channel=channel, mode=mode_of(channel), team_before=team_before
    )


def team_of(conversation: Conversation) -> Team | None:
    """Whose its newest ticket is; without a ticket, whose the one was that it follows on."""
    newest = conversation.tickets.select_related("team").order_by("-pk").first()
    return conversation.team_before if newest is None else newest.team


def tell_team(conversation: Conversation) -> None:
    """The ticket has another team: what follows on it is that team's, up to the next ticket."""
    team, following = team_of(conversation), conversation.continued_in
    while following is not None and not following.tickets.exists():
        Conversation.objects.filter(pk=following.pk).update(team_before=team)
        following = following.continued_in


@transaction.atomic
def current_conversation(*, customer: Customer) -> Conversation:
    """The conversation that a visitor finds: the newest one, made if there is none.

    One that the visitor or time has ended goes on in another. What an agent closed stays in sight,
    with the agent's last words, until the visitor writes again or it is too old.
    """
    chats = customer.conversations.filter(channel=Conversation.Channel.CHAT)
    newest = chats.order_by("-created_at").first()
    if newest is None:
        # Two tabs may open at once: the second waits here, and then finds the first one's.
        Customer.objects.select_for_update().get(pk=customer.pk)
        newest = chats.order_by("-created_at").first()
    if newest is None:
        return start_conversation(customer=customer)
    if not is_past(newest):
        return newest
    locked = Conversation.objects.select_for_update().get(pk=newest.pk)
    return continue_conversation(locked) if is_past(locked) else locked


def is_past(conversation: Conversation) -> bool:
    """Whether a visitor who comes back begins afresh."""
    if conversation.state != State.CLOSED:
        return is_idle(conversation)
    return conversation.closed_by != ClosedBy.AGENT or _is_silent(conversation)


def is_idle(conversation: Conversation) -> bool:
    """Whether nobody has written for so long that an open conversation ends. It goes on for as
    long as an agent, or the bot, owes the customer a reply."""
    if conversation.state == State.CLOSED or not _is_silent(conversation):
        return False
    if conversation.tickets.filter(status__in=_held_open_by(conversation.channel)).exists():
        return False
    return not conversation.messages.filter(awaits_answer=True).exists()


def _held_open_by(channel: str) -> frozenset[str]:
    """Whoever writes by e-mail may answer weeks later: that conversation lasts as long as its
    ticket."""
    unclosed = frozenset(Ticket.Status.values) - {Ticket.Status.CLOSED}
    return unclosed if channel == Conversation.Channel.EMAIL else OWED


def _is_silent(conversation: Conversation) -> bool:
    last, since = conversation.last_message_at, _idle_since()
    return last is not None and since is not None and last < since


def _idle_since() -> dt.datetime | None:
    """What was said last before this is long ago; None where conversations do not end by time."""
    hours = settings.CONVERSATION_IDLE_HOURS
    return timezone.now() - dt.timedelta(hours=hours) if hours > 0 else None


@transaction.atomic
def close_conversation(
    *,
    conversation: Conversation,
    by: str,
    agent: AbstractBaseUser | None = None,
    reason: str = "",
    text: str = "",
) -> None:
    """End a conversation and its tickets, these with a reason. Does nothing when it is closed
    already. `text` is what the customer reads, where CLOSED_TEXT does not say it."""
    locked = Conversation.objects.select_for_update().get(pk=conversation.pk)
    if locked.state != State.CLOSED:
        _close(locked, ClosedBy(by), agent, reason, text)


def _close(
    locked: Conversation,
    by: ClosedBy,
    agent: AbstractBaseUser | None = None,
    reason: str = "",
    text: str = "",
) -> None:
    end_speaking(locked)
    locked.closed_by, locked.closed_at = by, timezone.now()
    locked.save(update_fields=[*SPEAKER_FIELDS, "closed_by", "closed_at"])
    for ticket in locked.tickets.select_for_update().exclude(status=Ticket.Status.CLOSED):
        set_status(ticket, Ticket.Status.CLOSED, agent, reason)
    append_event(
        conversation_id=locked.pk,
        type="conversation.closed",
        payload={
            "by": str(by),
            "text": text or words_in(locked.language, f"closed.{by}", CLOSED_TEXT[by]),
        },
    )
    audit.record(action="conversation.closed", target=locked, actor=agent, by=str(by))


def close_idle_conversations(limit: int = 500) -> int:
    """End the conversations in which nobody has written for long; returns how many."""
    closed = 0
    for conversation in _idle_conversations()[:limit]:
        with transaction.atomic():
            locked = (
                Conversation.objects.select_for_update(skip_locked=True)
                .filter(pk=conversation.pk)
                .first()
            )
            if locked is not None and is_idle(locked):
                _close(locked, ClosedBy.TIME)
                closed += 1
    return closed


def _idle_conversations() -> QuerySet[Conversation]:
    since = _idle_since()
    if since is None:
        return Conversation.objects.none()
    # Owed a reply: excluded here too, or a full page of them would hide the others.
    return (
        Conversation.objects.exclude(state=State.CLOSED)
        .filter(last_message_at__lt=since)
        .exclude(tickets__status__in=OWED)
        .exclude(
            channel=Conversation.Channel.EMAIL,
            pk__in=Ticket.objects.exclude(status=Ticket.Status.CLOSED).values("conversation"),
        )
        .exclude(messages__awaits_answer=True)
        .order_by("last_message_at")
    )


def has_ended(conversation: Conversation) -> bool:
    """Whether what the customer does next belongs into another conversation."""
    return conversation.state == State.CLOSED or is_idle(conversation)


def lock_open(conversation: Conversation) -> Conversation:
    """The conversation, locked; of one that has ended, the one that follows on it."""
    locked = Conversation.objects.select_for_update().get(pk=conversation.pk)
    while has_ended(locked):
        locked = continue_conversation(locked)
    return locked


def latest_of(conversation: Conversation) -> Conversation:
    """Where the conversation has gone on by now; nothing is locked or made."""
    latest = Conversation.objects.get(pk=conversation.pk)
    while latest.continued_in is not None:
        latest = latest.continued_in
    return latest


def leads_to(earlier: Conversation, conversation: Conversation) -> bool:
    """Whether they are the same, or the earlier one has gone on to the other."""
    while earlier.pk != conversation.pk:
        if earlier.continued_in is None:
            return False
        earlier = earlier.continued_in
    return True


def continue_conversation(locked: Conversation) -> Conversation:
    """The conversation, locked, that follows on a closed or idle one, which is locked too; made
    when there is none yet. Sockets that read the old one are told where it goes on."""
    if locked.continued_in_id is not None:
        return Conversation.objects.select_for_update().get(pk=locked.continued_in_id)
    if locked.state != State.CLOSED:
        _close(locked, ClosedBy.TIME)
    following = start_conversation(
        customer=locked.customer, channel=locked.channel, team_before=team_of(locked)
    )
    _go_on_in(locked, following)
    return following


def _go_on_in(locked: Conversation, following: Conversation) -> None:
    locked.continued_in = following
    locked.save(update_fields=["continued_in"])
    append_event(
        conversation_id=locked.pk,
        type="conversation.continued",
        payload={"conversation": str(following.pk)},
    )


def lead_on(
    *,
    conversation: Conversation,
    into: Conversation,
    agent: AbstractBaseUser,
    reason: str,
    text: str,
) -> None:
    """End a conversation, with its tickets, that goes on in another one; the customer reads `text`.
    Needs a transaction that locks both."""
    close_conversation(
        conversation=conversation, by=ClosedBy.AGENT, agent=agent, reason=reason, text=text
    )
    _go_on_in(conversation, into)


def mark_seen(*, conversation: Conversation, seq: int) -> None:
    """Note that an agent has read everything up to event `seq`: for all agents, since a customer
    needs one reader."""
    unread = Conversation.objects.filter(pk=conversation.pk, seen_seq__lt=seq)
    unread.update(seen_seq=Least(seq, F("last_seq")))
