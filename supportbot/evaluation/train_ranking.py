"""Fitting the learned order and the answerability, and how well both do on data not fitted to.

The order: listwise softmax over documents, each by its best candidate (ListNet's top-one
probability; Cao et al., "Learning to Rank: From Pairwise Approach to Listwise Approach", ICML
2007). Answerability: logistic regression. Both with a little of an L2 penalty, every set counting
alike however many questions it has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import StandardScaler

from supportbot.evaluation.report import Figure, Report, Table
from supportbot.evaluation.training_examples import Example, Kind, judged, ndcg
from supportbot.retrieval.features import ANSWER_SIGNALS, FEATURES, SIGNALS, Floats
from supportbot.retrieval.ranking_model import (
    Answerability,
    Logistic,
    RankingModel,
    has_no_history,
    render,
)

PENALTY = 0.02  # for a difference from PRIOR
PLAIN = {"dense": 0.7, "lexical": 0.3}
# Short questions by meaning, long ones by their rare words: chosen by the mean over seven kinds of
# sets (docs/decisions/0012-reader.md). Sharp enough that the softmax tells candidates apart.
_SHORT = {"dense": 3.4, "lexical": 2.9, "phrase": 0.3, "feedback": 0.2, "unit": 2.6, "heading": 0.6}
_LONG = {"dense": 1.0, "lexical": 7.8, "phrase": 0.3, "feedback": 0.0, "unit": 0.8, "heading": 0.1}
PRIOR = np.array([[weights[name] for name in FEATURES] for weights in (_SHORT, _LONG)])
FOLDS = 5
CERTAIN = 4.0  # a logit: 98%
Sets = Mapping[str, Sequence[Example]]


def fit(sets: Sequence[Sequence[Example]]) -> RankingModel:
    """Both models from several sets of examples."""
    everything = [example for examples in sets for example in examples]
    return RankingModel(fit_ranking(sets), fit_answerability(everything))


def fit_ranking(sets: Sequence[Sequence[Example]]) -> Floats:
    """Weights of short and of long questions, (2, FEATURES), near PRIOR where the sets say little;
    none below 0: no feature speaks against a passage."""
    usable = [[e for e in judged(examples) if (e.grades > 0).any()] for examples in sets]
    usable = [examples for examples in usable if examples]

    def cost(weights: Floats) -> tuple[float, Floats]:
        far = weights - prior
        total, slope = PENALTY * float(far @ far) / 2, PENALTY * far
        for examples in usable:
            parts = [_loss(example, weights) for example in examples]
            total += sum(part for part, _ in parts) / len(parts) / len(usable)
            slope = slope + sum(part for _, part in parts) / len(parts) / len(usable)
        return total, slope

    prior = PRIOR.ravel()
    bounds = [(0, None)] * len(prior)
    found: Floats = minimize(cost, prior, jac=True, method="L-BFGS-B", bounds=bounds).x
    return found.reshape(PRIOR.shape)


def _loss(example: Example, weights: Floats) -> tuple[float, Floats]:
    """Cross-entropy between the share of relevance and the softmax, and its slope."""
    features = example.spread
    scores = features @ weights
    order = np.lexsort((scores, example.documents))
    last = np.flatnonzero(np.diff(example.documents[order], append=-1))
    best = order[last]  # each document's best candidate, in the order of their numbers
    relevant = (example.grades > 0) / (example.grades > 0).sum()
    shifted = scores[best] - scores[best].max()
    log_total = np.log(np.exp(shifted).sum())
    share = np.exp(shifted - log_total)
    loss = -float(relevant @ (shifted - log_total))
    return loss, features[best].T @ (share - relevant)


def fit_answerability(examples: Sequence[Example]) -> Answerability:
    """Both of its parts. Strange questions in the middle of a conversation are for the second one
    to tell: by what was looked for, earlier turns and all, there is an answer."""
    usual = _usual(examples)
    known = [e for e in examples if e.answerable is not None and e.kind != Kind.STRANGE_SUBJECT]
    going_on = [example for example in examples if not has_no_history(example.signals)]
    places = len(ANSWER_SIGNALS)
    return Answerability(
        _fit_logistic(_told(known, usual)[:, :places], [bool(e.answerable) for e in known]),
        _fit_logistic(
            _told(going_on, usual)[:, places:], [not e.kind.is_strange for e in going_on]
        ),
        usual,
    )


def _fit_logistic(signals: Floats, truth: Sequence[bool]) -> Logistic:
    """What is the same for all examples is all but certain; of none, nothing is."""
    if len(set(truth)) < len({True, False}):
        certain = CERTAIN if truth and truth[0] else -CERTAIN
        return Logistic(np.zeros(signals.shape[1]), certain if truth else 0.0)
    scaler = StandardScaler().fit(signals)
    model = LogisticRegression(max_iter=1000).fit(scaler.transform(signals), truth)
    weights: Floats = model.coef_[0] / scaler.scale_
    return Logistic(weights, float(model.intercept_[0] - weights @ scaler.mean_))


def _usual(examples: Sequence[Example]) -> Floats:
    """The mean of each signal where it is told; 0 where it never is."""
    signals = np.stack([example.signals for example in examples])
    told = ~np.isnan(signals)
    mean: Floats = np.where(told, signals, 0).sum(axis=0) / np.maximum(told.sum(axis=0), 1)
    return mean


def _told(examples: Sequence[Example], usual: Floats) -> Floats:
    """(examples, signals), the usual in the place of what is not told."""
    signals = np.array([e.signals for e in examples]).reshape(-1, len(SIGNALS))
    filled: Floats = np.where(np.isnan(signals), usual, signals)
    return filled


def report(sets: Sets, model: RankingModel) -> Report:
    """Every set by weights that were fitted to all, and by weights that never saw it."""
    plain = np.array([[PLAIN.get(name, 0.0) for name in FEATURES]] * 2)
    rows: list[list[Figure]] = []
    for name, examples in sets.items():
        others = [other for other_name, other in sets.items() if other_name != name]
        row: list[Figure] = [name, len(judged(examples)), _mean(examples, plain)]
        row += [_mean(examples, fit_ranking(others)) if others else None]
        row += [_mean(examples, _by_folds(examples, others)), _mean(examples, model.ranking)]
        rows.append(row)
    columns = ["set", "questions", "plain", "without this set", "by folds", "fitted to all"]
    return Report(
        tables=[Table("nDCG@10 by weights", columns, rows), _answerability(sets, model)],
        notes=[
            "plain: 0.7 dense and 0.3 lexical, nothing learned. without this set: weights that "
            "never saw it. "
            f"by folds: other sets and {FOLDS - 1} of {FOLDS} parts of this one, conversations "
            "kept whole.",
            render(model),
        ],
    )


Weights = Floats | Callable[[Example], Floats]


def _mean(examples: Sequence[Example], weights: Weights) -> float | None:
    found = [
        ndcg(example, weights(example) if callable(weights) else weights)
        for example in judged(examples)
    ]
    return float(np.mean(found)) if found else None


def _by_folds(
    examples: Sequence[Example], others: Sequence[Sequence[Example]]
) -> Callable[[Example], Floats]:
    groups = sorted({example.group for example in examples})
    part = {group: number % FOLDS for number, group in enumerate(groups)}
    weights = [
        fit_ranking([*others, [e for e in examples if part[e.group] != fold]])
        for fold in range(FOLDS)
    ]
    return lambda example: weights[part[example.group]]


def _answerability(sets: Sets, model: RankingModel) -> Table:
    folded = _folded(sets)
    rows: list[list[Figure]] = []
    for name, examples in sets.items():
        others = [e for other, found in sets.items() if other != name for e in found]
        by_others = _probabilities(fit_answerability(others), examples) if others else None
        fitted = _probabilities(model.answerability, examples)
        for label, kinds in _COMPARED.items():
            chosen = [at for at, e in enumerate(examples) if _is_compared(e, kinds)]
            truth = [bool(examples[at].answerable) for at in chosen]
            if len(set(truth)) == len({True, False}):
                row: list[Figure] = [name, label, sum(truth), len(truth) - sum(truth)]
                row += [
                    float(roc_auc_score(truth, [told[at] for at in chosen])) if told else None
                    for told in (by_others, folded[name], fitted)
                ]
                rows.append(row)
    columns = ["set", "not answerable: those", "answerable", "not", "without this set"]
    return Table("AUROC of answerability by weights", [*columns, "by folds", "fitted to all"], rows)


# Questions that are not answerable, and the answerable ones that they are compared with.
_COMPARED: Mapping[str, tuple[Kind, Kind]] = {
    Kind.OWN: (Kind.OWN, Kind.OWN),
    Kind.NEW_SUBJECT: (Kind.NEW_SUBJECT, Kind.NEW_SUBJECT),
    Kind.STRANGE: (Kind.STRANGE, Kind.OWN),
    Kind.STRANGE_SUBJECT: (Kind.STRANGE_SUBJECT, Kind.OWN),
}


def _is_compared(example: Example, kinds: tuple[Kind, Kind]) -> bool:
    not_answerable, answerable = kinds
    if example.answerable is None:
        return False
    return example.kind == (answerable if example.answerable else not_answerable)


def _folded(sets: Sets) -> dict[str, list[float]]:
    """Each question by weights fitted to the other folds of all sets together."""
    places = [(name, at) for name, examples in sets.items() for at in range(len(examples))]
    result = {name: [0.0] * len(examples) for name, examples in sets.items()}
    groups = [sets[name][at].group for name, at in places]
    folds = GroupKFold(min(FOLDS, len(set(groups))))
    for train, test in folds.split(groups, groups=groups):
        fitted = fit_answerability([sets[places[k][0]][places[k][1]] for k in train])
        for k in test:
            name, at = places[k]
            result[name][at] = fitted.probability(sets[name][at].signals)
    return result


def _probabilities(answerability: Answerability, examples: Sequence[Example]) -> list[float]:
    return [answerability.probability(example.signals) for example in examples]
