"""Erasing a customer: every row that is theirs goes, and the audit log keeps that it happened.

Rows that hang on the customer by foreign keys are deleted with them, whichever app they belong to,
and so are their files. What repeats a customer's words without a key is deleted by functions that
the apps register here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from django.contrib.auth.models import AbstractBaseUser
from django.core.files.storage import Storage
from django.db import connection, models, router, transaction
from django.db.models import Q
from django.db.models.deletion import Collector

from tickets.models import AuditEntry, Conversation, Customer, Message
from tickets.services import audit
from tickets.services.sign_out import sign_out

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Erasing:
    """Whom an erasure is about. `texts` are what was said in their conversations."""

    customer: Customer
    conversations: frozenset[UUID]
    texts: frozenset[str]


Eraser = Callable[[Erasing], int]
_erasers: list[Eraser] = []


def register_eraser(eraser: Eraser) -> None:
    """`eraser` deletes what no foreign key leads to, and returns how many rows those were."""
    if eraser not in _erasers:
        _erasers.append(eraser)


@transaction.atomic
def erase_customer(
    *, customer: Customer, agent: AbstractBaseUser, confirmation: str, reason: str = ""
) -> dict[str, int]:
    """Delete a customer with everything they said and were told; how many rows, by model.

    `confirmation` is the customer's name as the admin shows it. Raises ValueError when it is not.
    It cannot be undone. Of their audit entries the values go; that they exist, who acted and when
    stay, and the chain still holds.
    """
    locked = Customer.objects.select_for_update().get(pk=customer.pk)
    name = str(locked)
    if confirmation.strip() != name:
        raise ValueError(f"To erase this customer, type the name exactly: {name}")
    held = Conversation.objects.select_for_update().filter(customer=locked).order_by("pk")
    conversations = frozenset(held.values_list("pk", flat=True))
    said = Message.objects.filter(conversation__in=conversations).values_list("text", flat=True)
    erasing = Erasing(locked, conversations, frozenset(said))
    sign_out(customer=locked, agent=agent)
    entries = sorted(_entries_of(erasing))
    repeated = sum(eraser(erasing) for eraser in _erasers)
    counts = _delete(locked)
    if repeated:
        counts["repeated elsewhere"] = repeated
    erasure = audit.record(
        action="customer.erased",
        target=customer,
        actor=agent,
        entries=entries,
        rows=counts,
        **({"reason": reason} if reason else {}),
    )
    with connection.cursor() as cursor:
        # Entries of this transaction are chained before their values go.
        cursor.execute("SET CONSTRAINTS audit_link IMMEDIATE")
        cursor.execute("SET CONSTRAINTS audit_link DEFERRED")
        cursor.execute("SELECT tickets_audit_erase(%s)", [erasure.pk])
    return counts


def _entries_of(erasing: Erasing) -> Iterator[int]:
    of_customer = Q(object_type="customer", object_id=str(erasing.customer.pk))
    of_conversations = Q(conversation_id__in=erasing.conversations)
    entries = AuditEntry.objects.filter(of_customer | of_conversations)
    yield from entries.exclude(action="customer.erased").values_list("pk", flat=True)


def _delete(customer: Customer) -> dict[str, int]:
    using = router.db_for_write(Customer, instance=customer)
    collector = Collector(using=using, origin=customer)
    collector.collect([customer])
    rows: list[Any] = [*collector.data.values(), *collector.fast_deletes]
    files = [found for group in rows for found in _files_in(group)]
    transaction.on_commit(partial(_remove_files, files), robust=True)
    _, by_model = collector.delete()
    return dict(sorted(Counter(by_model).items()))


def _files_in(rows: Any) -> Iterator[tuple[Storage, str]]:
    model = rows.model if isinstance(rows, models.QuerySet) else type(next(iter(rows)))
    for field in model._meta.concrete_fields:
        if isinstance(field, models.FileField):
            held = [getattr(row, field.attname) for row in rows]
            yield from ((one.storage, one.name) for one in held if one.name)


def _remove_files(files: list[tuple[Storage, str]]) -> None:
    for storage, name in files:
        try:
            storage.delete(name)
        except OSError as error:
            log.error("file_of_erased_customer_left", file=name, error=str(error))
