"""Judged retrieval data in the product's form (DESIGN: dataset forms), read and checked.

A folder with `corpus.jsonl`, `queries.jsonl` and `qrels.tsv`. Whether a question has an answer in
the corpus stands in `answerable` (true, false) or in `answerability` (the classes of MTRAG: Katsis
et al., 2025); without either, nothing is known about it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from supportbot.evaluation.questions import BadDatasetError, Text
from supportbot.retrieval.query import Turn

CORPUS, QUERIES, QRELS = "corpus.jsonl", "queries.jsonl", "qrels.tsv"
LONGEST_ID = 300  # what the product keeps of a document's own id
LEAST_QUESTIONS = 2  # for an interval
NOT_ANSWERABLE = {"UNANSWERABLE", "UNDERSPECIFIED"}
_COLUMNS = 3
_AUTHORS = {"user": "customer", "customer": "customer", "agent": "agent"}


@dataclass(frozen=True)
class Said:
    """One entry of a question's history."""

    role: str
    text: str


@dataclass(frozen=True)
class JudgedQuestion:
    """`grades`: corpus id → grade, 0 and below for not relevant; empty where nothing was judged.
    `answerable` is None where the data does not say."""

    id: str
    text: str
    history: tuple[Said, ...]
    grades: Mapping[str, int]
    answerable: bool | None

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The history as retrieval takes it; who is neither customer nor agent is the bot."""
        return tuple(Turn(_AUTHORS.get(said.role, "bot"), said.text) for said in self.history)

    @property
    def is_judged(self) -> bool:
        """Whether a ranking can be right or wrong about it."""
        return any(grade > 0 for grade in self.grades.values())


@dataclass(frozen=True)
class JudgedDataset:
    name: str
    documents: Sequence[Text]
    questions: Sequence[JudgedQuestion]

    @property
    def has_history(self) -> bool:
        return any(question.history for question in self.questions)


def load(data: Path) -> JudgedDataset:
    """Raises BadDatasetError, which names file and line."""
    documents = _load_documents(data / CORPUS)
    entries = dict(_entries(data / QUERIES))
    grades = _load_grades(data / QRELS, entries, {document.id for document in documents})
    questions = [
        _question(where, entry, grades.get(id_, {})) for id_, (where, entry) in entries.items()
    ]
    judged = sum(question.is_judged for question in questions)
    if judged < LEAST_QUESTIONS:
        raise BadDatasetError(
            f"{data / QRELS} names a relevant document for {judged} of the questions; "
            f"{LEAST_QUESTIONS} or more are needed."
        )
    return JudgedDataset(data.resolve().name, documents, questions)


def _load_documents(path: Path) -> list[Text]:
    documents: list[Text] = []
    for id_, (where, entry) in _entries(path):
        if len(id_) > LONGEST_ID:
            raise BadDatasetError(f"{where}: the id is longer than {LONGEST_ID} characters.")
        documents.append(Text(id_, str(entry.get("title") or ""), entry["text"]))
    if not documents:
        raise BadDatasetError(f"{path} is empty.")
    return documents


def _entries(path: Path) -> Iterator[tuple[str, tuple[str, dict[str, Any]]]]:
    """(id, (where it stands, the entry)); ids are not repeated and texts are not blank."""
    if not path.is_file():
        raise BadDatasetError(f"There is no file {path}.")
    seen: set[str] = set()
    for number, line in _lines(path):
        where = f"{path}, line {number}"
        try:
            entry = json.loads(line)
            id_, text = str(entry["id"]), entry["text"]
            if not id_ or not isinstance(text, str) or not text.strip():
                raise ValueError("empty")
        except (ValueError, KeyError, TypeError) as error:
            raise BadDatasetError(f'{where} is not {{"id": …, "text": …}} with a text.') from error
        if id_ in seen:
            raise BadDatasetError(f"{where}: the id {id_} stands further up already.")
        seen.add(id_)
        yield id_, (where, entry)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Numbered lines that are not blank. Only a line feed ends one: JSON may hold other breaks."""
    try:
        with path.open(encoding="utf-8-sig", newline="\n") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield number, line.rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise BadDatasetError(f"{path} is not UTF-8 text.") from error


def _load_grades(
    path: Path, questions: Mapping[str, object], documents: set[str]
) -> dict[str, dict[str, int]]:
    """Question id → corpus id → grade."""
    if not path.is_file():
        raise BadDatasetError(f"There is no file {path}.")
    grades: dict[str, dict[str, int]] = {}
    for number, line in _lines(path):
        where, cells = f"{path}, line {number}", line.split("\t")
        if number == 1 and cells[-1].strip() == "score":
            continue
        if len(cells) != _COLUMNS or not cells[2].strip().lstrip("-").isdecimal():
            raise BadDatasetError(
                f"{where} is not a query-id, a corpus-id and a whole number, separated by tabs."
            )
        question, document = cells[0], cells[1]
        if question not in questions:
            raise BadDatasetError(f"{where}: there is no question {question} in {QUERIES}.")
        if document not in documents:
            raise BadDatasetError(f"{where}: there is no document {document} in {CORPUS}.")
        grades.setdefault(question, {})[document] = int(cells[2])
    return grades


def _question(where: str, entry: dict[str, Any], grades: Mapping[str, int]) -> JudgedQuestion:
    try:
        history = tuple(Said(_word(said["role"]), _word(said["text"])) for said in _turns(entry))
    except (KeyError, TypeError) as error:
        raise BadDatasetError(
            f'{where}: the history is not a list of {{"role": …, "text": …}}.'
        ) from error
    answerable = entry.get("answerable")
    if answerable is None and entry.get("answerability") is not None:
        answerable = entry["answerability"] not in NOT_ANSWERABLE
    if answerable is not None and not isinstance(answerable, bool):
        raise BadDatasetError(f"{where}: “answerable” is neither true nor false.")
    return JudgedQuestion(str(entry["id"]), entry["text"], history, grades, answerable)


def _turns(entry: dict[str, Any]) -> list[Any]:
    turns = entry.get("history") or []
    if not isinstance(turns, list):
        raise TypeError("no list")
    return turns


def _word(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value
