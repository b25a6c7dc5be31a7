"""Empties the database after a test with real transactions, in milliseconds.

Django's `flush` truncates each of a hundred tables, makes content types, permissions and groups
anew, and takes 0.3 seconds for it, after every such test.
"""

from __future__ import annotations

from django.db import connection
from django.test import TransactionTestCase

# What migrations make and hardly a test changes: it stays.
_KEPT = ("django_content_type", "auth_permission", "auth_group", "auth_group_permissions")
_HASH = "coalesce(md5((SELECT string_agg(t::text, ' ' ORDER BY id) FROM {} t)), '')"
_FINGERPRINT = f"SELECT {' || '.join(map(_HASH.format, _KEPT))}"
_EMPTY = """
DO $$
DECLARE
    name text;
    has_rows bool;
BEGIN
    -- An embedding index has a graph of its own, in which rows that are deleted would stay.
    FOR name IN
        SELECT graph.indexrelid::regclass::text FROM pg_index graph
        JOIN pg_class ON pg_class.oid = graph.indexrelid
        JOIN pg_am ON pg_am.oid = pg_class.relam
        WHERE pg_am.amname = 'hnsw'
    LOOP
        EXECUTE format('DROP INDEX %s', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY[{names}] LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I)', name) INTO has_rows;
        IF has_rows THEN
            EXECUTE format('DELETE FROM %I', name);
        END IF;
    END LOOP;
END $$
"""

_django_teardown = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]
_known: list[str] = []  # the fingerprint of _KEPT as `flush` leaves them


def install() -> None:
    """Take the place of Django's own."""
    TransactionTestCase._fixture_teardown = _teardown  # type: ignore[attr-defined]


def _teardown(case: TransactionTestCase) -> None:
    if _known == [_fingerprint()]:
        _empty()
        return
    _django_teardown(case)
    _known[:] = [_fingerprint()]


def _fingerprint() -> str:
    with connection.cursor() as cursor:
        cursor.execute(_FINGERPRINT)
        return str(cursor.fetchone()[0])


def _empty() -> None:
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    names = ", ".join(f"'{table}'" for table in tables if table not in _KEPT)
    with connection.cursor() as cursor:
        # No trigger fires: neither those that forbid deletion nor those of foreign keys.
        cursor.execute("SET session_replication_role = replica")
        try:
            cursor.execute(_EMPTY.format(names=names))
        finally:
            cursor.execute("SET session_replication_role = origin")
