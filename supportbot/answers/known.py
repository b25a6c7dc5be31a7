"""Answers that are known before the documents are searched: curated ones, then cached ones.

A finder looks one up, in the order of FINDERS. What it returns is checked and delivered like any
answer; if nothing of it passes, the next finder and then the search have their turn.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from supportbot.answers.routes import Route
from supportbot.answers.types import Evidence, Question
from supportbot.configuration.content import Configuration


@dataclass(frozen=True)
class Known:
    """A route that writes the known answer, and the sources it is checked against."""

    route: Route
    evidence: Evidence
    reason: str


Finder = Callable[[Question, Configuration], Awaitable[Known | None]]
FINDERS: Sequence[Finder] = ()
