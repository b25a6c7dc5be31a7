"""A database of its own for a measurement, on the product's server.

Nothing of the product's is read or written, terms and revision included; whatever happens in it,
removing it is one statement that takes no time; and its statistics and indexes are of what is
measured alone.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.core.management import call_command
from django.db import ProgrammingError, connection

from supportbot.evaluation.report import EvaluationError
from supportbot.retrieval.caches import clear_caches

# Nobody gives a database such a name by hand, so what bears one may be removed.
_PREFIX = "supportbot_bench_"
LEFT_BEHIND_AFTER_SECONDS = 3600
TEMPLATE = "template1"  # what the new database is a copy of
_IDLE = """
SELECT datname FROM pg_database d
WHERE datname ~ '^supportbot_bench_[0-9]+_[0-9a-f]{8}$'
  AND split_part(datname, '_', 3)::bigint < %s
  AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datid = d.oid)
"""

Say = Callable[[str], None]


@contextmanager
def scratch_database(say: Say) -> Iterator[None]:
    """All connections of this process go to an empty, migrated database until the block ends,
    however it ends. In no transaction. Raises EvaluationError where none may be made."""
    remove_leftovers(say)
    own = connection.settings_dict["NAME"]
    name = f"{_PREFIX}{int(time.time())}_{uuid.uuid4().hex[:8]}"
    try:
        _execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    except ProgrammingError as error:
        raise EvaluationError(
            "The database's user may not make a database to measure in. Give it the right with "
            "ALTER ROLE … CREATEDB, or measure without --data over what is there."
        ) from error
    try:
        _switch_to(name)
        call_command("migrate", verbosity=0, interactive=False)
        yield
    finally:
        _switch_to(own)
        _execute(f"DROP DATABASE {name} WITH (FORCE)")


def remove_leftovers(say: Say) -> None:
    """Remove the databases of runs that were killed."""
    with connection.cursor() as cursor:
        cursor.execute(_IDLE, [int(time.time()) - LEFT_BEHIND_AFTER_SECONDS])
        left_behind = [row[0] for row in cursor.fetchall()]
    for name in left_behind:
        say("Removing the database that a killed run left behind.")
        _execute(f"DROP DATABASE {name}")


def _switch_to(name: str) -> None:
    """Connections of other threads are made from the same settings, and of the same pool."""
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]
    connection.settings_dict["NAME"] = name
    clear_caches()


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
