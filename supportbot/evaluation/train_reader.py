"""Fitting the reader, and how well it does on sets that it was not fitted to.

The weights: listwise softmax over the units of a question (ListNet's top-one probability; Cao et
al., ICML 2007), every set counting alike. The calibration: logistic regression of “answers” on a
unit's score and its distance from the best.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score

from supportbot.evaluation.reader_examples import ReaderExample
from supportbot.evaluation.report import Figure, Report, Table
from supportbot.reader.features import UNIT_FEATURES, Floats
from supportbot.reader.reader_model import ReaderModel, render

# Set by hand. A weight of which the data say little, such as that of names, stays near it.
PRIOR = {
    "cosine": 4.2,
    "heading": 0.5,
    "passage": 1.7,
    "overlap": 1.2,
    "overlap_above": 1.6,
    "neighbours": 0.8,
    "type_held": 0.45,
    "type_missing": -0.33,
    "question": -1.5,
    "short": -0.5,
    "name_same": 0.6,
    "name_other": -1.6,
}
PENALTY = 0.2  # for a difference from it
CHOSEN = 2  # units that a set of fixed size has, for its F1
COSINE, OVERLAP = UNIT_FEATURES.index("cosine"), UNIT_FEATURES.index("overlap")
Sets = Mapping[str, Sequence[ReaderExample]]
Score = Callable[[Floats], Floats]


def fit(sets: Sequence[Sequence[ReaderExample]]) -> ReaderModel:
    """Weights and calibration from several sets."""
    weights = _fit_weights(sets)
    return ReaderModel(weights, _fit_calibration(sets, weights))


def _fit_weights(sets: Sequence[Sequence[ReaderExample]]) -> Floats:
    usable = [[e for e in examples if e.answers.any()] for examples in sets]
    usable = [examples for examples in usable if examples]
    spread = np.vstack([e.features for examples in usable for e in examples]).std(axis=0) + 1e-9
    prior = np.array([PRIOR.get(name, 0.0) for name in UNIT_FEATURES]) * spread

    def cost(weights: Floats) -> tuple[float, Floats]:
        far = weights - prior
        total, slope = PENALTY * float(far @ far) / 2, PENALTY * far
        for examples in usable:
            share = 1 / len(examples) / len(usable)
            for example in examples:
                features = example.features / spread
                scores = features @ weights
                log_total = scores.max() + np.log(np.exp(scores - scores.max()).sum())
                target = example.answers / example.answers.sum()
                total -= share * float(target @ (scores - log_total))
                slope = slope + share * features.T @ (np.exp(scores - log_total) - target)
        return total, slope

    found = minimize(cost, prior, jac=True, method="L-BFGS-B").x
    weights: Floats = found / spread
    return weights


def _fit_calibration(sets: Sequence[Sequence[ReaderExample]], weights: Floats) -> Floats:
    rows, truth, counts = [], [], []
    for examples in sets:
        for example in examples:
            scores = example.features @ weights
            rows.append(np.stack([scores, scores.max() - scores], axis=1))
            truth.append(example.answers)
            counts.append(np.full(len(scores), 1 / len(examples) / len(scores)))
    model = LogisticRegression(max_iter=1000)
    model.fit(np.vstack(rows), np.hstack(truth), sample_weight=1e4 * np.hstack(counts))
    return np.array([model.intercept_[0], *model.coef_[0]])


def report(sets: Sets, model: ReaderModel, sources: Mapping[str, str]) -> Report:
    """Every set by weights that never saw it, where there are others, beside the cosine and the
    overlap of terms."""
    arms: dict[str, Callable[[str], Score]] = {
        "cosine": lambda name: lambda features: features[:, COSINE],
        "overlap": lambda name: lambda features: features[:, OVERLAP] + 1e-6 * features[:, COSINE],
        "both": lambda name: lambda features: features[:, COSINE] + 0.3 * features[:, OVERLAP],
        "without this set": lambda name: _without(sets, name),
        "fitted to all": lambda name: lambda features: features @ model.weights,
    }
    if len(sets) == 1:
        del arms["without this set"]
    tables = []
    for title, inside in (("in the documents that hold the answer", True), ("in all read", False)):
        rows: list[list[Figure]] = []
        means: dict[str, list[tuple[float, float, float]]] = {arm: [] for arm in arms}
        for name, examples in sets.items():
            for arm, scored in arms.items():
                figures = _figures(examples, scored(name), inside=inside)
                means[arm].append(figures)
                rows.append([name, arm, len(examples), *figures])
        for arm, figures_of in means.items():
            rows.append(["mean", arm, None, *np.mean(figures_of, axis=0).tolist()])
        columns = ["set", "by", "questions", "first right", "average precision", f"F1 of {CHOSEN}"]
        tables.append(Table(title, columns, rows))
    return Report(tables=tables, notes=[render(model, dict(sources))])


def _without(sets: Sets, name: str) -> Score:
    weights = _fit_weights([examples for other, examples in sets.items() if other != name])
    return lambda features: features @ weights


def _figures(
    examples: Sequence[ReaderExample], score: Score, *, inside: bool
) -> tuple[float, float, float]:
    """Mean of: first unit right, average precision, F1 of the best CHOSEN."""
    found = []
    for example in examples:
        kept = example.in_document if inside else np.ones_like(example.answers)
        truth, scores = example.answers[kept], score(example.features)[kept]
        order = np.argsort(-scores, kind="stable")
        hits = int(truth[order[:CHOSEN]].sum())
        f1 = 2 * hits / (min(CHOSEN, len(truth)) + int(truth.sum()))
        found.append((float(truth[order[0]]), float(average_precision_score(truth, scores)), f1))
    mean = np.mean(found, axis=0)
    return float(mean[0]), float(mean[1]), float(mean[2])
