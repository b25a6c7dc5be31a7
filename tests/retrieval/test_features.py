"""supportbot.retrieval.features: what the order and the answerability are judged by."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.terms import number_of, terms_of
from supportbot.retrieval.candidates import Candidate, Found
from supportbot.retrieval.conversation import Asked, Meaning, Turn, read
from supportbot.retrieval.features import (
    ANSWER_SIGNALS,
    FEATURES,
    GAP_TO,
    SIGNALS,
    SUBJECT_SIGNALS,
    Judged,
    judge,
    normalised,
    signals,
)
from tests.retrieval.candidates_of import candidate, found

COLUMN = {name: place for place, name in enumerate(FEATURES)}
PLACE = {name: place for place, name in enumerate(SIGNALS)}
UNIT = np.eye(3, dtype=np.float32)
ALONE = Meaning(UNIT[0], UNIT[0])


def judged(question: str, *candidates: Candidate, weight: float = 0.5) -> Judged:
    _, asked = read(question, [], ["en"])
    return judge(found(question, candidates), asked, ALONE, dense_weight=weight)


def column(one: Judged, name: str) -> list[float]:
    values: list[float] = one.features[:, COLUMN[name]].tolist()
    return values


# -- normalisation --------------------------------------------------------------------------------
@given(scores=st.lists(st.floats(-100, 100), min_size=1, max_size=40))
@settings(max_examples=100, deadline=None)
def test_normalised_scores_are_shares_in_the_same_order(scores: list[float]) -> None:
    result = normalised(np.array(scores))
    assert np.isfinite(result).all()
    assert ((result >= 0) & (result <= 1)).all()
    for one, other in zip(np.argsort(scores), np.argsort(scores)[1:], strict=False):
        assert result[one] <= result[other]


def test_scores_that_are_all_the_same_say_nothing_about_the_order() -> None:
    assert normalised(np.array([3.0, 3.0])).tolist() == [1, 1]
    assert normalised(np.array([0.0, 0.0])).tolist() == [0, 0]
    assert normalised(np.array([-1.0])).tolist() == [0]


# -- features -----------------------------------------------------------------------------------
def test_both_scores_are_compared_within_the_question() -> None:
    one = judged(
        "rotate keys",
        candidate(1, dense=0.2, lexical=9),
        candidate(2, dense=0.8, lexical=1),
        candidate(3, dense=0.5, lexical=5),
        weight=0.25,
    )
    assert column(one, "dense") == pytest.approx([0, 1, 0.5])
    assert column(one, "lexical") == pytest.approx([1, 0, 0.5])
    assert one.first.tolist() == pytest.approx([0.75, 0.25, 0.5])


def test_coverage_is_what_the_passages_of_a_document_hold_together() -> None:
    one = judged(
        "rotate expired keys",
        candidate(1, "rotate", document_id=7),
        candidate(2, "keys", document_id=7),
        candidate(3, "expired", document_id=8),
        candidate(4, "tungsten", document_id=9),
    )
    assert column(one, "coverage") == pytest.approx([2 / 3, 2 / 3, 1 / 3, 0])
    assert one.rare.tolist() == pytest.approx([1 / 3, 1 / 3, 1 / 3, 0])


def test_a_phrase_counts_where_its_words_stand_side_by_side() -> None:
    question = "reset the admin password"
    one = judged(
        question,
        candidate(1, "How to reset an admin password"),
        candidate(2, "A password is reset, and who asks is the admin"),
        candidate(3, "the admin password"),
        candidate(4, "x", context="Reset › Admin"),
    )
    phrase = column(one, "phrase")
    assert phrase[:3] == pytest.approx([1, 0, 0.5])


def test_a_phrase_of_the_title_counts_too() -> None:
    question = "admin password"
    candidates = [candidate(1, "Ask us.", context="Admin password"), candidate(2, "admin")]
    held = frozenset(number_of(term) for term in terms_of(question, "en").words)
    numbers = dict.fromkeys(held, 1.0)
    candidates[0] = candidates[0]._replace(terms=held, asked=held)
    _, asked = read(question, [], ["en"])
    one = judge(Found(candidates, numbers, numbers), asked, ALONE, dense_weight=0.5)
    assert column(one, "phrase") == [1, 0]


def test_with_earlier_turns_feedback_takes_the_place_of_coverage() -> None:
    vectors = np.eye(3, dtype=np.float32)
    candidates = [
        candidate(1, "keys", dense=0.9, vector=vectors[0]),
        candidate(2, "keys", dense=0.1, vector=vectors[1]),
        candidate(3, "keys", dense=0.5, vector=vectors[2]),
    ]
    _, asked = read("keys", [], ["en"])
    one = judge(
        found("keys", candidates),
        asked,
        Meaning(vectors[0], vectors[0], vectors[1]),
        dense_weight=1.0,
    )
    assert column(one, "coverage") == [0, 0, 0]
    feedback = column(one, "feedback")
    assert feedback[0] == 1
    assert feedback[0] > feedback[2] > feedback[1]
    assert one.topic.tolist() == [0, 1, 0]
    alone = judge(found("keys", candidates), asked, ALONE, dense_weight=1.0)
    assert column(alone, "feedback") == [0, 0, 0]
    assert alone.topic.tolist() == [0, 0, 0]


NUMBERS = st.floats(-1, 1)


@given(
    scores=st.lists(st.tuples(NUMBERS, st.floats(0, 50)), min_size=1, max_size=12),
    question=st.sampled_from(["rotate keys", "", "🙂", "the of", "keys keys", "TW-P2041 x"]),
    with_history=st.booleans(),
)
@settings(max_examples=80, deadline=None)
def test_features_are_shares_and_signals_are_numbers(
    scores: list[tuple[float, float]], question: str, with_history: bool
) -> None:
    candidates = [
        candidate(
            number,
            ["rotate keys", "", "TW-P2041"][number % 3],
            dense=dense,
            lexical=lexical,
            vector=np.array([1, number, dense], dtype=np.float32),
        )
        for number, (dense, lexical) in enumerate(scores)
    ]
    _, asked = read(question, [], ["en"])
    meaning = replace(ALONE, earlier=UNIT[1]) if with_history else ALONE
    one = judge(found(question, candidates), asked, meaning, dense_weight=0.5)
    assert one.features.shape == (len(scores), len(FEATURES))
    assert np.isfinite(one.features).all()
    assert (one.features >= -1e-9).all()
    assert (one.features <= 1 + 1e-9).all()
    for best in range(len(scores)):
        told = signals(one, best)
        assert told.shape == (len(SIGNALS),)
        assert not np.isinf(told).any()
        untold = {name for name in SIGNALS if np.isnan(told[PLACE[name]])}
        expected = {"spread", "gap"} if len(scores) <= GAP_TO else set()
        if not with_history:
            expected |= set(SUBJECT_SIGNALS)
        elif not asked.terms:
            expected |= {"own_terms"}
        assert untold == expected


def test_terms_that_no_passage_holds_are_no_division_by_zero() -> None:
    candidates = [candidate(1, "keys")]
    asked = Asked({}, {}, frozenset({(1, 2)}))
    one = judge(Found(candidates, {}, {}), asked, ALONE, dense_weight=0.5)
    assert one.features.tolist() == [[0, 0, 0, 0, 0]]
    weightless = Found(candidates, {1: 0.0, 2: 0.0}, {1: 1.0, 2: 1.0})
    assert np.isfinite(judge(weightless, asked, ALONE, dense_weight=0.5).features).all()


# -- signals --------------------------------------------------------------------------------------
def test_one_that_stands_out_makes_the_spread_small() -> None:
    flat = judged("x", *(candidate(n, dense=0.5 + n / 1000, lexical=5) for n in range(10)))
    steep = judged("x", candidate(0, dense=0.9, lexical=9), *(candidate(n) for n in range(1, 10)))
    assert signals(steep, 0)[PLACE["spread"]] < signals(flat, 9)[PLACE["spread"]]


def test_none_stands_out_from_a_handful() -> None:
    few = judged("x", *(candidate(n, dense=0.5 + n / 10, lexical=n) for n in range(GAP_TO)))
    told = signals(few, 0)
    assert {name for name in ANSWER_SIGNALS if np.isnan(told[PLACE[name]])} == {"spread", "gap"}


def test_the_gap_is_to_the_candidate_of_one_place() -> None:
    nearest = [0.9, 0.8, 0.7, 0.6, 0.4, 0.1, 0.0]
    one = judged("x", *(candidate(n, dense=dense) for n, dense in enumerate(nearest)))
    assert signals(one, 0)[PLACE["gap"]] == pytest.approx(0.9 - nearest[GAP_TO])


def test_similarity_is_the_cosine_of_the_best() -> None:
    one = judged("x", candidate(1, dense=0.9), candidate(2, dense=0.3))
    assert signals(one, 1)[PLACE["similarity"]] == pytest.approx(0.3)


def test_alone_a_question_is_what_was_looked_for() -> None:
    one = judged("rotate keys", candidate(1, "rotate", dense=0.9), candidate(2, dense=0.3))
    told = dict(zip(SIGNALS, signals(one, 0).tolist(), strict=True))
    assert told["rare_terms"] == pytest.approx(0.5)
    assert told["topic"] == 0
    assert all(np.isnan(told[name]) for name in SUBJECT_SIGNALS)


def test_what_earlier_turns_bring_along_is_not_the_question_s_own() -> None:
    _, asked = read("rotate them", [Turn("customer", "expired keys")], ["en"])
    candidates = [
        candidate(1, "expired keys", dense=0.9, vector=UNIT[1]),
        candidate(2, "unrelated", dense=0.3, vector=UNIT[0]),
    ]
    meaning = Meaning(UNIT[0], np.array([0.6, 0.8, 0], dtype=np.float32), UNIT[1])
    one = judge(found("rotate expired keys", candidates), asked, meaning, dense_weight=0.5)
    told = dict(zip(SIGNALS, signals(one, 0).tolist(), strict=True))
    assert told["rare_terms"] == pytest.approx(2 / 3)
    assert told["own_terms"] == 0
    assert told["similarity"] == pytest.approx(0.9)
    assert told["own_similarity"] == pytest.approx(0.8)
    assert told["topic"] == 1
    assert told["follows"] == pytest.approx(0.8)
