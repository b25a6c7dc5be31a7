"""Datasets in the product's form: corpus.jsonl, queries.jsonl (DESIGN: dataset forms)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from supportbot.local.seeding import DEMO_FOLDER


class BadDatasetError(ValueError):
    """The folder is not a dataset. `str()` says what is missing."""


@dataclass(frozen=True)
class Text:
    """A document of a corpus."""

    id: str
    title: str
    text: str


def load_questions(folder: Path | None) -> list[str]:
    """The questions' texts; the demo's own without a folder. Raises BadDatasetError."""
    path = folder / "queries.jsonl" if folder is not None else DEMO_FOLDER / "questions.jsonl"
    return [str(entry["text"]) for entry in _entries(path)]


def load_texts(path: Path) -> list[str]:
    """The texts of a file of `{id, text}`. Raises BadDatasetError."""
    return [str(entry["text"]) for entry in _entries(path)]


def load_corpus(folder: Path) -> list[Text]:
    """The corpus of a dataset folder. Raises BadDatasetError."""
    return [
        Text(str(entry["id"]), str(entry.get("title") or entry["id"]), str(entry["text"]))
        for entry in _entries(folder / "corpus.jsonl")
    ]


def _entries(path: Path) -> Iterator[dict[str, Any]]:
    if not path.is_file():
        raise BadDatasetError(f"There is no file {path}.")
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                entry = json.loads(line)
                entry["text"], entry["id"]
            except (ValueError, KeyError, TypeError) as error:
                raise BadDatasetError(
                    f'{path}, line {number} is not {{"id": …, "text": …}}.'
                ) from error
            yield entry
