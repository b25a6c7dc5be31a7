"""Rules, what happened to tickets for them, what they did, and vectors of tickets' questions."""

from __future__ import annotations

from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from pgvector.django import HalfVectorField

from supportbot.automation.facts import TicketFacts
from supportbot.guardrails.policy.conditions import ConditionError, compile_condition
from tickets.models import Macro, MacroStep, Ticket


class Rule(models.Model):
    """When something happens to a ticket and the condition holds, then the macro is applied. It is
    switched on from its dry run."""

    class When(models.TextChoices):
        """The values of tickets.services.happenings."""

        OPENED = "opened", "A ticket is opened"
        CUSTOMER_WROTE = "customer_wrote", "The customer writes"
        AGENT_WROTE = "agent_wrote", "An agent replies"
        STATUS_CHANGED = "status_changed", "The status changes"
        EDITED = "edited", "Details change"
        SLA_WARNED = "sla_warned", "A service level is at risk"
        SLA_BREACHED = "sla_breached", "A service level is missed"

    name = models.CharField(max_length=100, unique=True)
    when = models.CharField(max_length=20, choices=When)
    condition = models.TextField(
        "and",
        blank=True,
        help_text="In CEL, over the facts below. Empty: always.",
    )
    macro = models.ForeignKey(
        Macro,
        verbose_name="then",
        on_delete=models.PROTECT,
        related_name="rules",
        help_text="A macro without a reply: only people answer customers.",
    )
    position = models.PositiveSmallIntegerField(default=10)
    is_active = models.BooleanField("on", default=False)

    class Meta:
        ordering: ClassVar = ["position", "pk"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        try:
            compile_condition(self.condition or "true", TicketFacts)
        except ConditionError as error:
            words = f"The condition cannot be used: {error}."
            raise ValidationError({"condition": words}) from error
        if self.macro_id and self.macro.steps.filter(kind=MacroStep.Kind.REPLY).exists():
            raise ValidationError({"macro": "This macro sends a reply, which only people do."})


class TicketHappening(models.Model):
    """Something that rules are to look at, once. `root` is what began the chain, when a rule was
    the cause."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="+")
    when = models.CharField(max_length=20, choices=Rule.When)
    root = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["pk"]
        indexes: ClassVar = [
            # the worker: what rules have not looked at
            models.Index(fields=["id"], name="happening_waiting", condition=Q(done_at=None))
        ]

    def __str__(self) -> str:
        return f"{self.get_when_display()}: #{self.ticket_id}"


class RuleFiring(models.Model):
    """A rule that was applied, or was refused by the ticket; once for a ticket and what began it,
    so that rules which set each other off come to an end."""

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="firings")
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="+")
    root = models.ForeignKey(TicketHappening, on_delete=models.CASCADE, related_name="+")
    words = models.TextField(help_text="What was done, or why it was not.")
    was_applied = models.BooleanField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["rule", "ticket", "root"], name="rule_fires_once")
        ]

    def __str__(self) -> str:
        return f"{self.rule} on #{self.ticket_id}"


class TicketVector(models.Model):
    """What a ticket asks, as a vector of the active embedding model. Triggers remove it when the
    words change, so that nothing of erased words stays."""

    ticket = models.OneToOneField(
        Ticket, primary_key=True, on_delete=models.CASCADE, related_name="vector"
    )
    model = models.CharField(max_length=300)
    vector = HalfVectorField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["model"], name="ticket_vector_of_model")]

    def __str__(self) -> str:
        return f"Vector of #{self.ticket_id}"
