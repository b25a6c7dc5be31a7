"""Files of one JSON object a line, with errors that name the line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from supportbot.evaluation.judged_dataset import LONGEST_ID
from supportbot.evaluation.questions import BadDatasetError


@dataclass(frozen=True)
class Row:
    """`where` names file and line."""

    where: str
    id: str
    entry: dict[str, Any]


def read_rows(path: Path) -> Iterator[Row]:
    """Blank lines are passed over. Only a line feed ends a line: JSON may hold other breaks.

    Raises BadDatasetError.
    """
    if not path.is_file():
        raise BadDatasetError(f"There is no file {path}.")
    empty = True
    try:
        with path.open(encoding="utf-8-sig", newline="\n") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    empty = False
                    yield _row(line, f"{path}, line {number}")
    except UnicodeDecodeError as error:
        raise BadDatasetError(f"{path} is not UTF-8 text.") from error
    if empty:
        raise BadDatasetError(f"{path} is empty.")


def _row(line: str, where: str) -> Row:
    try:
        entry = json.loads(line)
    except ValueError as error:
        raise BadDatasetError(f"{where} is not JSON: {error}.") from error
    if not isinstance(entry, dict) or not str(entry.get("id") or ""):
        raise BadDatasetError(f'{where} is not an object with an "id".')
    id_ = str(entry["id"])
    if len(id_) > LONGEST_ID:
        raise BadDatasetError(f"{where}: the id is longer than {LONGEST_ID} characters.")
    return Row(where, id_, entry)


def text_of(row: Row, key: str) -> str:
    """Raises BadDatasetError where it is missing or blank."""
    text = row.entry.get(key)
    if not isinstance(text, str) or not text.strip():
        raise BadDatasetError(f"{row.where}: “{key}” is not a text.")
    return text


def strings(row: Row, key: str) -> tuple[str, ...]:
    """A list of texts; none where the key is missing. Raises BadDatasetError."""
    return checked_strings(
        row.entry.get(key) or [], f"{row.where}: “{key}” is not a list of texts."
    )


def alternatives(row: Row, key: str) -> tuple[tuple[str, ...], ...]:
    """A list whose entries are texts or lists of texts. Raises BadDatasetError."""
    refusal = f"{row.where}: “{key}” is not a list of texts or of lists of texts."
    entries = row.entry.get(key) or []
    if not isinstance(entries, list):
        raise BadDatasetError(refusal)
    listed = [entry if isinstance(entry, list) else [entry] for entry in entries]
    if not all(listed):
        raise BadDatasetError(refusal)
    return tuple(checked_strings(entry, refusal) for entry in listed)


def checked_strings(value: object, refusal: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise BadDatasetError(refusal)
    return tuple(value)
