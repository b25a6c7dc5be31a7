"""tickets.services.audit_chain: whatever a superuser does to the log by SQL is named."""

# ruff: noqa: S608  the test plays the attacker

from __future__ import annotations

import io
import threading
import uuid

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import Error, connection, transaction

from tests.tickets.cast import at_once
from tickets.models import AuditEntry, AuditLink, Conversation, Customer
from tickets.services import audit
from tickets.services.audit_chain import verify_chain
from tickets.services.conversations import start_conversation

REFUSED = "never changed or removed"


def sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def as_superuser(*statements: str) -> None:
    """With every trigger out of the way, as only a superuser can."""
    with transaction.atomic():
        sql("SET CONSTRAINTS ALL IMMEDIATE")
        sql("SET LOCAL session_replication_role = replica")
        for statement in statements:
            sql(statement)
        sql("SET LOCAL session_replication_role = origin")


@pytest.fixture
def entries(conversation: Conversation, ben: User) -> list[AuditEntry]:
    for number in range(5):
        audit.record(
            action="conversation.taken_over", target=conversation, actor=ben, reason=f"n{number}"
        )
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    sql("SET CONSTRAINTS ALL DEFERRED")
    return list(AuditEntry.objects.order_by("pk"))


def test_an_untouched_log_is_whole(entries: list[AuditEntry]) -> None:
    verdict = verify_chain()
    assert (verdict.problem, verdict.entries) == ("", 5)
    assert verify_chain(kept_head=verdict.head).problem == ""


def test_an_empty_log_is_whole(db: None) -> None:
    assert verify_chain().problem == ""


@pytest.mark.parametrize(
    "change",
    [
        "actor_name = 'nobody'",
        "actor_id = NULL",
        "action = 'draft.approved'",
        "object_type = 'ticket'",
        "object_id = 'x'",
        "conversation_id = gen_random_uuid()",
        """data = '{"reason": "another"}'""",
        "data = '{}'",
        "created_at = created_at - interval '1 microsecond'",
    ],
)
def test_every_changed_field_of_an_entry_is_named(entries: list[AuditEntry], change: str) -> None:
    changed = entries[2].pk
    as_superuser(f"UPDATE tickets_auditentry SET {change} WHERE id = {changed}")
    assert f"entry {changed}" in verify_chain().problem


@pytest.mark.parametrize("position", range(5))
def test_a_removed_entry_is_named_wherever_it_stood(
    entries: list[AuditEntry], position: int
) -> None:
    gone = entries[position].pk
    as_superuser(f"DELETE FROM tickets_auditentry WHERE id = {gone}")
    assert f"entry {gone} was removed" in verify_chain().problem


@pytest.mark.parametrize("position", range(4))
def test_an_entry_removed_with_its_link_leaves_a_gap(
    entries: list[AuditEntry], position: int
) -> None:
    gone = entries[position].pk
    number = AuditLink.objects.get(entry_id=gone).number
    as_superuser(
        f"DELETE FROM tickets_auditentry WHERE id = {gone}",
        f"DELETE FROM tickets_auditlink WHERE entry_id = {gone}",
    )
    assert verify_chain().problem == f"Link {number} of the chain was removed."


def test_the_newest_entry_removed_with_its_link_is_missed_by_the_head(
    entries: list[AuditEntry],
) -> None:
    gone = entries[-1].pk
    as_superuser(
        f"DELETE FROM tickets_auditentry WHERE id = {gone}",
        f"DELETE FROM tickets_auditlink WHERE entry_id = {gone}",
    )
    assert "its head names link 5" in verify_chain().problem


def test_an_entry_slipped_in_is_named(entries: list[AuditEntry]) -> None:
    as_superuser(
        "INSERT INTO tickets_auditentry (id, actor_name, action, object_type, object_id, data,"
        " created_at) SELECT 900001, actor_name, action, object_type, object_id, data, created_at"
        f" FROM tickets_auditentry WHERE id = {entries[0].pk}"
    )
    assert verify_chain().problem == "Entry 900001 was slipped in: it has no link."


def test_two_entries_that_changed_places_are_named(entries: list[AuditEntry]) -> None:
    first, second = entries[1].pk, entries[2].pk
    as_superuser(
        f"UPDATE tickets_auditentry SET id = 900001 WHERE id = {first}",
        f"UPDATE tickets_auditentry SET id = {first} WHERE id = {second}",
        f"UPDATE tickets_auditentry SET id = {second} WHERE id = 900001",
    )
    assert f"entry {first}" in verify_chain().problem


def test_a_chain_written_anew_does_not_hold_the_head_that_was_kept(
    entries: list[AuditEntry],
) -> None:
    kept = verify_chain().head
    as_superuser(
        "DELETE FROM tickets_auditlink",
        "DELETE FROM tickets_audithead",
        f"UPDATE tickets_auditentry SET actor_name = 'nobody' WHERE id = {entries[0].pk}",
        "SELECT tickets_audit_add_link(e) FROM tickets_auditentry e ORDER BY id",
    )
    assert verify_chain().problem == ""
    assert "written anew" in verify_chain(kept_head=kept).problem


def test_values_erased_without_an_erasure_are_named(entries: list[AuditEntry]) -> None:
    lost = entries[3].pk
    as_superuser(
        f"UPDATE tickets_auditentry SET data = '{{}}' WHERE id = {lost}",
        f"UPDATE tickets_auditlink SET salt = NULL WHERE entry_id = {lost}",
    )
    assert f"the values of entry {lost} were changed, or removed" in verify_chain().problem


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE tickets_auditlink SET hash = ''",
        "UPDATE tickets_auditlink SET salt = NULL",
        "DELETE FROM tickets_auditlink",
        "UPDATE tickets_audithead SET number = 1",
        "UPDATE tickets_audithead SET number = number + 1",
        "DELETE FROM tickets_audithead",
        "UPDATE tickets_auditentry SET data = '{}'",
    ],
)
def test_the_database_refuses_to_change_the_chain(
    entries: list[AuditEntry], statement: str
) -> None:
    with pytest.raises(Error, match=REFUSED), transaction.atomic():
        sql(statement)
    assert verify_chain().problem == ""


def test_the_command_exits_with_1_and_names_the_entry(entries: list[AuditEntry]) -> None:
    said = io.StringIO()
    call_command("audit", "verify", stdout=said)
    assert said.getvalue().startswith("The audit log is whole: 5 entries.")
    as_superuser(f"DELETE FROM tickets_auditentry WHERE id = {entries[1].pk}")
    with pytest.raises(CommandError, match=f"entry {entries[1].pk} was removed") as raised:
        call_command("audit", "verify")
    assert raised.value.returncode == 1
    with pytest.raises(CommandError, match="NUMBER:HASH"):
        call_command("audit", "verify", "--head", "nonsense")


@pytest.mark.django_db(transaction=True)
def test_writers_at_once_make_one_chain_and_do_not_wait_for_open_transactions() -> None:
    customers = [Customer.objects.create(name=str(number)) for number in range(12)]
    conversations = [start_conversation(customer=customer) for customer in customers]
    all_have_written = threading.Barrier(len(conversations), timeout=20)

    def write(conversation: Conversation) -> None:
        for turn in range(3):
            with transaction.atomic():
                audit.record(
                    action="conversation.taken_over", target=conversation, run_id=str(uuid.uuid4())
                )
                if turn == 0:
                    all_have_written.wait()  # all are inside a transaction that has audited

    results = at_once([lambda one=one: write(one) for one in conversations])  # type: ignore[misc]
    assert results == [None] * 12
    verdict = verify_chain()
    assert (verdict.problem, verdict.entries) == ("", 36)
