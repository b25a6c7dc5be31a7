"""Runs of formatted text → one line of Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

_SAFE_LINK = re.compile(r"(?:https?://|mailto:|tel:)", re.IGNORECASE)


@dataclass(frozen=True)
class Run:
    text: str
    bold: bool = False
    italic: bool = False
    struck: bool = False
    link: str = ""

    @property
    def _style(self) -> tuple[bool, bool, bool, str]:
        return self.bold, self.italic, self.struck, self.link

    def joins(self, other: Run) -> bool:
        return self._style == other._style


def render_runs(runs: Iterable[Run], *, plain: bool = False) -> str:
    """`plain` leaves emphasis out, for headings."""
    text = "".join(_render(run, plain=plain) for run in _merge(runs))
    return re.sub(r"[ \t\u00a0]*\n[ \t\u00a0]*", "\n", re.sub(r"[ \t\u00a0]+", " ", text)).strip()


def _merge(runs: Iterable[Run]) -> Sequence[Run]:
    """Programs cut a sentence into many runs, and spaces between two of a kind have another."""
    merged: list[Run] = []
    for run in runs:
        if not run.text:
            continue
        if merged and (merged[-1].joins(run) or not run.text.strip()):
            merged[-1] = replace(merged[-1], text=merged[-1].text + run.text)
        else:
            merged.append(run)
    return merged


def _render(run: Run, *, plain: bool) -> str:
    text = run.text.strip()
    if not text:
        return run.text
    lead = run.text[: len(run.text) - len(run.text.lstrip())]
    trail = run.text[len(run.text.rstrip()) :]
    if not plain and "\n" not in text:
        marks = "~~" * run.struck + "**" * run.bold + "*" * run.italic
        text = f"{marks}{text}{marks[::-1]}"
    if run.link and _SAFE_LINK.match(run.link):
        target = re.sub(r"\s", "%20", run.link).replace("(", "%28").replace(")", "%29")
        text = f"[{text}]({target})"
    return f"{lead}{text}{trail}"
