"""What all agents should know while it lasts, above the queue. Other apps register what to say."""

from __future__ import annotations

from collections.abc import Callable

_sources: list[Callable[[], list[str]]] = []


def register_notices(source: Callable[[], list[str]]) -> None:
    """Show what the function returns; registering it twice shows it once."""
    if source not in _sources:
        _sources.append(source)


def notices() -> list[str]:
    """Each a sentence or two, in the order of registration."""
    return [notice for source in _sources for notice in source()]
