"""supportbot.retrieval.ranking_model: the learned weights and the file they are kept in."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from supportbot.retrieval.features import FEATURES, NOT_TOLD, SIGNALS
from supportbot.retrieval.ranking_model import FILE, RankingModel, parse, ranking_model, render

WEIGHTS = st.floats(-50, 50).map(lambda weight: round(weight, 4))


def test_the_file_names_exactly_what_is_judged() -> None:
    stored = json.loads(FILE.read_text("utf-8"))
    assert list(stored) == ["ranking", "answerability", "usual"]
    assert tuple(stored["ranking"]) == FEATURES
    assert tuple(stored["answerability"]) == ("intercept", *SIGNALS)
    assert tuple(stored["usual"]) == SIGNALS


def test_the_file_is_as_the_command_writes_it() -> None:
    text = FILE.read_text("utf-8")
    assert render(parse(text)) == text


@given(
    ranking=st.lists(WEIGHTS, min_size=len(FEATURES), max_size=len(FEATURES)),
    answerability=st.lists(WEIGHTS, min_size=len(SIGNALS), max_size=len(SIGNALS)),
    intercept=WEIGHTS,
    usual=st.lists(WEIGHTS, min_size=len(SIGNALS), max_size=len(SIGNALS)),
)
def test_what_is_written_is_read_back(
    ranking: list[float], answerability: list[float], intercept: float, usual: list[float]
) -> None:
    model = RankingModel(np.array(ranking), np.array(answerability), intercept, np.array(usual))
    again = parse(render(model))
    assert again.ranking.tolist() == ranking
    assert again.answerability.tolist() == answerability
    assert again.intercept == intercept
    assert again.usual.tolist() == usual


def test_what_is_not_told_counts_as_usual() -> None:
    model = ranking_model()
    untold = np.full(len(SIGNALS), NOT_TOLD)
    assert model.probability(untold) == pytest.approx(model.probability(model.usual))
    assert 0.2 < model.probability(model.usual) < 0.9


@pytest.mark.parametrize("missing", ["ranking", "answerability", "usual"])
def test_a_file_without_a_weight_is_refused(missing: str) -> None:
    stored = json.loads(FILE.read_text("utf-8"))
    stored[missing].popitem()
    with pytest.raises(KeyError):
        parse(json.dumps(stored))


def test_a_score_is_between_0_and_1_and_grows_with_every_feature() -> None:
    model = ranking_model()
    assert (model.ranking > 0).all()
    none, all_of_it = np.zeros((1, len(FEATURES))), np.ones((1, len(FEATURES)))
    assert model.scores(none).tolist() == [0]
    assert model.scores(all_of_it).tolist() == [pytest.approx(1)]
    for row in np.eye(len(FEATURES)):
        assert model.scores(row[None])[0] > 0


def test_a_probability_is_one_whatever_is_told() -> None:
    model = ranking_model()
    for told in (np.zeros(len(SIGNALS)), np.full(len(SIGNALS), 1e9), np.full(len(SIGNALS), -1e9)):
        assert 0 <= model.probability(told) <= 1


def test_what_speaks_for_an_answer_raises_the_probability() -> None:
    model, usual = ranking_model(), np.full(len(SIGNALS), 0.5)
    for name, sign in (("spread", -1), ("rare_terms", 1), ("gap", 1), ("similarity", 1)):
        more = usual.copy()
        more[SIGNALS.index(name)] += 0.2
        assert sign * (model.probability(more) - model.probability(usual)) > 0
