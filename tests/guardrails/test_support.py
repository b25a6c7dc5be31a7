"""The support check: how likely it is that a piece says what a sentence says."""

from __future__ import annotations

from knowledge.text.units import units_of
from supportbot.guardrails.support import support_scores
from supportbot.guardrails.types import Piece

POLICY = (
    "Opened food cannot be returned. Sealed food can be returned within 14 days.\n\n"
    "We ship to France on Mondays. A courier collects large parcels at your door."
)


def pieces(text: str = POLICY, context: str = "Returns policy") -> list[Piece]:
    return [Piece(0, number, unit, context) for number, unit in enumerate(units_of(text))]


def test_the_piece_that_says_the_same_scores_best() -> None:
    scores = support_scores("You can return sealed food within 14 days.", pieces())
    assert scores.index(max(scores)) == 1
    assert len(scores) == 4


def test_a_probability_for_each_piece() -> None:
    scores = support_scores("Sealed food can be returned within 14 days.", pieces())
    assert all(0 <= score <= 1 for score in scores)
    assert max(scores) > 0.5


def test_what_the_piece_does_not_say_scores_less_than_what_it_says() -> None:
    said = max(support_scores("Sealed food can be returned within 14 days.", pieces()))
    other = max(support_scores("Our office in Lyon has a small museum of old bicycles.", pieces()))
    assert other < 0.5 < said


def test_words_of_the_title_count_as_said() -> None:
    sentence = "By the returns policy, opened food cannot be returned."
    without = max(support_scores(sentence, pieces(context="")))
    assert max(support_scores(sentence, pieces())) > without


def test_nothing_supports_a_sentence_without_words() -> None:
    assert support_scores("…", pieces()) == [0.0, 0.0, 0.0, 0.0]
    assert support_scores("Sealed food can be returned.", []) == []
