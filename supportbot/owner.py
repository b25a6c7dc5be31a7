"""Two database roles: one owns the audit log and migrates; the application connects as another,
which can add entries and read them, and nothing else.

With SUPPORTBOT_OWNER_DATABASE_URL, `migrate` connects as the owner and hands everything but the
audit log over to the role of DATABASE_URL afterwards. The embedded server is set up so by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register
from django.db import DatabaseError, connection

_AUDIT = ("tickets_auditentry", "tickets_auditlink", "tickets_audithead")
_LOGIN = ("USER", "PASSWORD", "HOST", "PORT")
# The application owns its own tables: it builds indexes while it runs.
_OTHERS = """
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
    AND c.relname <> ALL (%s) AND pg_get_userbyid(c.relowner) <> %s
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
ORDER BY c.relname
"""
_MAY_REWRITE = """
SELECT bool_or(r.rolsuper OR pg_has_role(%s, c.relowner, 'USAGE')) FROM pg_roles r, pg_class c
WHERE r.rolname = %s AND c.relname = ANY (%s) AND c.relnamespace = 'public'::regnamespace
"""
_application = ""  # its role, while connections are the owner's


@contextmanager
def as_owner() -> Iterator[str]:
    """Connections of this process are the owner's until the block ends. Yields the role of the
    application, empty where there is no other owner."""
    global _application  # noqa: PLW0603  it says as whom this process connects
    application = str(connection.settings_dict["USER"])
    owner = urlsplit(settings.OWNER_DATABASE_URL)
    if not settings.OWNER_DATABASE_URL or unquote(owner.username or "") == application:
        yield ""
        return
    before = {name: connection.settings_dict[name] for name in _LOGIN}
    host = dict(part.partition("=")[::2] for part in owner.query.split("&")).get("host", "")
    _connect_with(
        {
            "USER": unquote(owner.username or ""),
            "PASSWORD": unquote(owner.password or ""),
            "HOST": unquote(host or owner.hostname or ""),
            "PORT": str(owner.port or ""),
        }
    )
    _application = application
    try:
        yield application
    finally:
        _application = ""
        _connect_with(before)


def _connect_with(login: dict[str, Any]) -> None:
    connection.close()
    cast("Any", connection).close_pool()
    connection.settings_dict.update(login)


def hand_over(role: str) -> None:
    """Give every table but the audit log to the application's role; of the log, what it needs."""
    name = connection.ops.quote_name(role)
    audit = ", ".join(_AUDIT)
    with connection.cursor() as cursor:
        cursor.execute(_OTHERS, [list(_AUDIT), role])
        for (table,) in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {connection.ops.quote_name(table)} OWNER TO {name}")
        for table in _AUDIT:
            cursor.execute(f"ALTER TABLE {table} OWNER TO CURRENT_USER")
        cursor.execute(f"REVOKE ALL ON {audit} FROM {name}")
        cursor.execute(f"GRANT SELECT ON {audit} TO {name}")
        cursor.execute(f"GRANT INSERT ON tickets_auditentry TO {name}")
        cursor.execute(f"GRANT USAGE ON SEQUENCE tickets_auditentry_id_seq TO {name}")
        cursor.execute(f"GRANT EXECUTE ON FUNCTION tickets_audit_erase(bigint) TO {name}")
        cursor.execute(f"GRANT USAGE, CREATE ON SCHEMA public TO {name}")


@register(Tags.database)
def check_owner(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Whether the role that the application connects as could rewrite the audit log."""
    if not databases:
        return []
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user")
            role = _application or cursor.fetchone()[0]
            cursor.execute(_MAY_REWRITE, [role, role, list(_AUDIT)])
            (may_rewrite,) = cursor.fetchone()
    except DatabaseError:
        return []  # there is no database yet
    if not may_rewrite:
        return []
    hint = (
        "Let another role own the tables and migrate: name it in SUPPORTBOT_OWNER_DATABASE_URL, "
        "and in DATABASE_URL one that is no superuser. README.md says how."
    )
    text = f"The database role {role!r} owns the audit log, so it could switch its triggers off."
    return [Warning(text, hint=hint, id="supportbot.W020")]
