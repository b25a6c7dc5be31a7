"""Tickets for a measurement of the desk: ten messages each, some of them a closed team's."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from collections.abc import Sequence

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone

from supportbot.answers.models import AnswerRun
from supportbot.automation.similar import embed_tickets
from tickets.models import (
    AuditEntry,
    Conversation,
    Customer,
    Draft,
    Event,
    Message,
    Note,
    Team,
    Ticket,
)
from tickets.models.visibility import closed_teams

MESSAGES = 10  # of each ticket
AT_ONCE = 1000
_TEXT = (
    "grinder kettle machine refund order parcel warranty return invoice coffee beans subscription "
    "leaks stops arrived late broken missing price delivery address card account repair filter "
    "please since yesterday again the my your with does not for when how and is of"
)
_WORDS = [*_TEXT.split(" ")]
_FIRST = "Ada Ben Cleo Dan Eva Finn Gia Hugo Ida Jon Kim Lea Max Nora Olaf Pia Rui Sam Tom Una"
_NAMES = [*_FIRST.split(" ")]
HIDDEN = "zebrafinch"  # a word that only tickets of others' private teams have
_STATUSES = [
    *(["open"] * 3 + ["new"] * 2 + ["pending"] * 3 + ["on_hold"]),
    *(["solved"] * 6 + ["closed"] * 5 + ["reopened"]),
]


def add_tickets(count: int, agent: User) -> None:
    """The same ones each time."""
    chance = random.Random(Ticket.objects.count())  # noqa: S311  (no secret)
    while count > 0:
        _add(min(count, AT_ONCE), agent, chance)
        count -= AT_ONCE
    while embed_tickets():
        pass


@transaction.atomic
def _add(count: int, agent: User, chance: random.Random) -> None:
    now = timezone.now()
    customers = [
        Customer(name=f"{chance.choice(_NAMES)} {chance.choice(_WORDS).title()}{n}")
        for n in range(max(1, count // 2))
    ]
    Customer.objects.bulk_create(customers)
    conversations = [
        Conversation(
            customer=chance.choice(customers),
            last_seq=MESSAGES,
            seen_seq=chance.choice([0, MESSAGES]),
            last_message_at=now - dt.timedelta(minutes=chance.randrange(200_000)),
        )
        for _ in range(count)
    ]
    Conversation.objects.bulk_create(conversations)
    messages = [one for held in conversations for one in _messages(held, agent, chance)]
    with connection.cursor() as cursor:
        # What was said is told afterwards; who spoke then is not checked now.
        cursor.execute("ALTER TABLE tickets_message DISABLE TRIGGER message_one_speaker")
        Message.objects.bulk_create(messages, batch_size=2000)
    Event.objects.bulk_create([_event(one) for one in messages], batch_size=2000)
    tickets = _tickets(conversations, agent, chance)
    _hang_on(tickets, messages, agent, chance)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE tickets_message ENABLE TRIGGER message_one_speaker")


def _messages(held: Conversation, agent: User, chance: random.Random) -> list[Message]:
    authors = ["customer", "bot", "customer", "agent"]
    return [
        Message(
            conversation=held,
            author=authors[n % len(authors)],
            agent=agent if n % len(authors) == 3 else None,  # noqa: PLR2004
            text=" ".join(chance.choices(_WORDS, k=chance.randrange(5, 40))),
            seq=n + 1,
        )
        for n in range(MESSAGES)
    ]


def _event(message: Message) -> Event:
    return Event(
        conversation_id=message.conversation_id,
        seq=message.seq,
        type="message.created",
        payload={"message": {"id": str(message.pk), "text": message.text}},
    )


def _tickets(
    conversations: Sequence[Conversation], agent: User, chance: random.Random
) -> list[Ticket]:
    closed = set(closed_teams(agent))
    teams = [chance.choice([None, None, *Team.objects.order_by("pk")]) for _ in conversations]
    tickets = [
        Ticket(
            conversation=held,
            subject=" ".join([*chance.choices(_WORDS, k=6), HIDDEN if team in closed else ""]),
            status=chance.choice(_STATUSES),
            priority=chance.choice([10, 20, 20, 20, 30, 40]),
            assignee=chance.choice([None, None, agent]),
            team=team,
            status_changed_at=held.last_message_at or timezone.now(),
        )
        for held, team in zip(conversations, teams, strict=True)
    ]
    Ticket.objects.bulk_create(tickets, batch_size=1000)
    return tickets


def _hang_on(
    tickets: Sequence[Ticket], messages: Sequence[Message], agent: User, chance: random.Random
) -> None:
    """Entries of the audit log, notes, runs, drafts."""
    entries = [
        AuditEntry(
            actor=agent,
            actor_name="bench",
            action=action,
            object_type="ticket",
            object_id=str(ticket.pk),
            conversation_id=ticket.conversation_id,
            data={"before": None, "after": after},
        )
        for ticket in tickets
        for action, after in (
            ("ticket.opened", ticket.status),
            ("ticket.status_changed", ticket.status),
            ("ticket.assigned", agent.pk),
        )
    ]
    AuditEntry.objects.bulk_create(entries, batch_size=2000)
    noted = chance.sample(list(tickets), len(tickets) // 4)
    Note.objects.bulk_create(
        [Note(ticket=one, author=agent, text="See the order.") for one in noted]
    )
    asked = [one for one in messages if one.seq == 1]
    runs = [
        AnswerRun(
            id=uuid.uuid4(),
            conversation_id=one.conversation_id,
            question=one,
            status=AnswerRun.Status.COMPLETED,
            delivery=AnswerRun.Delivery.DRAFT,
            outcome=chance.choice(["answered", "answered", "no_answer"]),
            route="extractive",
        )
        for one in asked
    ]
    AnswerRun.objects.bulk_create(runs, batch_size=1000)
    of = {ticket.conversation_id: ticket for ticket in tickets}
    Draft.objects.bulk_create(
        Draft(
            ticket=of[run.conversation_id],
            question_id=run.question_id,
            run_id=run.pk,
            text="You can return it within 30 days.",
            status=chance.choice(["pending", "approved", "rejected"]),
            decided_at=timezone.now(),
        )
        for run in runs
        if run.conversation_id and run.question_id and chance.random() < 0.3  # noqa: PLR2004
    )
