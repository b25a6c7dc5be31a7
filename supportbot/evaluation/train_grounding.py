"""Fitting the support check, and how well it does on sets that it was not fitted to.

Logistic regression over how words align, every set counting alike. Which
of a source's pieces supports a sentence is not known: the likeliest by the weights of the round
before counts (multiple-instance learning).
"""

from __future__ import annotations

import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from knowledge.progress import Line
from supportbot.evaluation import answer_datasets, grounding_dataset
from supportbot.evaluation.answer_questions import sampled
from supportbot.evaluation.grounding_arms import sentences_of, source_of
from supportbot.evaluation.grounding_faithful import (
    Faithful,
    answer_sentences,
    document_sentences,
)
from supportbot.evaluation.intervals import auroc
from supportbot.evaluation.report import Figure, Report, Table
from supportbot.guardrails.alignment import ALIGNMENT_FEATURES, Floats, alignment_features
from supportbot.guardrails.pieces import pieces_of
from supportbot.guardrails.support_model import SupportModel, render
from supportbot.guardrails.types import Source

ROUNDS = 4
ELSEWHERE = 3  # every third sentence is also put before the sources of another
PENALTY = 0.003  # for large weights
GOOD = {"bigrams", "skipped", "order", "similarity"}
SIGNS = [1 if n in GOOD else 0 if n == "length" else -1 for n in ALIGNMENT_FEATURES]
UNSEEN, ALL = "the others", "all"
PASSING = (0.8, 0.9)  # shares of the supported, at which the stopped are counted


@dataclass(frozen=True)
class Example:
    """A sentence with the features of the pieces that were read, of shape (pieces, features)."""

    features: Floats
    supported: bool


Sets = Mapping[str, Sequence[Example]]


def examples_of(data: Path, limit: int) -> list[Example]:
    """Of judged responses, those of one sentence; of a folder of judged questions, sentences of
    documents and answers, as written and corrupted. About `limit`. Raises BadDatasetError."""
    rows = _judged(data, limit) if _is_judged(data) else _faithful(data, limit)
    line, examples = Line(sys.stderr), []
    for number, (sentence, sources, supported) in enumerate(rows, start=1):
        pieces = [piece for source in sources for piece in pieces_of(source)]
        features = alignment_features(sentence, pieces)
        read = features[~np.isnan(features[:, 0])]
        if len(read):
            examples.append(Example(read, supported))
        line.show(f"{data.name}: {number}/{len(rows)} sentences", number / len(rows))
    line.end()
    return examples


Row = tuple[str, Sequence[Source], bool]


def _is_judged(data: Path) -> bool:
    return data.is_file() or (data / grounding_dataset.FILE).is_file()


def _judged(data: Path, limit: int) -> list[Row]:
    single = [one for one in grounding_dataset.load(data) if len(sentences_of(one.response)) == 1]
    return [
        (one.response, [source_of(one.context, context=one.title)], one.supported)
        for one in sampled(single, limit)
    ]


def _faithful(data: Path, limit: int) -> list[Row]:
    """Faithful ones, as many from answers as from documents where there are any; nearly as many
    corrupted ones, and some before the sources of another."""
    dataset = answer_datasets.load(data, 0)
    found: list[Faithful] = sampled(answer_sentences(dataset), limit // 4)
    found += document_sentences(dataset, limit // 2 - len(found))
    chance = random.Random(0)  # noqa: S311  the same in every run
    rows: list[Row] = [(one.sentence, one.sources, True) for one in found]
    for number, one in enumerate(found):
        if one.corruptions:
            rows.append((chance.choice(one.corruptions).text, one.sources, False))
        if number % ELSEWHERE == 0:
            other = found[number - len(found) // 2]
            own = {source.text for source in one.sources}
            if not own & {source.text for source in other.sources}:
                rows.append((one.sentence, other.sources, False))
    return rows


def fit(sets: Sequence[Sequence[Example]]) -> SupportModel:
    """The weights for several sets of examples."""
    examples = [example for one in sets for example in one]
    truth = np.array([example.supported for example in examples])
    weights = np.array([1 / len(sets) / len(one) for one in sets for _ in one])
    weights *= np.where(truth, 0.5 / weights[truth].sum(), 0.5 / weights[~truth].sum())
    spread = np.vstack([example.features for example in examples]).std(axis=0) + 1e-9
    model = SupportModel(-np.eye(len(ALIGNMENT_FEATURES))[0], 0.0)
    for _ in range(ROUNDS):
        best = np.array([e.features[model.logits(e.features).argmax()] for e in examples])
        found = _logistic(best / spread, truth, weights)
        model = SupportModel(found[:-1] / spread, float(found[-1]))
    return model


def _logistic(features: Floats, truth: Floats, shares: Floats) -> Floats:
    """Weights and, last, the intercept. No weight has a sign that it cannot mean: sets in which
    most of what is supported stands word for word would teach that."""
    bounds = [(0.0 if sign > 0 else None, 0.0 if sign < 0 else None) for sign in SIGNS]
    signed = np.where(truth, 1.0, -1.0)
    rows = np.hstack([features, np.ones((len(features), 1))])

    def cost(weights: Floats) -> tuple[float, Floats]:
        margins = np.clip(signed * (rows @ weights), -30, 30)
        lost = shares * np.log1p(np.exp(-margins))
        slope = -(shares * signed / (1 + np.exp(margins))) @ rows
        held = np.append(weights[:-1], 0.0)
        return float(lost.sum() + PENALTY * held @ held / 2), slope + PENALTY * held

    start = np.zeros(features.shape[1] + 1)
    found: Floats = minimize(cost, start, jac=True, bounds=[*bounds, (None, None)]).x
    return found


def report(sets: Sets, model: SupportModel, sources: Mapping[str, str]) -> Report:
    """Every set by weights that never saw it, beside those fitted to all."""
    rows: list[list[Figure]] = []
    for name, examples in sets.items():
        others = [other for key, other in sets.items() if key != name] or [examples]
        for by, fitted in ((UNSEEN, fit(others)), (ALL, model)):
            rows.append([name, by, len(examples), *_figures(fitted, examples)])
    for by in (UNSEEN, ALL):
        figures = [row[3:] for row in rows if row[1] == by]
        rows.append(["mean", by, None, *np.mean(np.array(figures, dtype=float), axis=0).tolist()])
    stopped = [f"stopped, {share:.0%} passing" for share in PASSING]
    columns = ["set", "fitted to", "sentences", "AUROC", *stopped]
    return Report([Table("support", columns, rows)], [render(model, dict(sources))])


def _figures(model: SupportModel, examples: Sequence[Example]) -> list[float]:
    scores = np.array([model.logits(example.features).max() for example in examples])
    truth = np.array([example.supported for example in examples])
    good, bad = scores[truth], scores[~truth]
    stopped = [float((bad < np.quantile(good, 1 - share)).mean()) for share in PASSING]
    return [float(auroc(good, bad)), *stopped]
