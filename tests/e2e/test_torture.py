"""Conversations through the worst of proxies, while the web process dies and Redis forgets."""

from __future__ import annotations

import pytest

from tests.e2e.stack import Stack
from tests.e2e.torture import torture

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_every_event_comes_once_and_every_message_is_answered_once(demo_stack: Stack) -> None:
    told = torture(demo_stack, 24, kills=1)
    assert told["reconnects"] > 0, "the proxy did nothing"
