"""Panels on a document's page that other apps fill: past answers that cited it, for one.

`knowledge` imports nothing of the apps that use it, so they register what they have to show, when
they are ready:

    register_panel(answers_that_cited)
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django.http import HttpRequest

from knowledge.models import Document, DocumentVersion


@dataclass(frozen=True)
class PanelRow:
    """One line: a text that links somewhere, with the day and a remark in smaller letters."""

    text: str
    link: str = ""
    when: dt.datetime | None = None
    note: str = ""


@dataclass(frozen=True)
class Panel:
    """What a panel shows. `empty` is the sentence for no rows; `link` leads to all of them."""

    title: str
    empty: str
    rows: Sequence[PanelRow] = field(default_factory=tuple)
    link: str = ""
    link_text: str = "Show all"


# A document and the version that is looked at → a panel, or None to whom it is not for.
PanelFunction = Callable[[HttpRequest, Document, DocumentVersion], Panel | None]
_functions: list[PanelFunction] = []


def register_panel(function: PanelFunction) -> PanelFunction:
    """Show this panel on every document's page, below those registered before. Usable as a
    decorator; registering a function twice shows it once."""
    if function not in _functions:
        _functions.append(function)
    return function


def panels_for(
    request: HttpRequest, document: Document, version: DocumentVersion | None
) -> list[Panel]:
    if version is None:
        return []
    shown = (function(request, document, version) for function in _functions)
    return [panel for panel in shown if panel is not None]
