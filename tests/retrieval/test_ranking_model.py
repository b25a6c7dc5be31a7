"""supportbot.retrieval.ranking_model: the learned weights and the file they are kept in."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from supportbot.retrieval.features import (
    ANSWER_SIGNALS,
    FEATURES,
    MISSING,
    SIGNALS,
    SUBJECT_SIGNALS,
)
from supportbot.retrieval.ranking_model import (
    FILE,
    LENGTHS,
    Answerability,
    Logistic,
    RankingModel,
    parse,
    ranking_model,
    render,
)

WEIGHTS = st.floats(-50, 50).map(lambda weight: round(weight, 4))


def test_the_file_names_exactly_what_is_judged() -> None:
    stored = json.loads(FILE.read_text("utf-8"))
    assert list(stored) == [*LENGTHS, "answer", "subject", "usual"]
    for length in LENGTHS:
        assert tuple(stored[length]) == FEATURES
    assert tuple(stored["answer"]) == ("intercept", *ANSWER_SIGNALS)
    assert tuple(stored["subject"]) == ("intercept", *SUBJECT_SIGNALS)
    assert tuple(stored["usual"]) == SIGNALS


def test_the_file_is_as_the_command_writes_it() -> None:
    text = FILE.read_text("utf-8")
    assert render(parse(text)) == text


def weights_of(names: Sequence[str]) -> st.SearchStrategy[list[float]]:
    return st.lists(WEIGHTS, min_size=len(names), max_size=len(names))


@given(
    ranking=st.tuples(weights_of(FEATURES), weights_of(FEATURES)),
    answer=st.tuples(weights_of(ANSWER_SIGNALS), WEIGHTS),
    subject=st.tuples(weights_of(SUBJECT_SIGNALS), WEIGHTS),
    usual=weights_of(SIGNALS),
)
def test_what_is_written_is_read_back(
    ranking: tuple[list[float], list[float]],
    answer: tuple[list[float], float],
    subject: tuple[list[float], float],
    usual: list[float],
) -> None:
    first, second = (Logistic(np.array(weights), at) for weights, at in (answer, subject))
    model = RankingModel(np.array(ranking), Answerability(first, second, np.array(usual)))
    again = parse(render(model))
    assert again.ranking.tolist() == list(ranking)
    for part, written in (
        (again.answerability.answer, answer),
        (again.answerability.subject, subject),
    ):
        assert (part.weights.tolist(), part.intercept) == written
    assert again.answerability.usual.tolist() == usual


def test_what_is_not_told_counts_as_usual() -> None:
    model = ranking_model().answerability
    untold = np.full(len(SIGNALS), MISSING)
    untold[SIGNALS.index("follows")] = model.usual[SIGNALS.index("follows")]
    assert model.probability(untold) == pytest.approx(model.probability(model.usual))
    assert 0.2 < model.probability(model.usual) < 0.9


@pytest.mark.parametrize("missing", [*LENGTHS, "answer", "subject", "usual"])
def test_a_file_without_a_weight_is_refused(missing: str) -> None:
    stored = json.loads(FILE.read_text("utf-8"))
    stored[missing].popitem()
    with pytest.raises(KeyError):
        parse(json.dumps(stored))


@pytest.mark.parametrize("length", [0.0, 0.3, 1.0])
def test_a_score_is_between_0_and_1_and_falls_with_no_feature(length: float) -> None:
    model = ranking_model()
    assert (model.ranking >= 0).all()
    none, all_of_it = np.zeros((1, len(FEATURES))), np.ones((1, len(FEATURES)))
    assert model.scores(none, length).tolist() == [0]
    assert model.scores(all_of_it, length).tolist() == [pytest.approx(1)]
    for name, row in zip(FEATURES, np.eye(len(FEATURES)), strict=True):
        alone = model.scores(row[None], length)[0]
        assert alone > 0 or (name == "feedback" and length == 1)


def test_weights_go_over_from_those_of_short_questions_to_those_of_long_ones() -> None:
    answerability = ranking_model().answerability
    ranking = np.array([[3.0, 1, 0, 0, 0, 0], [0, 0, 0, 0, 0, 7]])
    model = RankingModel(ranking, answerability)
    each = np.eye(len(FEATURES))
    assert model.scores(each, 0.0).tolist() == pytest.approx([0.75, 0.25, 0, 0, 0, 0])
    assert model.scores(each, 1.0).tolist() == pytest.approx([0, 0, 0, 0, 0, 1])
    assert model.scores(each, 0.2).tolist() == pytest.approx([0.6, 0.2, 0, 0, 0, 0.2])


def test_short_questions_go_by_meaning_and_long_ones_by_words() -> None:
    short, long = (dict(zip(FEATURES, row, strict=True)) for row in ranking_model().ranking)
    assert short["dense"] + short["unit"] > short["lexical"]
    assert long["lexical"] > long["dense"] + long["unit"]


def test_a_probability_is_one_whatever_is_told() -> None:
    model = ranking_model().answerability
    for told in (np.zeros(len(SIGNALS)), np.full(len(SIGNALS), 1e9), np.full(len(SIGNALS), -1e9)):
        assert 0 <= model.probability(told) <= 1


def test_what_speaks_for_an_answer_raises_the_probability() -> None:
    model, usual = ranking_model().answerability, np.full(len(SIGNALS), 0.5)
    for name in SIGNALS:
        more = usual.copy()
        more[SIGNALS.index(name)] += 0.2
        assert model.probability(more) > model.probability(usual)


def test_a_question_that_stands_alone_is_on_its_subject() -> None:
    model = ranking_model().answerability
    told = model.usual.copy()
    told[len(ANSWER_SIGNALS) :] = MISSING
    assert model.probability(told) == model.answer.probability(told[: len(ANSWER_SIGNALS)])


def test_neither_an_answer_nor_the_subject_is_enough_alone() -> None:
    sure, unsure = (Logistic(np.zeros(len(ANSWER_SIGNALS)), at) for at in (9.0, -9.0))
    usual = np.zeros(len(SIGNALS))
    subjects = [Logistic(np.zeros(len(SUBJECT_SIGNALS)), at) for at in (9.0, -9.0)]
    assert Answerability(sure, subjects[0], usual).probability(usual) > 0.99
    assert Answerability(sure, subjects[1], usual).probability(usual) < 0.01
    assert Answerability(unsure, subjects[0], usual).probability(usual) < 0.01
