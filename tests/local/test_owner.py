"""supportbot.owner: the embedded stack's own role adds audit entries and can do nothing else to
them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from supportbot.local.paths import PROJECT_ROOT
from supportbot.local.postgres import APPLICATION, database_url
from tests.servers import TestServers, put_cluster, start_test_servers

ENTRY = (
    "INSERT INTO tickets_auditentry (actor_name, action, object_type, object_id, data, created_at)"
    " VALUES ('x', 'x', 'x', 'x', '{}', now())"
)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory, cluster: Path) -> Iterator[TestServers]:
    folder = tmp_path_factory.mktemp("owner")
    put_cluster(cluster, folder)
    servers = start_test_servers(folder)
    yield servers
    servers.stop()


def manage(servers: TestServers, *arguments: str, owner: bool) -> subprocess.CompletedProcess[str]:
    env = {
        **os.environ,
        "SUPPORTBOT_DATA_DIR": str(servers.paths.root),
        "DATABASE_URL": database_url(servers.paths, role=APPLICATION if owner else "postgres"),
        "REDIS_URL": servers.redis_url,
        "SUPPORTBOT_OWNER_DATABASE_URL": database_url(servers.paths) if owner else "",
    }
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(
        command, cwd=PROJECT_ROOT, env=env, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def application(servers: TestServers) -> Iterator[psycopg.Connection]:
    """A connection of the application's role, in a database that the owner has migrated."""
    migrated = manage(servers, "migrate", owner=True)
    assert migrated.returncode == 0, migrated.stderr
    url = database_url(servers.paths, role=APPLICATION)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(ENTRY)
        yield connection


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE tickets_auditentry SET actor_name = 'nobody'",
        "DELETE FROM tickets_auditentry",
        "TRUNCATE tickets_auditentry",
        "ALTER TABLE tickets_auditentry DISABLE TRIGGER ALL",
        "ALTER TABLE tickets_auditentry DISABLE TRIGGER audit_link",
        "DROP TRIGGER audit_append_only ON tickets_auditentry",
        "DROP TABLE tickets_auditentry",
        "CREATE OR REPLACE FUNCTION tickets_audit_link() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RETURN NULL; END $$",
        "SET session_replication_role = replica",
        "INSERT INTO tickets_auditlink VALUES (9, 9, '', '', '')",
        "UPDATE tickets_auditlink SET hash = ''",
        "UPDATE tickets_audithead SET number = 9",
        "DELETE FROM tickets_audithead",
        "SELECT tickets_audit_add_link(e) FROM tickets_auditentry e",
        "SET ROLE postgres",
    ],
)
def test_the_applications_role_cannot(application: psycopg.Connection, statement: str) -> None:
    with pytest.raises(psycopg.Error) as raised:
        application.execute(statement)
    assert raised.value.sqlstate == "42501", raised.value  # insufficient privilege


def test_it_adds_entries_which_are_chained(
    application: psycopg.Connection, servers: TestServers
) -> None:
    application.execute(ENTRY)
    verified = manage(servers, "audit", "verify", owner=True)
    assert (verified.returncode, verified.stderr) == (0, "")


def test_it_owns_the_other_tables_for_it_builds_indexes(application: psycopg.Connection) -> None:
    application.execute("CREATE INDEX CONCURRENTLY of_test ON knowledge_embedding (id)")
    application.execute("DROP INDEX of_test")


def test_a_command_of_django_migrates_again(servers: TestServers) -> None:
    again = manage(servers, "migrate", owner=True)
    assert again.returncode == 0, again.stderr
    assert "supportbot.W020" not in again.stderr


def test_one_role_for_all_still_migrates_and_is_told(
    application: psycopg.Connection, servers: TestServers
) -> None:
    done = manage(servers, "migrate", owner=False)
    assert done.returncode == 0, done.stderr
    assert "supportbot.W020" in done.stderr
    assert "SUPPORTBOT_OWNER_DATABASE_URL" in done.stderr
