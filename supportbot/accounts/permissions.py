"""Who may use which address and hear which socket event: `access.yaml`, and what it must list.

A test asks every address as every role and compares; an address without an entry fails it.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from django.contrib.admindocs.views import simplify_regex
from django.urls import URLPattern, URLResolver, get_resolver
from django.views.generic import RedirectView

from supportbot.accounts.roles import ROLES

TABLE = Path(__file__).with_name("access.yaml")
DOCUMENT = Path(__file__).parents[1] / "docs" / "permissions.md"
NOBODY, EVERYBODY, STAFF = "nobody", "everybody", "staff"
# Who has no role: not signed in, a visitor of the widget, an account without a role.
ANYONE, VISITOR, NO_ROLE = "Not signed in", "Visitor", "Staff without a role"
ACTORS = (ANYONE, VISITOR, NO_ROLE, *ROLES)
_GROUPS = {
    NOBODY: frozenset[str](),
    EVERYBODY: frozenset(ACTORS),
    STAFF: frozenset({NO_ROLE, *ROLES}),
}
# Words in place of the roles; and a role that may at times: “Content editor, of a draft”.
_NOTE, _ALSO = "note", "also"
_WORDS = {_NOTE, _ALSO}
_OF_CONSUMERS = {"connect", "disconnect", "receive", "send", "close", "accept", "dispatch"}


@functools.cache
def table() -> dict[str, dict[str, frozenset[str]]]:
    """Address → method → who may use it; socket event → "event" → who hears it."""
    raw: dict[str, dict[str, str]] = yaml.safe_load(TABLE.read_text("utf-8"))
    return {
        address: {name: people_in(who) for name, who in methods.items() if name not in _WORDS}
        for address, methods in raw.items()
    }


def people_in(words: str) -> frozenset[str]:
    """`nobody`, `staff`, `everybody`, or names joined by commas. Raises ValueError on others."""
    if words in _GROUPS:
        return _GROUPS[words]
    names = frozenset(name.strip() for name in words.split(","))
    if unknown := names - set(ACTORS):
        raise ValueError(f"nobody is called {', '.join(sorted(unknown))}")
    return names


def in_words(people: frozenset[str]) -> str:
    """The other way round, in the order of the roles."""
    named = {group: name for name, group in _GROUPS.items()}
    return named.get(people) or ", ".join(name for name in ACTORS if name in people)


def addresses() -> Iterator[tuple[str, URLPattern]]:
    """Every address of the URL conf with its pattern; redirects to another one are left out."""
    seen: set[str] = set()
    for address, pattern in _below(get_resolver().url_patterns, ""):
        # The REST router answers `tickets.json` as it answers `tickets/`.
        if "format" in address or _is_redirect(pattern) or address in seen:
            continue
        seen.add(address)
        yield address, pattern


def _below(
    patterns: list[URLPattern | URLResolver], before: str
) -> Iterator[tuple[str, URLPattern]]:
    for one in patterns:
        here = before + _plain(str(one.pattern))
        if isinstance(one, URLResolver):
            yield from _below(one.url_patterns, here)
        else:
            yield "/" + here, one


def _plain(pattern: str) -> str:
    if pattern.startswith("^") or "(?P" in pattern:
        return simplify_regex(pattern).lstrip("/")
    return pattern


def _is_redirect(pattern: URLPattern) -> bool:
    return getattr(pattern.callback, "view_class", None) is RedirectView


def events(consumer: type) -> list[str]:
    """What a consumer passes on from the channel layer: its public methods."""
    return sorted(
        name
        for name, method in vars(consumer).items()
        if inspect.iscoroutinefunction(method)
        and len(inspect.signature(method).parameters) > 1  # the message
        and not name.startswith("_")
        and name not in _OF_CONSUMERS
    )


def document() -> str:
    """The table as a page of the documents."""
    lines = [
        "# Who may do what",
        "",
        "Written by `manage.py permissions --write` from",
        "[access.yaml](../accounts/access.yaml), which a test compares with what every address",
        "answers to every role. Superusers may do all of it. Tickets of a private team are for its",
        "members alone, whatever the role.",
        "",
        "| address | method | who |",
        "| --- | --- | --- |",
    ]
    raw: dict[str, dict[str, str]] = yaml.safe_load(TABLE.read_text("utf-8"))
    for address, methods in raw.items():
        lines += [f"| `{address}` | {name} | {who} |" for name, who in _grouped(methods)]
    return "\n".join(lines) + "\n"


def _grouped(methods: dict[str, Any]) -> list[tuple[str, str]]:
    """Methods that the same people may use, on one line."""
    by_people: dict[str, list[str]] = {}
    at_times: str = methods.get(_ALSO, "")
    for method, who in methods.items():
        if method not in _WORDS:
            role = at_times.partition(",")[0]
            also = f"; {at_times}" if role and role not in who else ""
            by_people.setdefault(methods.get(_NOTE, who) + also, []).append(method)
    return [(", ".join(names), who) for who, names in by_people.items()]
