"""Questions with exact answer spans.

A folder has `corpora/*.md` and `queries.jsonl` with `id`, `corpus` (a file's name without .md),
`text` and `references`, a list of {"start_index", "end_index", "content"}: characters of that file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from supportbot.evaluation.questions import BadDatasetError

CORPORA = "corpora"
LEAST_QUESTIONS = 2  # for an interval

Stretch = tuple[int, int]


@dataclass(frozen=True)
class Question:
    """`references` do not overlap and are in order."""

    id: str
    corpus: str
    text: str
    references: Sequence[Stretch]


def load_corpora(data: Path) -> dict[str, str]:
    """Name → text. Raises BadDatasetError."""
    folder = data / CORPORA
    paths = sorted(folder.glob("*.md"))
    if not paths:
        raise BadDatasetError(f"There is no .md file in {folder}.")
    return {path.stem: path.read_text(encoding="utf-8") for path in paths}


def load_questions(data: Path, corpora: Mapping[str, str]) -> list[Question]:
    """Raises BadDatasetError, which names the line."""
    path = data / "queries.jsonl"
    if not path.is_file():
        raise BadDatasetError(f"There is no file {path}.")
    lines = path.read_text(encoding="utf-8").splitlines()
    questions = [
        _question(line, f"{path}, line {number}", corpora)
        for number, line in enumerate(lines, start=1)
        if line.strip()
    ]
    if len(questions) < LEAST_QUESTIONS:
        raise BadDatasetError(f"{path} needs {LEAST_QUESTIONS} questions or more.")
    return questions


def _question(line: str, where: str, corpora: Mapping[str, str]) -> Question:
    try:
        fields: dict[str, Any] = json.loads(line)
        corpus, text = corpora[fields["corpus"]], str(fields["text"])
        stretches = [(int(r["start_index"]), int(r["end_index"])) for r in fields["references"]]
        contents = [r.get("content") for r in fields["references"]]
        question = Question(str(fields["id"]), fields["corpus"], text, merged(stretches))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadDatasetError(
            f'{where} is not {{"id": …, "corpus": a file in {CORPORA}/, "text": …, '
            '"references": [{"start_index": …, "end_index": …}]}.'
        ) from error
    for (start, end), content in zip(stretches, contents, strict=True):
        if not 0 <= start < end <= len(corpus) or content not in {None, corpus[start:end]}:
            raise BadDatasetError(f"{where}: characters {start} to {end} are not the reference.")
    if not stretches:
        raise BadDatasetError(f"{where} has no references.")
    return question


def merged(stretches: Iterable[Stretch]) -> list[Stretch]:
    """The same characters in stretches that do not touch, in order."""
    merged: list[Stretch] = []
    for start, end in sorted(stretches):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
