"""Fixtures: a stack with the demo documents and no model, and one with a model that waits."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.corpus import RETURNS_POLICY, Sheet
from tests.e2e.model import SlowModel, slow_model
from tests.e2e.stack import Stack, eventually, free_port

_running: list[Stack] = []


@contextmanager
def running_stack(
    environment: dict[str, str], *, demo: bool, program: str = "manage.py"
) -> Iterator[Stack]:
    """A stack in a folder of its own, until the end of the block."""
    folder = Path(tempfile.mkdtemp(prefix="supportbot-e2e-"))
    stack = Stack(folder, environment, demo, program=program)
    _running.append(stack)
    try:
        stack.start()
        yield stack
    finally:
        _running.remove(stack)
        try:
            stack.stop()
        finally:
            stack.remove()


@pytest.fixture(scope="session")
def shop_port() -> int:
    """Where the site stands that may embed the widget of `demo_stack`."""
    return free_port()


@pytest.fixture(scope="session")
def demo_stack(shop_port: int) -> Iterator[Stack]:
    """The product as it comes: demo documents, no language model."""
    origin = f"http://127.0.0.1:{shop_port}"
    with running_stack({"SUPPORTBOT_WIDGET_ORIGINS": origin}, demo=True) as stack:
        # The supervisor goes on after a while, also when the demo documents are not in yet.
        eventually(lambda: all_live(stack), "the demo documents are live")
        yield stack


@pytest.fixture(scope="session")
def model() -> Iterator[SlowModel]:
    with slow_model() as server:
        yield server


@pytest.fixture(scope="session")
def model_stack(model: SlowModel) -> Iterator[Stack]:
    """One document of ours, and a model that says what a test wants at the test's pace."""
    with running_stack(model.environment, demo=False) as stack:
        upload(stack, [Sheet("returns.md", "Returns policy", RETURNS_POLICY)], "Policies")
        eventually(lambda: all_live(stack), "the returns policy is live")
        yield stack


def upload(stack: Stack, sheets: list[Sheet], collection: str) -> None:
    """Put documents in over REST, as a content team's script would."""
    with stack.staff() as api:
        for sheet in sheets:
            response = api.post(
                "documents/",
                data={
                    "external_id": sheet.external_id,
                    "title": sheet.title,
                    "collection": collection,
                },
                files={"file": (sheet.external_id, sheet.text.encode(), "text/markdown")},
            )
            assert response.status_code in {200, 201, 202}, response.text


def all_live(stack: Stack) -> bool:
    """Whether there are documents and none of them waits."""
    with stack.database() as database:
        states = database.execute("SELECT status FROM knowledge_documentversion").fetchall()
    return bool(states) and all(state == "ready" for (state,) in states)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Show what the stacks said beside a test that failed."""
    report = yield
    if report.failed:  # type: ignore[attr-defined]
        for stack in _running:
            report.sections.append((f"stack {stack.url}", stack.log()))  # type: ignore[attr-defined]
    return report
