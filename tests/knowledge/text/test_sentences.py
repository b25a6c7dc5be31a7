"""knowledge.text.sentences: where sentences end, for quoting and for comparing statements."""

from __future__ import annotations

import pytest

from knowledge.text.sentences import is_abbreviation, split_sentences

QUOTED = "He said “Return it.” then left. Approx. 5 days are needed."


def test_a_quoted_sentence_keeps_its_quotes_and_abbreviations_do_not_end_it() -> None:
    assert split_sentences("Ask Dr. Who. Then wait.") == ["Ask Dr. Who.", "Then wait."]
    assert split_sentences("“Wait.” Then go.") == ["“Wait.”", "Then go."]


def test_before_capitals_small_letters_go_on_and_closing_quotes_are_lost() -> None:
    assert split_sentences(QUOTED, before_capitals=True) == [
        "He said “Return it.” then left.",
        "Approx.",
        "5 days are needed.",
    ]
    assert split_sentences("“Wait.” Then go.", before_capitals=True) == ["“Wait.", "Then go."]


@pytest.mark.parametrize("word", ["e.g", "Dr", "p"])
def test_an_abbreviation_is_one_in_any_case(word: str) -> None:
    assert is_abbreviation(word)
    assert is_abbreviation(word.upper())


@pytest.mark.parametrize("word", ["z.B", "Corp", "u.s"])
def test_a_rarer_abbreviation_is_one_only_where_it_is_asked_for(word: str) -> None:
    assert not is_abbreviation(word)
    assert is_abbreviation(word, rarer=True)
