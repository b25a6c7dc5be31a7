"""supportbot.retrieval.diversity: near repeats go behind what says something new."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supportbot.retrieval.diversity import diversified
from tests.retrieval.made_candidates import candidate

WORDS = "alpha bravo charlie delta echo foxtrot golf hotel india juliett kilo lima mike november"
LONG = f"{WORDS} oscar papa quebec romeo sierra tango uniform victor whiskey xray yankee zulu"


def order_of(*texts: str, wanted: int = 10) -> list[int]:
    candidates = [candidate(number, text) for number, text in enumerate(texts)]
    return diversified(range(len(texts)), candidates, wanted)


def test_a_repeat_goes_behind() -> None:
    assert order_of(LONG, LONG, "something else") == [0, 2, 1]
    assert order_of(LONG, f"{LONG} again", "something else") == [0, 2, 1]


def test_repeats_keep_their_order_behind_the_wanted() -> None:
    assert order_of(LONG, LONG, LONG, "one", "two", "three", wanted=3) == [0, 3, 4, 1, 2, 5]


def test_case_marks_and_endings_make_nothing_new() -> None:
    assert order_of("Parcels, returned!", "the parcel returns", "something") == [0, 2, 1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("within 14 days", "within 30 days"),
        ("costs £3.50", "costs £3.95"),
        ("fits the part TW-P2041", "fits the part TW-P2100"),
        ("since version v2", "since version v3"),
        ("error E404", "error E405"),
        ("runs on 64bit", "runs on 32bit"),
    ],
)
@pytest.mark.parametrize("around", ["", LONG], ids=["short", "long"])
def test_what_differs_by_a_number_or_a_code_is_no_repeat(one: str, other: str, around: str) -> None:
    assert order_of(f"{around} {one}", f"{around} {other}", "something") == [0, 1, 2]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Gift cards can be returned.", "Gift cards cannot be returned."),
        ("Gift cards may be returned.", "Gift cards may not be returned."),
        ("It works with a licence.", "It does not work with a licence."),
    ],
)
def test_what_is_said_and_denied_is_no_repeat(one: str, other: str) -> None:
    assert order_of(f"{LONG} {one}", f"{LONG} {other}", "something") == [0, 1, 2]


def test_texts_without_words_repeat_nothing() -> None:
    assert order_of("🙂", "🙂", "…", "") == [0, 1, 2, 3]


@given(
    texts=st.lists(st.sampled_from([LONG, WORDS, "one", "one 1", "one 2", "", "🙂"]), max_size=30),
    wanted=st.sampled_from([0, 1, 3, 10, 10_000]),
    shuffled=st.randoms(use_true_random=False),
)
@settings(max_examples=100, deadline=None)
def test_nothing_is_lost_and_the_best_stays_first(
    texts: list[str], wanted: int, shuffled: object
) -> None:
    order = list(range(len(texts)))
    shuffled.shuffle(order)  # type: ignore[attr-defined]
    candidates = [candidate(number, text) for number, text in enumerate(texts)]
    result = diversified(order, candidates, wanted)
    assert sorted(result) == sorted(order)
    assert result[:1] == order[:1]
    assert diversified(order, candidates, wanted) == result
