"""tickets.services.audit: entries are only ever added, and the database sees to it."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import Error, connection, transaction

from tickets.models import AuditEntry, Conversation
from tickets.services import audit

APPEND_ONLY: str = importlib.import_module("tickets.migrations.0002_audit_append_only").APPEND_ONLY
REFUSED = "Audit entries are never changed or removed"


@pytest.fixture
def entry(conversation: Conversation, ben: User) -> AuditEntry:
    audit.record(action="conversation.taken_over", target=conversation, actor=ben, note="x")
    return AuditEntry.objects.get()


def run(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_an_entry_says_who_did_what_to_what(
    entry: AuditEntry, conversation: Conversation, ben: User
) -> None:
    assert (entry.actor, entry.actor_name) == (ben, "ben")
    assert entry.action == "conversation.taken_over"
    assert (entry.object_type, entry.object_id) == ("conversation", str(conversation.pk))
    assert entry.data == {"note": "x"}


def test_the_product_itself_signs_with_its_name(conversation: Conversation) -> None:
    audit.record(action="conversation.handed_over", target=conversation)
    entry = AuditEntry.objects.get()
    assert entry.actor is None
    assert entry.actor_name == "supportbot"


def test_an_unknown_action_is_refused(conversation: Conversation) -> None:
    with pytest.raises(ValueError, match="unknown audit action"):
        audit.record(action="conversation.teleported", target=conversation)
    assert AuditEntry.objects.count() == 0


_ACTION = r'"([a-z_]+\.[a-z_]+)"'


def test_every_registered_action_is_used_and_every_used_one_registered() -> None:
    used: set[str] = set()
    for app in ("tickets", "knowledge", "supportbot"):
        for path in (settings.BASE_DIR / app).rglob("*.py"):
            if path != Path(audit.__file__):
                used |= set(re.findall(_ACTION, path.read_text()))
    assert used >= audit.ACTIONS


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE tickets_auditentry SET actor_name = 'nobody'",
        "DELETE FROM tickets_auditentry",
    ],
)
def test_the_database_refuses_to_change_or_remove_entries(
    entry: AuditEntry, statement: str
) -> None:
    with pytest.raises(Error, match=REFUSED):
        run(statement)
    assert AuditEntry.objects.get() == entry


def test_the_database_refuses_to_empty_the_table(entry: AuditEntry) -> None:
    """conftest.py takes this trigger away, because TRUNCATE cleans up after tests. The migration's
    own statement puts it back until this test's transaction is undone."""
    run("SET CONSTRAINTS ALL IMMEDIATE")  # the entry is chained, as after a commit
    (trigger,) = re.findall(r"CREATE TRIGGER audit_no_truncate .*?;", APPEND_ONLY, re.DOTALL)
    run(trigger)
    with pytest.raises(Error, match=REFUSED):
        run("TRUNCATE tickets_auditentry")
    assert AuditEntry.objects.get() == entry


def test_deleting_the_actor_leaves_the_entry_with_the_name(entry: AuditEntry, ben: User) -> None:
    ben.delete()
    entry.refresh_from_db()
    assert entry.actor_name == "ben"
