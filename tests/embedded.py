"""Pytest plugin, loaded before Django's settings: one PostgreSQL and one Redis for all tests.

Two things are kept between test runs, because making them takes ten seconds each and says nothing
about the code under test: converted models, and PostgreSQL's folder with the test database as the
migrations of this checkout make it.
"""

from __future__ import annotations

import gc
import hashlib
import os
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

import psycopg
import pytest

from supportbot.local.postgres import DATABASE
from tests.servers import TestServers, copy_cluster, put_cluster, start_test_servers

ROOT = Path(__file__).parents[1]
_CLUSTERS = "supportbot-test-cluster-"
_APPS = ("knowledge", "tickets", "supportbot")
# Beside migrations: which apps and libraries there are, and roles, which are made after migrating.
_MAKERS = ("constraints.txt", "supportbot/settings.py", "supportbot/accounts/roles.py")
_FORGOTTEN_AFTER_SECONDS = 12 * 3600  # since it was last used; each takes 80 MB

# Everything a test writes lies here.
_data = Path(tempfile.mkdtemp(prefix="supportbot-tests-"))
_kept = Path(tempfile.gettempdir())


def _cluster() -> Path:
    """Where PostgreSQL's folder is kept: by what the database is made of."""
    found = hashlib.sha256()
    migrations = [path for app in _APPS for path in (ROOT / app).glob("**/migrations/*.py")]
    makers = (Path(__file__), *(ROOT / name for name in _MAKERS), *sorted(migrations))
    for path in makers:
        found.update(path.read_bytes())
    return _kept / f"{_CLUSTERS}{found.hexdigest()[:16]}"


def _workers_run_the_tests() -> bool:
    line = " ".join(sys.argv[1:])
    wanted = re.search(r"(?:^| )(?:-n|--numprocesses)[ =]?([1-9]\d*|auto|logical)", line)
    return wanted is not None and "PYTEST_XDIST_WORKER" not in os.environ


def _start() -> TestServers:
    if CLUSTER.is_dir():
        put_cluster(CLUSTER, _data / "servers")
        os.utime(CLUSTER)
    return start_test_servers(_data / "servers")


for _name in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "SUPPORTBOT_MODEL"):
    os.environ.pop(_name, None)  # a developer's own model must not answer in the tests
os.environ["SUPPORTBOT_DATA_DIR"] = str(_data)
os.environ.setdefault("SUPPORTBOT_MODELS_DIR", str(_kept / "supportbot-test-models"))
os.environ["SUPPORTBOT_LOG_LEVEL"] = "WARNING"
if "PYTEST_XDIST_WORKER" in os.environ:
    # Workers are as many as cores: threads of one would only wait for those of the others.
    for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "SUPPORTBOT_EMBEDDING_THREADS"):
        os.environ.setdefault(_name, "1")
CLUSTER = _cluster()
IS_KEPT = CLUSTER.is_dir()  # the test database is there already
# pytest-xdist's own process runs no tests.
_servers = None if _workers_run_the_tests() else _start()
os.environ["DATABASE_URL"] = _servers.database_url if _servers else "postgresql:///of_a_worker"
os.environ["REDIS_URL"] = _servers.redis_url if _servers else "redis://127.0.0.1:1/0"


def keep_cluster() -> None:
    """Keep the migrated database for the next run, also as that of a new stack. Nobody may be
    connected."""
    global _servers  # noqa: PLW0603
    assert _servers is not None
    with psycopg.connect(_servers.database_url, autocommit=True, dbname="postgres") as server:
        server.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {DATABASE} TEMPLATE test_{DATABASE}")
    _servers.supervisor.stop()
    unfinished = Path(tempfile.mkdtemp(prefix="supportbot-tests-")) / "cluster"
    copy_cluster(_servers.paths.postgres, unfinished)
    _servers = start_test_servers(_servers.paths.root)
    try:
        unfinished.rename(CLUSTER)
    except OSError:  # another worker was first
        shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.parent.rmdir()
    for path in _kept.glob(f"{_CLUSTERS}*"):
        if path.stat().st_mtime < time.time() - _FORGOTTEN_AFTER_SECONDS:
            shutil.rmtree(path, ignore_errors=True)


def pytest_collection_finish(session: pytest.Session) -> None:
    """What is loaded by now stays: the garbage collector need not look through it after each of
    thousands of tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the servers; they would end with this process anyway, but not remove their folder."""
    if _servers is not None:
        _servers.stop()
    shutil.rmtree(_data, ignore_errors=True)
