"""A table of weekdays and times answers “when are you open”, whatever stands above it."""

from __future__ import annotations

import datetime as dt

import pytest

from knowledge.models import Audience
from supportbot.answers.composer import compose
from supportbot.retrieval.caches import clear_caches
from supportbot.retrieval.search import Scope, search
from tests.conftest import Publish

REACHING_US = """# Complaints code

## How to get hold of us

On public holidays most lines are open from 10 am to 4 pm and the others are shut.

| Team | Number | Monday to Friday | Sunday |
|---|---|---|---|
| Billing | 01632 960400 | 8am–8pm | 10am–4pm |
| Faults | 01632 960410 | 7am–10pm | 8am–8pm |
"""


@pytest.mark.parametrize("question", ["opening hours", "when are you open"])
def test_a_timetable_is_read_out(publish: Publish, question: str) -> None:
    publish(REACHING_US, "code.md", title="Complaints code")
    clear_caches()
    found = search(question, scope=Scope(dt.date(2026, 11, 21), Audience.PUBLIC), limit=16)
    lines = [one.text for one in compose(found)]
    assert [line.partition(":")[0] for line in lines] == ["Billing", "Faults"]
    assert "8am–8pm" in lines[0]
