"""`manage.py evaluate triage`: does the product tell what customers want, and how they feel?

A folder with train.jsonl and test.jsonl of `{id, text, label}`, and perhaps oos_test.jsonl, which
fits no label. The product's way to learn intents is learned anew from train.jsonl. Where the labels
are sentiments (triage/goemotions), the head that comes with the product is measured instead.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import f1_score

from knowledge.embedding.encoder import Vectors, get_encoder
from knowledge.embedding.model import BUNDLED
from supportbot.evaluation.grounding_figures import Estimate, mean_of
from supportbot.evaluation.intervals import auroc, auroc_interval
from supportbot.evaluation.names import (
    ACCURACY,
    ANSWERS,
    AUROC,
    IN_SCOPE,
    MACRO_F1,
    NEAREST,
    OUT_OF_SCOPE_RECALL,
    TEN_EACH,
    TRIAGE_MEASURES,
)
from supportbot.evaluation.questions import BadDatasetError
from supportbot.evaluation.report import Figure, Record, Report, Table
from supportbot.manners.features import features
from supportbot.triage.intents import LEAST_SCORE, learn
from supportbot.triage.sentiment import NEGATIVE, NEUTRAL, POSITIVE, sentiment_head
from supportbot.triage.training import LABELS

Say = Callable[[str], None]
TOGETHER = 64
FEW = 10  # examples of each intent
DRAWS = 3


@dataclass(frozen=True)
class Texts:
    """Of one file, with their embeddings."""

    ids: tuple[str, ...]
    texts: tuple[str, ...]
    labels: tuple[str, ...]
    vectors: Vectors

    def part(self, rows: Sequence[int]) -> Texts:
        return Texts(
            tuple(self.ids[row] for row in rows),
            tuple(self.texts[row] for row in rows),
            tuple(self.labels[row] for row in rows),
            self.vectors[list(rows)],
        )


@dataclass(frozen=True)
class Said:
    """What an arm says of each text: the likeliest label, its score, whether it is in scope."""

    labels: tuple[str, ...]
    scores: Vectors
    in_scope: Vectors


def evaluate(data: Path, *, say: Say) -> Report:
    """Raises BadDatasetError."""
    say(f"Reading and embedding {data}")
    test = read(data / "test.jsonl")
    if set(test.labels) <= {*LABELS, "mixed"}:
        return _of_sentiment(test)
    train = read(data / "train.jsonl")
    outside = read(data / "oos_test.jsonl") if (data / "oos_test.jsonl").is_file() else None
    say(f"{len(train.texts)} examples of {len(set(train.labels))} intents")
    return _of_intents(train, test, outside)


def read(path: Path) -> Texts:
    """Raises BadDatasetError, which names file and line."""
    if not path.is_file():
        raise BadDatasetError(f"There is no file {path}.")
    rows = list(_rows(path))
    texts = [text for _, text, _ in rows]
    encoder = get_encoder(BUNDLED)
    parts = [texts[at : at + TOGETHER] for at in range(0, len(texts), TOGETHER)]
    if not parts:
        raise BadDatasetError(f"{path} has no texts.")
    ids, _, labels = zip(*rows, strict=True)
    vectors = np.vstack([encoder.encode_questions(part) for part in parts])
    return Texts(ids, tuple(texts), labels, vectors)


def _rows(path: Path) -> Iterator[tuple[str, str, str]]:
    with path.open(encoding="utf-8", newline="\n") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                entry = json.loads(line)
                yield str(entry["id"]), str(entry["text"]), str(entry["label"])
            except (ValueError, KeyError, TypeError) as error:
                form = '{"id": …, "text": …, "label": …}'
                raise BadDatasetError(f"{path}, line {number} is not {form}.") from error


# -- intents --------------------------------------------------------------------------------------
def _of_intents(train: Texts, test: Texts, outside: Texts | None) -> Report:
    began = time.perf_counter()
    say_of = _learned(train)
    seconds = time.perf_counter() - began
    said = say_of(test)
    of_outside = say_of(outside) if outside is not None else None
    arms = {
        ANSWERS: _figures(said, test, of_outside),
        TEN_EACH: _few(train, test),
        NEAREST: {ACCURACY: mean_of(_right(_nearest(train, test), test))},
    }
    notes = [
        f"Learned from {len(train.texts)} examples in {seconds:.1f} s, without the embedding. "
        f"{IN_SCOPE}: right, and not taken for out of scope. {TEN_EACH}: {FEW} examples of each "
        f"intent, the mean of {DRAWS} draws. {NEAREST}: the label of the nearest example."
    ]
    texts = [(test, said)] + ([(outside, of_outside)] if outside and of_outside else [])
    return Report(
        tables=list(_tables(arms)),
        notes=notes,
        predictions=[one for of, found in texts for one in _predictions(of, found)],
        record=_record(
            len(test.texts),
            arms,
            {ANSWERS: {"examples": len(train.texts), "in scope from": LEAST_SCORE}},
        ),
    )


def _learned(train: Texts) -> Callable[[Texts], Said]:
    head = learn(train.texts, train.labels, train.vectors)
    classes = head.classifier.classes

    def say_of(of: Texts) -> Said:
        scores = head.classifier.scores(features(of.texts, of.vectors))
        best = scores.max(axis=1)
        labels = tuple(classes[number] for number in scores.argmax(axis=1))
        return Said(labels, best, best >= LEAST_SCORE)

    return say_of


def _figures(said: Said, test: Texts, outside: Said | None) -> dict[str, Estimate]:
    right = _right(said.labels, test)
    found = {ACCURACY: mean_of(right), IN_SCOPE: mean_of(right * said.in_scope)}
    if outside is not None:
        found[OUT_OF_SCOPE_RECALL] = mean_of((~outside.in_scope.astype(bool)).astype(float))
        pair = said.scores.astype(float), outside.scores.astype(float)
        found[AUROC] = Estimate(auroc(*pair), *auroc_interval(*pair))
    return found


def _few(train: Texts, test: Texts) -> dict[str, Estimate]:
    labels = np.array(train.labels)
    rights = []
    for seed in range(DRAWS):
        shuffled = np.random.default_rng(seed).permutation(len(labels))
        rows = [
            row for name in sorted(set(labels)) for row in shuffled[labels[shuffled] == name][:FEW]
        ]
        rights.append(_right(_learned(train.part(rows))(test).labels, test))
    return {ACCURACY: mean_of(np.mean(rights, axis=0))}


def _nearest(train: Texts, test: Texts) -> list[str]:
    found: list[str] = []
    for at in range(0, len(test.texts), TOGETHER):
        best = (test.vectors[at : at + TOGETHER] @ train.vectors.T).argmax(axis=1)
        found += [train.labels[row] for row in best]
    return found


def _right(labels: Sequence[str], test: Texts) -> Any:
    return np.array([one == true for one, true in zip(labels, test.labels, strict=True)], float)


def _predictions(of: Texts, said: Said) -> Iterator[dict[str, Any]]:
    for row, id_ in enumerate(of.ids):
        score, inside = float(said.scores[row]), bool(said.in_scope[row])
        yield {"id": id_, "label": said.labels[row], "score": score, "in_scope": inside}


# -- sentiment ------------------------------------------------------------------------------------
def _of_sentiment(test: Texts) -> Report:
    """“ambiguous” counts as neutral; mixed feelings have no right answer and are left out."""
    judged = test.part([row for row, label in enumerate(test.labels) if label in LABELS])
    head = sentiment_head()
    shares = head.probabilities(features(judged.texts, judged.vectors))
    said = [head.classes[number] for number in shares.argmax(axis=1)]
    true = [LABELS[label] for label in judged.labels]
    right = np.array([one == other for one, other in zip(said, true, strict=True)], float)
    f1 = float(f1_score(true, said, average="macro", labels=[NEGATIVE, NEUTRAL, POSITIVE]))
    arms = {ANSWERS: {ACCURACY: mean_of(right), MACRO_F1: Estimate(f1, f1, f1)}}
    return Report(
        tables=list(_tables(arms)),
        notes=["The head that comes with the product: negative, neutral or positive."],
        predictions=[
            {"id": id_, "label": label, "score": float(row.max()), "in_scope": True}
            for id_, label, row in zip(judged.ids, said, shares, strict=True)
        ],
        record=_record(len(true), arms, {}),
    )


# -- the report -----------------------------------------------------------------------------------
def _tables(arms: Mapping[str, Mapping[str, Estimate]]) -> Iterator[Table]:
    names = [name for name in TRIAGE_MEASURES if any(name in one for one in arms.values())]
    values: list[list[Figure]] = [
        [arm, *(found[name].value if name in found else None for name in names)]
        for arm, found in arms.items()
    ]
    yield Table("triage", ["arm", *names], values)
    yield Table(
        "95% intervals",
        ["arm", "measure", "value", "from", "to"],
        [
            [arm, name, one.value, one.low, one.high]
            for arm, found in arms.items()
            for name, one in found.items()
        ],
    )


def _record(
    count: int, arms: Mapping[str, Mapping[str, Estimate]], settings: dict[str, Any]
) -> Record:
    figures = {
        arm: {name: asdict(one) for name, one in found.items()} for arm, found in arms.items()
    }
    return Record(count, settings, {"arms": figures}, BUNDLED)
