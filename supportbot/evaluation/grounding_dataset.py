"""Judged grounding data in the product's form (DESIGN: dataset forms), read and checked.

A file of `{id, context, response, label}`, perhaps with the `title` above the context, or a folder
with such a `grounding.jsonl`, or with several such files. 1 is supported, 0 is not; what has the
label null is left out. The `domain` or `source` of an entry names the group it is reported in.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from supportbot.evaluation.questions import BadDatasetError

FILE = "grounding.jsonl"
_GROUPS = ("domain", "source")


@dataclass(frozen=True)
class JudgedResponse:
    """A response of one or more sentences, and whether its context supports all of it."""

    id: str
    context: str
    response: str
    supported: bool
    group: str
    title: str = ""


def load(data: Path) -> list[JudgedResponse]:
    """Raises BadDatasetError, which names file and line."""
    judged = [one for path in _files(data) for one in _responses(path)]
    if len({one.supported for one in judged}) < 2:  # noqa: PLR2004  both
        raise BadDatasetError(f"{data} needs responses with the label 1 and some with 0.")
    return judged


def _files(data: Path) -> list[Path]:
    if data.is_file():
        return [data]
    if (data / FILE).is_file():
        return [data / FILE]
    files = sorted(data.glob("*.jsonl"))
    if not files:
        raise BadDatasetError(f"There is no file {data / FILE}.")
    return files


def _responses(path: Path) -> Iterator[JudgedResponse]:
    name = path.resolve().parent.name if path.name == FILE else path.stem
    with path.open(encoding="utf-8", newline="\n") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                entry = json.loads(line)
                if (label := entry["label"]) is None:
                    continue
                yield _response(entry, label, name)
            except (ValueError, KeyError, TypeError) as error:
                raise BadDatasetError(
                    f'{path}, line {number} is not {{"id": …, "context": …, "response": …, '
                    '"label": 0, 1 or null}.'
                ) from error


def _response(entry: dict[str, Any], label: object, name: str) -> JudgedResponse:
    context, response = entry["context"], entry["response"]
    if label not in {0, 1} or not isinstance(context, str) or not isinstance(response, str):
        raise TypeError("not the form")
    group = next((str(entry[key]) for key in _GROUPS if entry.get(key)), name)
    title = str(entry.get("title") or "")
    return JudgedResponse(str(entry["id"]), context, response, label == 1, group, title)
