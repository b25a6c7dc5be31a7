"""supportbot.retrieval.features: what ranks candidates, and the signals of answerability."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.terms import number_of, terms_of
from knowledge.text.units import Unit
from knowledge.unit_vectors import pack
from supportbot.reader.reading import ReadUnit
from supportbot.retrieval.candidates import Candidate, CandidateSet
from supportbot.retrieval.features import (
    FEATURES,
    FEW_TERMS,
    MANY_TERMS,
    PHRASE_CANDIDATES,
    SIGNALS,
    SUBJECT_SIGNALS,
    CandidateFeatures,
    normalised,
    score_features,
    signals,
)
from supportbot.retrieval.query import QueryTerms, QueryVectors, Turn, analyse
from tests.retrieval.made_candidates import candidate, found

COLUMN = {name: place for place, name in enumerate(FEATURES)}
PLACE = {name: place for place, name in enumerate(SIGNALS)}
UNIT = np.eye(3, dtype=np.float32)
ALONE = QueryVectors(UNIT[0], UNIT[0])
READ = ReadUnit(0, 0, Unit("Keys expire.", "Keys expire."), 7.5, 0.8, 0.6, 0.5)


def scored(question: str, *candidates: Candidate, weight: float = 0.5) -> CandidateFeatures:
    _, terms = analyse(question, [], ["en"])
    return score_features(found(question, candidates), terms, ALONE, dense_weight=weight)


def column(one: CandidateFeatures, name: str) -> list[float]:
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
    one = scored(
        "rotate keys",
        candidate(1, dense=0.2, lexical=9),
        candidate(2, dense=0.8, lexical=1),
        candidate(3, dense=0.5, lexical=5),
        weight=0.25,
    )
    assert column(one, "dense") == pytest.approx([0, 1, 0.5])  # each the best of its document
    assert column(one, "lexical") == pytest.approx([1, 0, 0.5])
    assert one.fused.tolist() == pytest.approx([0.75, 0.25, 0.5])


def test_a_passage_is_nearer_beside_a_near_one_of_its_document() -> None:
    one = scored(
        "rotate keys",
        candidate(1, dense=1.0, document_id=7),
        candidate(2, dense=0.5, document_id=7),
        candidate(3, dense=0.5, document_id=8),
        candidate(4, dense=0.0, document_id=9),
    )
    assert column(one, "dense") == pytest.approx([1, 0.75, 0.5, 0])
    assert one.dense.tolist() == [1, 0.5, 0.5, 0]  # signals are of the cosine itself


def test_the_term_share_is_what_a_passage_holds_of_the_question_s_own_terms() -> None:
    question = "rotate expired keys"
    _, terms = analyse(question, [Turn("customer", "tungsten")], ["en"])
    candidates = [
        candidate(1, "rotate keys", vector=UNIT[0]),
        candidate(2, "tungsten", vector=UNIT[1]),
    ]
    in_conversation = replace(ALONE, history=UNIT[1])
    one = score_features(found(question, candidates), terms, in_conversation, dense_weight=0.5)
    assert one.question_term_share.tolist() == pytest.approx([2 / 3, 0])


def units_of(*cosines: float) -> bytes:
    """Vectors of what stands above a passage, and of its units, that lie so near to UNIT[0]."""
    vectors = np.array([[c, (1 - c * c) ** 0.5, 0] for c in cosines], dtype=np.float32)
    return pack(["text"] * len(cosines), vectors)


def test_what_stands_above_counts_and_the_nearest_of_it_and_the_units() -> None:
    one = scored(
        "rotate keys",
        candidate(1, unit_vectors=units_of(0.2, 0.1, 0.9, 0.3)),
        candidate(2, unit_vectors=units_of(0.8, 0.5)),
        candidate(3, unit_vectors=units_of(0.5, 0.7, 0.6)),
    )
    # The nearest of each: its second unit, what stands above it, its first unit.
    assert column(one, "unit") == pytest.approx([1, 0.5, 0], abs=0.03)
    assert column(one, "heading") == pytest.approx([0, 1, 0.5], abs=0.03)


def test_a_passage_without_units_is_as_near_as_what_stands_above() -> None:
    one = scored(
        "x",
        candidate(1, unit_vectors=units_of(0.5)),
        candidate(2, dense=1.0),
        candidate(3, dense=0.0),
    )
    assert column(one, "unit") == pytest.approx([0.5, 1, 0], abs=0.01)


def test_where_vectors_of_units_are_not_stored_the_passage_stands_for_both() -> None:
    one = scored(
        "rotate keys",
        candidate(1, dense=0.6),
        candidate(2, dense=0.2, unit_vectors=units_of(0.2, 0.8)),
        candidate(3, dense=0.4),
    )
    assert column(one, "unit") == pytest.approx([0.5, 1, 0], abs=0.02)
    assert column(one, "heading") == pytest.approx([1, 0, 0.5], abs=0.02)


def test_phrases_are_looked_for_in_the_best_alone() -> None:
    rows = [
        candidate(n, "the admin password", dense=1 - n / 100) for n in range(PHRASE_CANDIDATES + 2)
    ]
    phrase = column(scored("admin password", *rows), "phrase")
    assert phrase == [1] * PHRASE_CANDIDATES + [0, 0]


@pytest.mark.parametrize(
    ("count", "length"),
    [
        (0, 0),
        (FEW_TERMS, 0),
        ((FEW_TERMS + MANY_TERMS) // 2, 0.5),
        (MANY_TERMS, 1),
        (10 * MANY_TERMS, 1),
    ],
)
def test_a_question_is_as_long_as_it_has_terms(count: int, length: float) -> None:
    terms = QueryTerms(dict.fromkeys(range(count), 1.0), {}, frozenset())
    one = score_features(found("x", [candidate(1)]), terms, ALONE, dense_weight=0.5)
    assert one.length == pytest.approx(length, abs=0.02)


def test_a_phrase_counts_where_its_words_stand_side_by_side() -> None:
    question = "reset the admin password"
    one = scored(
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
    candidates[0] = candidates[0]._replace(terms=held, matched_terms=held)
    _, terms = analyse(question, [], ["en"])
    one = score_features(CandidateSet(candidates, numbers, numbers), terms, ALONE, dense_weight=0.5)
    assert column(one, "phrase") == [1, 0]


def test_feedback_is_for_a_question_with_earlier_turns() -> None:
    vectors = np.eye(3, dtype=np.float32)
    candidates = [
        candidate(1, "keys", dense=0.9, vector=vectors[0]),
        candidate(2, "keys", dense=0.1, vector=vectors[1]),
        candidate(3, "keys", dense=0.5, vector=vectors[2]),
    ]
    _, terms = analyse("keys", [], ["en"])
    one = score_features(
        found("keys", candidates),
        terms,
        QueryVectors(vectors[0], vectors[0], vectors[1]),
        dense_weight=1.0,
    )
    feedback = column(one, "feedback")
    assert feedback[0] == 1
    assert feedback[0] > feedback[2] > feedback[1]
    assert one.topic.tolist() == [0, 1, 0]
    alone = score_features(found("keys", candidates), terms, ALONE, dense_weight=1.0)
    assert column(alone, "feedback") == [0, 0, 0]
    assert alone.topic.tolist() == [0, 0, 0]


NUMBERS = st.floats(-1, 1)


@given(
    scores=st.lists(st.tuples(NUMBERS, st.floats(0, 50)), min_size=1, max_size=12),
    question=st.sampled_from(["rotate keys", "", "🙂", "the of", "keys keys", "TW-P2041 x"]),
    with_history=st.booleans(),
    unit=st.sampled_from([None, READ]),
)
@settings(max_examples=80, deadline=None)
def test_features_are_shares_and_signals_are_numbers(
    scores: list[tuple[float, float]], question: str, with_history: bool, unit: ReadUnit | None
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
    _, terms = analyse(question, [], ["en"])
    vectors = replace(ALONE, history=UNIT[1]) if with_history else ALONE
    one = score_features(found(question, candidates), terms, vectors, dense_weight=0.5)
    assert one.features.shape == (len(scores), len(FEATURES))
    assert np.isfinite(one.features).all()
    assert (one.features >= -1e-9).all()
    assert (one.features <= 1 + 1e-9).all()
    for best in range(len(scores)):
        known = signals(one, best, unit)
        assert known.shape == (len(SIGNALS),)
        assert not np.isinf(known).any()
        missing = {name for name in SIGNALS if np.isnan(known[PLACE[name]])}
        expected = set() if unit else {"unit_score"}
        if not with_history:
            expected |= set(SUBJECT_SIGNALS)
        elif not terms.question:
            expected |= {"own_terms"}
        assert missing == expected


def test_terms_that_no_passage_holds_are_no_division_by_zero() -> None:
    candidates = [candidate(1, "keys")]
    terms = QueryTerms({}, {}, frozenset({(1, 2)}))
    one = score_features(CandidateSet(candidates, {}, {}), terms, ALONE, dense_weight=0.5)
    assert one.features.tolist() == [[0] * len(FEATURES)]
    weightless = CandidateSet(candidates, {1: 0.0, 2: 0.0}, {1: 1.0, 2: 1.0})
    assert np.isfinite(score_features(weightless, terms, ALONE, dense_weight=0.5).features).all()


# -- signals --------------------------------------------------------------------------------------
def test_the_unit_score_is_the_reader_s_of_the_best_unit() -> None:
    one = scored("x", candidate(1, dense=0.9))
    known = signals(one, 0, READ)
    assert known[PLACE["unit_score"]] == READ.score


def test_the_unit_score_is_missing_where_nothing_was_read() -> None:
    known = signals(scored("x", candidate(1, dense=0.9)), 0)
    assert np.isnan(known[PLACE["unit_score"]])


def test_similarity_is_the_cosine_of_the_best() -> None:
    one = scored("x", candidate(1, dense=0.9), candidate(2, dense=0.3))
    assert signals(one, 1)[PLACE["similarity"]] == pytest.approx(0.3)


def test_alone_a_question_is_what_was_looked_for() -> None:
    one = scored("rotate keys", candidate(1, "rotate", dense=0.9), candidate(2, dense=0.3))
    known = dict(zip(SIGNALS, signals(one, 0).tolist(), strict=True))
    assert known["similarity"] == pytest.approx(0.9)
    assert known["topic"] == 0
    assert all(np.isnan(known[name]) for name in SUBJECT_SIGNALS)


def test_what_earlier_turns_bring_along_is_not_the_question_s_own() -> None:
    _, terms = analyse("rotate them", [Turn("customer", "expired keys")], ["en"])
    candidates = [
        candidate(1, "expired keys", dense=0.9, vector=UNIT[1]),
        candidate(2, "unrelated", dense=0.3, vector=UNIT[0]),
    ]
    vectors = QueryVectors(UNIT[0], np.array([0.6, 0.8, 0], dtype=np.float32), UNIT[1])
    one = score_features(found("rotate expired keys", candidates), terms, vectors, dense_weight=0.5)
    known = dict(zip(SIGNALS, signals(one, 0).tolist(), strict=True))
    assert known["own_terms"] == 0
    assert known["similarity"] == pytest.approx(0.9)
    assert known["own_similarity"] == pytest.approx(0.8)
    assert known["topic"] == 1
    assert known["follows"] == pytest.approx(0.8)
