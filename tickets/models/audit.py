"""Who did what, and when, and the chain that proves that nobody has rewritten it."""

from __future__ import annotations

from typing import ClassVar, Self, cast

from django.conf import settings
from django.db import models
from django.db.models import Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce

from tickets.models.visibility import (
    Reader,
    closed_teams,
    hidden_customers,
    hidden_tickets,
    sees_all,
    visible_by,
)

_TEXT = models.CharField()
# Of two tickets: the entry is of one of them and names the other.
_OF_TWO = [
    f"ticket.{one}" for one in ("linked", "unlinked", "merged", "took_in", "split", "split_undone")
]


class AuditEntryQuerySet(models.QuerySet["AuditEntry"]):
    def visible_to(self, user: Reader) -> Self:
        """Without what was done to hidden conversations, customers and teams, or names one."""
        if not user.is_authenticated:
            return self.none()
        if sees_all(user):
            return self
        customers = hidden_customers(user).values(text=Cast("customer_id", _TEXT))
        teams = closed_teams(user).values(text=Cast("pk", _TEXT))
        tickets = hidden_tickets(user).values(text=Cast("pk", _TEXT))
        others = [Cast(KeyTextTransform(name, "data"), _TEXT) for name in ("other", "into")]
        seen = (
            visible_by(self, user, "conversation_id")
            .alias(named=Coalesce(*others, Value(""), output_field=_TEXT))
            .exclude(action__in=_OF_TWO, named__in=tickets)
            .exclude(object_type="customer", object_id__in=customers)
            .exclude(object_type="team", object_id__in=teams)
        )
        return cast("Self", seen)


class AuditEntry(models.Model):
    """Who did what to what. Rows are only ever added; the database refuses anything else, but for
    the values of `data` that an erasure names."""

    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
    )
    actor_name = models.CharField(max_length=200, help_text="As it was then.")
    action = models.CharField(max_length=60)
    object_type = models.CharField(max_length=60)
    object_id = models.CharField(max_length=60)
    conversation_id = models.UUIDField(
        null=True, blank=True, help_text="The conversation it belongs to, for who may see it."
    )
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = AuditEntryQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        verbose_name_plural = "audit entries"
        indexes: ClassVar = [
            # the history of one object, in the admin
            models.Index(fields=["object_type", "object_id"], name="audit_of_object"),
            # what an erasure names; entries of a conversation that a reader must not see
            models.Index(fields=["conversation_id"], name="audit_of_conversation"),
            # the trigger and `audit verify`: which entries may have lost their values
            models.Index(
                fields=["id"],
                name="audit_erasures",
                condition=models.Q(action="customer.erased"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.actor_name}: {self.action} {self.object_type} {self.object_id}"


class AuditLink(models.Model):
    """The place of an entry in the chain, written by the database when its transaction commits.

    `hash` covers the hash before it, the entry's own fields and `data_hash`, which is a salted hash
    of its values: they can be erased, with the salt, and the chain still holds.
    """

    number = models.BigIntegerField(primary_key=True)
    entry_id = models.BigIntegerField(unique=True)
    salt = models.BinaryField(null=True)
    data_hash = models.BinaryField()
    hash = models.BinaryField()

    class Meta:
        ordering: ClassVar = ["number"]

    def __str__(self) -> str:
        return f"Link {self.number}: entry {self.entry_id}"


class AuditHead(models.Model):
    """One row: where the chain ends. Whoever adds a link holds it until the commit."""

    number = models.BigIntegerField()
    hash = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.number}:{bytes(self.hash).hex()}"
