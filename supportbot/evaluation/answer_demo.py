"""The demo company as a dataset: its files with their dates, and its questions."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from supportbot.evaluation.answer_questions import AnswerDataset, AskedQuestion, sampled
from supportbot.evaluation.answer_rows import Row, alternatives, read_rows, strings, text_of
from supportbot.evaluation.questions import BadDatasetError
from supportbot.evaluation.scratch import StoredFile

COLLECTION, QUESTIONS, DOCUMENTS = "collection.json", "questions.jsonl", "documents"


def load(folder: Path, limit: int) -> AnswerDataset:
    """Raises BadDatasetError."""
    files = documents(folder)
    known = {file.id for file in files}
    asked = [_question(row, known) for row in read_rows(folder / QUESTIONS)]
    return AnswerDataset(files, sampled(asked, limit), len(asked))


def documents(folder: Path) -> Sequence[StoredFile]:
    """The ids are the names of the files. Raises BadDatasetError."""
    path = folder / COLLECTION
    try:
        entries = json.loads(path.read_text("utf-8"))["documents"]
        files = [_file(folder, entry) for entry in entries]
    except (ValueError, KeyError, TypeError) as error:
        raise BadDatasetError(
            f'{path} is not {{"documents": [{{"file": …, "title": …, "effective_from": a day or '
            'null, "effective_until": a day or null}]}.'
        ) from error
    for file in files:
        if not file.path.is_file():
            raise BadDatasetError(f"There is no file {file.path}.")
    return files


def _file(folder: Path, entry: dict[str, Any]) -> StoredFile:
    return StoredFile(
        id=entry["file"],
        title=entry["title"],
        path=folder / DOCUMENTS / entry["file"],
        effective_from=_day(entry.get("effective_from")),
        effective_until=_day(entry.get("effective_until")),
    )


def _day(value: str | None) -> dt.date | None:
    return dt.date.fromisoformat(value) if value else None


def _question(row: Row, known: set[str]) -> AskedQuestion:
    named = strings(row, "documents")
    for name in named:
        if name not in known:
            raise BadDatasetError(f"{row.where}: there is no document {name} in {COLLECTION}.")
    answerable = row.entry.get("answerable")
    if answerable is not None and not isinstance(answerable, bool):
        raise BadDatasetError(f"{row.where}: “answerable” is neither true nor false.")
    return AskedQuestion(
        row.id,
        text_of(row, "text"),
        answerable=answerable,
        documents=named,
        answer=str(row.entry.get("answer") or "") if answerable else "",
        must=alternatives(row, "must_include"),
        must_not=alternatives(row, "must_not"),
    )
