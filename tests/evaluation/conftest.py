"""Databases of measurements begin migrated, and vectors are computed each time."""

from __future__ import annotations

import pytest

from supportbot.evaluation import bench_database
from supportbot.local.postgres import DATABASE
from tests.vectors import computed_each_time

__all__ = ["computed_each_time"]


@pytest.fixture(autouse=True)
def _begin_migrated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is connected to this one: the tests' own has another name."""
    monkeypatch.setattr(bench_database, "TEMPLATE", DATABASE)
