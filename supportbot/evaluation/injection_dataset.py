"""Texts that steer an assistant and texts that do not, by where they come from.

A folder with `.jsonl` files of `{id, text, label}` (1: steers), each with an optional `source`; or
a folder that has such a one as `injection`, beside `triage` with ordinary questions and `retrieval`
with documents.
"""

from __future__ import annotations

import json
import random
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from knowledge.text.sentences import split_sentences
from supportbot.evaluation.questions import BadDatasetError, load_corpus, load_questions
from supportbot.guardrails.detectors import injection_head

FOLDER = Path(injection_head.__file__).parent
OWN = "own examples"
OWN_FILES = (
    ("injection_attacks.toml", True),
    ("injection_harmless.toml", False),
    ("ordinary_examples.toml", False),
)
ORDINARY = ("banking77", "clinc150")  # set the threshold, and count false alarms
MOST_ORDINARY = 2500  # of each
OTHERS = ("bitext", "chitchat")  # sets of questions and small talk
MOST_OF_OTHERS = 600
WORDS = range(3, 60)  # of a sentence of a document, and of a question to it
MOST_CHARACTERS = 3000  # of a document
NEVER_FITTED = ("bipia_email",)  # whole e-mails, few of which show which sentence is the attack
T = TypeVar("T")


@dataclass(frozen=True)
class Row:
    id: str
    text: str
    attack: bool
    source: str
    hard: bool = False  # one of our own, or harmless and chosen because it looks like an attack

    @property
    def family(self) -> str:
        """Sources of one author: they share the beginning of their names."""
        return self.source.partition("_")[0]


@dataclass(frozen=True)
class InjectionData:
    """`judged`: the rows by source. `background`: what weights are fitted to beside it.
    `calibration` and `ordinary`: ordinary questions, those that set the threshold and others."""

    judged: Sequence[Row]
    background: Sequence[Row]
    calibration: Sequence[Row]
    ordinary: Sequence[Row]

    @property
    def sources(self) -> list[str]:
        return list(dict.fromkeys(row.source for row in self.judged))


def load(data: Path) -> InjectionData:
    """Raises BadDatasetError."""
    folder = data / "injection" if (data / "injection").is_dir() else data
    root = folder.parent
    judged = [row for path in _files(folder) for row in _rows(path)]
    if not any(row.attack for row in judged):
        raise BadDatasetError(f"{folder} has no text with the label 1.")
    if not all((root / "triage" / name).is_dir() for name in ORDINARY):
        return InjectionData(judged, [], [], [])
    return InjectionData(
        judged,
        [*own_examples(), *_background(root)],
        [row for name in ORDINARY for row in _questions(root, name, "train")],
        [row for name in ORDINARY for row in _questions(root, name, "test")],
    )


def own_examples() -> Iterator[Row]:
    """Those written for training."""
    for name, attack in OWN_FILES:
        for group, texts in tomllib.loads((FOLDER / name).read_text("utf-8")).items():
            for number, text in enumerate(texts):
                yield Row(f"{group}{number}", text, attack, OWN, hard=True)


def sampled(rows: Iterable[T], count: int) -> list[T]:
    found = list(rows)
    return random.Random(0).sample(found, min(count, len(found)))  # noqa: S311


def _files(folder: Path) -> list[Path]:
    files = [folder] if folder.is_file() else sorted(folder.glob("*.jsonl"))
    if not files:
        raise BadDatasetError(f"There is no .jsonl file in {folder}.")
    return files


def _rows(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8", newline="\n") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                yield _row(json.loads(line), path.stem)
            except (ValueError, KeyError, TypeError) as error:
                raise BadDatasetError(
                    f'{path}, line {number} is not {{"id": …, "text": …, "label": 0 or 1}}.'
                ) from error


def _row(entry: dict[str, Any], name: str) -> Row:
    if entry["label"] not in {0, 1} or not isinstance(entry["text"], str):
        raise TypeError("not the form")
    attack, source = entry["label"] == 1, str(entry.get("source") or name)
    return Row(str(entry["id"]), entry["text"], attack, source, hard=not attack)


def _questions(root: Path, name: str, part: str, most: int = MOST_ORDINARY) -> list[Row]:
    path = root / "triage" / name / f"{part}.jsonl"
    try:
        entries = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line]
        rows = [Row(str(entry["id"]), str(entry["text"]), False, name) for entry in entries]
    except (OSError, ValueError, KeyError) as error:
        raise BadDatasetError(f"{path} cannot be read: {error}") from error
    return sampled(rows, most)


def _background(root: Path) -> Iterator[Row]:
    """Ordinary questions, small talk and sentences of documents."""
    for name in OTHERS:
        if (root / "triage" / name).is_dir():
            yield from _questions(root, name, "train", MOST_OF_OTHERS)
    for folder in sorted((root / "retrieval").glob("*/corpus.jsonl")):
        name = folder.parent.name
        said = [
            sentence
            for text in load_corpus(folder.parent)
            for sentence in split_sentences(text.text[:MOST_CHARACTERS])
        ]
        asked = load_questions(folder.parent)
        said, asked = ([t for t in texts if _is_short(t)] for texts in (said, asked))
        for text in (*sampled(said, MOST_OF_OTHERS), *sampled(asked, MOST_OF_OTHERS // 3)):
            yield Row("", text, False, name)


def _is_short(text: str) -> bool:
    return len(text.split()) in WORDS
