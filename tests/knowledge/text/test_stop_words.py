"""knowledge.text.stop_words: what is left out depends on the use."""

from __future__ import annotations

from knowledge.terms import terms_of
from knowledge.text.stop_words import (
    ANSWER_STOP_WORDS,
    SEARCH_STOP_WORDS,
    STATEMENT_STOP_WORDS,
    content_stems,
)

SENTENCE = "The shop usually allows about 3 returns, but not of TW-P2041."


def test_what_carries_meaning_is_stemmed_and_codes_stay() -> None:
    assert content_stems(SENTENCE, ANSWER_STOP_WORDS) == [
        *("shop", "usual", "allow", "about", "3", "return", "tw-p2041")
    ]


def test_statements_are_compared_without_words_that_authors_choose_differently() -> None:
    assert content_stems(SENTENCE, STATEMENT_STOP_WORDS) == [
        *("shop", "3", "return", "but", "not", "tw-p2041")
    ]


def test_search_leaves_out_english_function_words_of_english_texts_alone() -> None:
    assert {"about", "but", "not"} <= SEARCH_STOP_WORDS["en"]
    assert terms_of("about us", "en").words == ()
    assert terms_of("about us", "de").words != ()
