"""What differs between two configurations, in the words of the page."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from supportbot.configuration.content import Configuration

NOTHING = "–"


@dataclass(frozen=True)
class Line:
    """A line of a text: kind is same, added or removed."""

    kind: str
    text: str


@dataclass(frozen=True)
class Change:
    """A value that differs; a text has `lines` instead."""

    name: str
    before: str = ""
    after: str = ""
    lines: tuple[Line, ...] = ()


def differences(old: Configuration, new: Configuration) -> list[Change]:
    """In the order of the page; routes are matched by name."""
    before, after = dict(_values(old)), dict(_values(new))
    names = [*after, *(name for name in before if name not in after)]
    changes = [
        Change(name, before.get(name, NOTHING), after.get(name, NOTHING))
        for name in names
        if before.get(name) != after.get(name)
    ]
    for name in sorted(old.prompts.keys() | new.prompts.keys()):
        was, now = old.prompts.get(name, ""), new.prompts.get(name, "")
        if was != now:
            changes.append(Change(f"Prompt {name}", lines=tuple(_lines(was, now))))
    if old.policy != new.policy:
        changes.append(Change("Rules of your own", lines=tuple(_lines(old.policy, new.policy))))
    return changes


def _values(content: Configuration) -> Iterator[tuple[str, str]]:
    plain = content.as_json()
    routes, plain["prompts"] = plain.pop("routes"), {}
    del plain["policy"]
    yield "Order of routes", ", ".join(route["name"] for route in routes) or NOTHING
    for name, value in _flat(plain):
        yield name, value
    for route in routes:
        for name, value in _flat(route):
            if name != "Name":
                yield f"Route {route['name']}: {name.lower()}", value


def _flat(value: dict[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for key, inner in value.items():
        name = f"{above} {key.replace('_', ' ')}".strip()
        if isinstance(inner, dict):
            yield from _flat(inner, name)
        else:
            yield name.capitalize(), _shown(inner)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list):
        return "; ".join(map(_shown, value)) or NOTHING
    if isinstance(value, dict):
        return ", ".join(value["words"]) + f": {value['route']}"
    return NOTHING if value is None or value == "" else str(value)


def _lines(old: str, new: str) -> Iterator[Line]:
    """Unified, with two lines of context; an empty text stands for the product's own."""
    kinds = {"+": "added", "-": "removed", " ": "same"}
    before, after = old.splitlines(), new.splitlines()
    for line in difflib.unified_diff(before, after, lineterm="", n=2):
        if not line.startswith(("---", "+++")):
            yield Line(kinds.get(line[:1], "gap"), line[1:] if line[:1] in kinds else "…")
