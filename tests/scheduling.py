"""Which worker runs what: tests of one file one after another, and files that need the same stack.

What takes long comes first, so that no worker is left with it at the end.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

DEMO, OWN = "the demo's stack", "stacks without documents"
# The beginning of a test's name → its group; of several the longest counts.
_GROUPS = {
    "tests/e2e/test_agent_browser.py": DEMO,
    "tests/e2e/test_chat_protocol.py": DEMO,
    "tests/e2e/test_desk_tools.py": DEMO,
    "tests/e2e/test_embedding.py": DEMO,
    "tests/e2e/test_embedding.py::test_a_site_that_is_not_named_is_refused_plainly[model": OWN,
    "tests/e2e/test_firefox.py": DEMO,
    "tests/e2e/test_shift.py": DEMO,
    "tests/e2e/test_torture.py": DEMO,
    "tests/e2e/test_transport.py": DEMO,
    "tests/e2e/test_widget_browser.py": DEMO,
    "tests/e2e/test_widget_browser.py::test_axe_finds_nothing_in_any_state": OWN,
    "tests/e2e/test_browser.py": OWN,
    "tests/e2e/test_browser.py::test_a_conversation_with_the_keyboard_alone": DEMO,
    "tests/e2e/test_browser.py::test_axe_finds_nothing_in_the_widget": DEMO,
    "tests/e2e/test_desk_browser.py": OWN,
}
_LONGEST = (
    DEMO,
    OWN,
    "tests/e2e/",
    "tests/evaluation/test_bench",
    "tests/evaluation/test_evaluate_",
    "tests/local/",
    "tests/answers/",
)


class ByStack(LoadScopeScheduling):  # type: ignore[misc]
    """By file, or by the stack that the tests of several files need."""

    def _split_scope(self, nodeid: str) -> str:
        fitting = [start for start in _GROUPS if nodeid.startswith(start)]
        return _GROUPS[max(fitting, key=len)] if fitting else nodeid.partition("::")[0]

    def _assign_work_unit(self, node: WorkerController) -> None:
        if not self.assigned_work.get(node):  # nobody has begun; those with most tests come first
            waiting = self.workqueue  # type: ignore[has-type]
            self.workqueue = OrderedDict(sorted(waiting.items(), key=_place))
        super()._assign_work_unit(node)


def _place(unit: tuple[str, object]) -> int:
    places = (place for place, start in enumerate(_LONGEST) if unit[0].startswith(start))
    return next(places, len(_LONGEST))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByStack | None:
    return ByStack(config, log) if config.getvalue("dist") == "loadfile" else None
