"""Styles in DOCX: what a paragraph is by the style it has, and by those it is based on."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from lxml import etree

from knowledge.reading.office.word_lists import VAL, W, value_of, whole

_BODY_TEXT = 9  # the outline level that is none
_MAX_CHAIN = 20


@dataclass(frozen=True)
class Style:
    """`level` is a heading's, from 1."""

    level: int | None = None
    list_id: str = ""
    list_level: int = 0
    quote: bool = False
    hidden: bool = False


class Styles:
    def __init__(self, root: etree._Element | None) -> None:
        entries = [] if root is None else root.findall(f"{W}style")
        self._entries = {entry.get(f"{W}styleId", ""): entry for entry in entries}
        self._known: dict[str, Style] = {}

    def of(self, paragraph: etree._Element) -> Style:
        properties = paragraph.find(f"{W}pPr")
        if properties is None:
            return Style()
        return _with(self._named(value_of(properties, "pStyle")), properties)

    def _named(self, style_id: str, depth: int = 0) -> Style:
        if style_id not in self._known:
            self._known[style_id] = self._read(style_id, depth)
        return self._known[style_id]

    def _read(self, style_id: str, depth: int) -> Style:
        entry = self._entries.get(style_id)
        if entry is None or depth > _MAX_CHAIN:
            return Style()
        style = self._named(value_of(entry, "basedOn"), depth + 1)
        name = value_of(entry, "name").lower()
        if found := re.fullmatch(r"heading ([1-9])", name):
            style = replace(style, level=int(found.group(1)))
        elif name == "title":
            style = replace(style, level=1)
        style = replace(style, quote=style.quote or "quote" in name)
        properties = entry.find(f"{W}pPr")
        style = style if properties is None else _with(style, properties)
        run = entry.find(f"{W}rPr")
        return replace(style, hidden=is_on(run, "vanish")) if run is not None else style


def _with(style: Style, properties: etree._Element) -> Style:
    if outline := value_of(properties, "outlineLvl"):
        level = whole(outline, _BODY_TEXT)
        style = replace(style, level=level + 1 if level < _BODY_TEXT else None)
    numbers = properties.find(f"{W}numPr")
    if numbers is not None:
        style = replace(
            style,
            list_id=value_of(numbers, "numId") or style.list_id,
            list_level=whole(value_of(numbers, "ilvl"), style.list_level),
        )
    return style


def is_on(properties: etree._Element | None, name: str) -> bool:
    """Whether a property that is either on or off is on."""
    found = None if properties is None else properties.find(f"{W}{name}")
    return found is not None and found.get(VAL, "true") not in ("0", "false", "off", "none")
