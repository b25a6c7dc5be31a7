"""A question in a language that the documents are not in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from supportbot.manners.foreign_language import foreign_language
from tests.manners.questions_by_language import QUESTIONS

FOREIGN = sorted(set(QUESTIONS) - {"en"})
ENGLISH_SETS = (
    "triage/bitext/train.jsonl",
    "triage/banking77/test.jsonl",
    "retrieval/stackfaq/queries.jsonl",
    "retrieval/mtrag/queries.jsonl",
    "retrieval/techqa_sample/queries.jsonl",
)
MOST_FALSE_ALARMS = 0.003


def tags(questions: list[str], locales: list[str]) -> list[str]:
    found = [foreign_language(question, locales) for question in questions]
    return [one.tag for one in found if one is not None]


@pytest.mark.parametrize("language", FOREIGN)
def test_most_short_questions_are_named(language: str) -> None:
    found = tags(QUESTIONS[language], ["en"])
    assert found.count(language) >= 0.85 * len(QUESTIONS[language])
    assert set(found) == {language}


@pytest.mark.parametrize("language", FOREIGN)
def test_the_reply_is_in_the_language_itself(language: str) -> None:
    found = [foreign_language(text, ["en"]) for text in QUESTIONS[language]]
    reply = next(one.text for one in found if one is not None and one.tag == language)
    assert tags([reply], ["en"]) == [language]


def test_english_questions_are_not_foreign() -> None:
    assert tags(QUESTIONS["en"], ["en-GB"]) == []
    assert tags(["when do my points expire, Im gold"], ["en"]) == []


def test_a_long_question_leaves_no_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    assert foreign_language("How long do I have to return it? " * 9, ["en"]) is None
    assert foreign_language("Wie lange habe ich Zeit für eine Rückgabe? " * 9, ["en"]) is not None
    assert caplog.records == []


def test_common_words_of_the_documents_language_outweigh_one_that_looks_foreign() -> None:
    assert foreign_language("what happens if im not home", ["en"]) is None
    assert foreign_language("can i par bake it?", ["en"]) is None


def test_a_language_of_the_documents_is_not_foreign() -> None:
    assert tags(QUESTIONS["de"], ["en", "de-AT"]) == []
    assert tags(QUESTIONS["fr"], ["en", "de-AT"]) != []


def test_english_is_foreign_to_german_documents() -> None:
    found = foreign_language("How long do I have to return an unopened bag of coffee?", ["de"])
    assert found is not None
    assert found.tag == "en"


@pytest.mark.parametrize("text", ["", "¿", "hola", "Ingle One", "E04", "café crème", "12345", "👍"])
def test_what_is_too_short_is_not_judged(text: str) -> None:
    assert foreign_language(text, ["en"]) is None


def test_english_questions_of_outsiders_are_not_called_foreign(shared_data: Path) -> None:
    asked = [
        json.loads(line)["text"]
        for name in ENGLISH_SETS
        for line in (shared_data / name).read_text("utf-8").split("\n")
        if line
    ]
    assert len(asked) >= 3000
    wrong = [text for text in asked if foreign_language(text, ["en"]) is not None]
    assert len(wrong) <= MOST_FALSE_ALARMS * len(asked), wrong[:20]
