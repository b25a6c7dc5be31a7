"""What other apps show below a message on the pages of agents. `tickets` imports nothing of them,
so they register a template each, drawn with `message` and `given` in its context."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class MessagePart:
    """`related` are the paths from a message that the template follows; they are read together
    with the messages. `given` is called once for a page."""

    template: str
    related: Sequence[str]
    given: Callable[[], Any]


_parts: list[MessagePart] = []


def register_message_part(part: MessagePart) -> None:
    """Show it below every message; registering it twice shows it once."""
    if part not in _parts:
        _parts.append(part)


def related_of_parts() -> list[str]:
    return [path for part in _parts for path in part.related]


def message_parts() -> list[dict[str, Any]]:
    """Template and what is given to it, in the order of registration."""
    return [{"template": part.template, "given": part.given()} for part in _parts]
