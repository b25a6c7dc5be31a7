"""supportbot.retrieval.fusion: two rankings of the same candidates → one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supportbot.retrieval.fusion import DENSE_WEIGHT, fuse

scores = st.floats(-1, 1, allow_nan=False, width=32)
pairs = st.lists(st.tuples(scores, scores), max_size=30)


def fused(both: list[tuple[float, float]]) -> list[float]:
    return fuse([dense for dense, _ in both], [lexical for _, lexical in both])


@given(both=pairs)
def test_scores_stay_between_0_and_1(both: list[tuple[float, float]]) -> None:
    assert all(0 <= score <= 1.000001 for score in fused(both))


@given(both=pairs.filter(bool))
def test_what_is_best_by_both_is_best(both: list[tuple[float, float]]) -> None:
    best = (max(dense for dense, _ in both), max(lexical for _, lexical in both))
    result = fused([best, *both])
    assert result[0] == max(result)


@given(both=pairs, moved=st.permutations(range(30)))
def test_the_order_of_candidates_does_not_matter(
    both: list[tuple[float, float]], moved: list[int]
) -> None:
    order = [position for position in moved if position < len(both)]
    result = fused(both)
    assert fused([both[i] for i in order]) == [result[i] for i in order]


def test_each_arm_counts_by_its_weight() -> None:
    assert fuse([1, 0], [0, 1]) == pytest.approx([DENSE_WEIGHT, 1 - DENSE_WEIGHT])


def test_an_arm_without_a_difference_does_not_change_the_order() -> None:
    first, second = fuse([0.8, 0.3], [0, 0])
    assert first > second
    assert fuse([0.5, 0.5], [0.2, 0.1])[0] > fuse([0.5, 0.5], [0.2, 0.1])[1]


def test_nothing_is_fused_to_nothing() -> None:
    assert fuse([], []) == []


def test_rankings_of_different_candidates_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        fuse([1], [])
