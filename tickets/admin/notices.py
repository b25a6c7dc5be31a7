"""What all agents should know while it lasts, above the queue. Other apps register what to say."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.models import User

_sources: list[Callable[[User], list[str]]] = []


def register_notices(source: Callable[[User], list[str]]) -> None:
    """Show what the function returns for whoever looks; registering it twice shows it once."""
    if source not in _sources:
        _sources.append(source)


def notices(user: User) -> list[str]:
    """Each a sentence or two, in the order of registration."""
    return [notice for source in _sources for notice in source(user)]
