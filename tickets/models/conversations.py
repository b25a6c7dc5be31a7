"""Conversations and what is said in them.

A conversation's events are the truth of what a customer saw and in which order: everything that is
shown in the widget is an Event row first.
"""

from __future__ import annotations

import uuid
from typing import ClassVar, Self, cast

from django.conf import settings
from django.db import models
from django.db.models import Q

from tickets.models.customers import Customer
from tickets.models.visibility import Reader, visible_by


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def visible_to(self, user: Reader) -> Self:
        return cast("Self", visible_by(self, user, "pk"))


class Conversation(models.Model):
    class State(models.TextChoices):
        """Who may speak to the customer. A closed conversation is read only; the customer's next
        message begins another one."""

        BOT = "bot", "The bot answers"
        WAITING = "waiting", "Waiting for a person"
        AGENT = "agent", "A person answers"
        CLOSED = "closed", "Closed"

    class Mode(models.TextChoices):
        """What the bot does. Changed, it holds from the next word on."""

        REPLY = "reply", "The bot answers"
        DRAFT = "draft", "The bot writes drafts"
        SUGGEST = "suggest", "The bot helps when asked"
        OFF = "off", "The bot is off"

    class Reason(models.TextChoices):
        """Why a person is needed."""

        CUSTOMER_ASKED = "customer_asked", "The customer asked for a person"
        FOR_REVIEW = "for_review", "An answer waits for review"
        POLICY = "policy", "A rule says so"
        NO_BOT = "no_bot", "The bot does not answer here"
        BOT_TURNS = "bot_turns", "The bot has said enough"
        REPEATED = "repeated", "The customer asked the same again"
        REFUSALS = "refusals", "The bot refused too often"
        COST = "cost", "The conversation costs too much"
        RETURNED = "returned", "An agent put it back into the queue"
        LEASE = "lease", "The agent did not reply in time"

    class Channel(models.TextChoices):
        CHAT = "chat", "Chat"
        EMAIL = "email", "E-mail"

    class ClosedBy(models.TextChoices):
        CUSTOMER = "customer", "The customer"
        AGENT = "agent", "An agent"
        TIME = "time", "Time without a message"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="conversations")
    state = models.CharField(max_length=20, choices=State, default=State.BOT)
    mode = models.CharField(max_length=20, choices=Mode, default=Mode.REPLY)
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Who speaks with the customer, if a person does.",
    )
    waiting_since = models.DateTimeField(
        null=True, blank=True, help_text="When the customer began to wait for a person."
    )
    handover_reason = models.CharField(
        max_length=20, choices=Reason, blank=True, help_text="Why they wait."
    )
    lease_until = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Until when the agent may let the customer wait; then it is back in the queue.",
    )
    language = models.CharField(
        max_length=2, blank=True, help_text="What the widget speaks; empty: English."
    )
    channel = models.CharField(max_length=20, choices=Channel, default=Channel.CHAT)
    is_urgent = models.BooleanField(
        "urgent", default=False, help_text="A rule has found that it cannot wait."
    )
    last_seq = models.PositiveIntegerField(default=0, help_text="Number of its newest event.")
    seen_seq = models.PositiveIntegerField(
        default=0, help_text="Number of the newest event that an agent has read."
    )
    last_message_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.CharField(max_length=20, choices=ClosedBy, blank=True)
    continued_in = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="continues",
        help_text="The conversation that the customer's next message began.",
    )
    team_before = models.ForeignKey(
        "tickets.Team",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Whose the ticket was that it follows on, until it has a ticket itself.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ConversationQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-updated_at"]
        indexes: ClassVar = [
            # the visitor's newest conversation, looked up at every connection
            models.Index(fields=["customer", "-created_at"], name="conversation_of_customer"),
            # the agents' list, newest words first
            models.Index(
                models.F("last_message_at").desc(nulls_last=True), name="conversation_by_last_words"
            ),
            # the sweep for those that nobody has written in for days
            models.Index(
                fields=["last_message_at"],
                name="conversation_not_closed",
                condition=~Q(state="closed"),
            ),
            # the queue: a customer's place in it
            models.Index(
                fields=["waiting_since"],
                name="conversation_waiting",
                condition=Q(state="waiting"),
            ),
            # the sweep for customers whom an agent lets wait
            models.Index(
                fields=["lease_until"],
                name="conversation_leased",
                condition=Q(lease_until__isnull=False),
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state="waiting", waiting_since__isnull=False)
                | (~Q(state="waiting") & Q(waiting_since=None)),
                name="conversation_waits_since",
            ),
            models.CheckConstraint(
                condition=Q(state="agent") | Q(agent=None, lease_until=None),
                name="conversation_agent_speaks",
            ),
        ]

    def __str__(self) -> str:
        return f"Conversation {str(self.id)[:8]}"


class MessageQuerySet(models.QuerySet["Message"]):
    def visible_to(self, user: Reader) -> Self:
        return cast("Self", visible_by(self, user, "conversation"))


class Message(models.Model):
    class Author(models.TextChoices):
        CUSTOMER = "customer", "Customer"
        BOT = "bot", "Bot"
        AGENT = "agent", "Agent"
        SYSTEM = "system", "System"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="messages"
    )
    author = models.CharField(max_length=20, choices=Author)
    text = models.TextField()
    sentences = models.JSONField(
        default=list, blank=True, help_text="The text by sentence, each with its citations."
    )
    client_id = models.CharField(  # noqa: DJ001  (NULLs are distinct: only clients have ids)
        max_length=100,
        null=True,
        blank=True,
        help_text="The sender's own id; sent twice, kept once.",
    )
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    run_id = models.UUIDField(null=True, blank=True, help_text="The run that wrote it.")
    seq = models.PositiveIntegerField(
        default=0, help_text="Number of the event that showed it: the order of the conversation."
    )
    reply_to = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="replies",
        help_text="The question it answers.",
    )
    joined_to = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="joined",
        help_text="The message a moment before, with which it is one question.",
    )
    awaits_answer = models.BooleanField(
        default=False, help_text="The bot has a question before it that it has not done with."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["seq", "created_at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["conversation", "author", "client_id"], name="message_client_id_unique"
            ),
            # A run answers once, whatever crashes in between.
            models.UniqueConstraint(
                fields=["run_id"], condition=Q(author="bot"), name="message_one_answer_per_run"
            ),
        ]

    def __str__(self) -> str:
        return self.text[:60]

    @property
    def question_text(self) -> str:
        """The whole question that begins with this message. Prefetch `joined` for many."""
        return "\n".join([self.text, *(message.text for message in self.joined.all())])


class ConversationFact(models.Model):
    """Something the customer said of themselves or their order, for the bot and for agents."""

    class Kind(models.TextChoices):
        ORDER_NUMBER = "order_number", "Order number"
        ORDER_DATE = "order_date", "Day of the order"
        PRODUCT = "product", "Product"
        COUNTRY = "country", "Country"

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="facts")
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=20, choices=Kind)
    value = models.CharField(max_length=100)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["created_at", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["conversation", "kind", "value"], name="fact_unique")
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.value}"


class Event(models.Model):
    """Something the customer's widget is told. `seq` counts from 1 in a conversation, gapless."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="events")
    seq = models.PositiveIntegerField()
    type = models.CharField(max_length=40)
    payload = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["conversation", "seq"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["conversation", "seq"], name="event_seq_unique")
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.type}"


class Feedback(models.Model):
    class Value(models.TextChoices):
        UP = "up", "Helpful"
        DOWN = "down", "Not helpful"

    message = models.OneToOneField(Message, on_delete=models.CASCADE, related_name="feedback")
    value = models.CharField(max_length=10, choices=Value)
    comment = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "feedback"

    def __str__(self) -> str:
        return self.get_value_display()
