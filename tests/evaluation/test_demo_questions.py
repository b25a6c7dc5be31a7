"""The demo's questions: what each asks for stands in the document that it names."""

from __future__ import annotations

import functools
import json
from collections import Counter
from typing import Any

import pytest

from knowledge.reading import read_file
from supportbot.local.seeding import DEMO_FOLDER

DOCUMENTS = DEMO_FOLDER / "documents"
QUESTIONS: list[dict[str, Any]] = [
    json.loads(line) for line in (DEMO_FOLDER / "questions.jsonl").read_text("utf-8").splitlines()
]
CHAT = QUESTIONS[40:]
KINDS = {"row", "sentence", "item", "steps", "yes_no", "exception", "several", "none"}


def fold(text: str) -> str:
    return " ".join(text.split())


@functools.cache
def text_of(name: str) -> str:
    """The document as the product reads it, without its line breaks."""
    return fold(read_file(DOCUMENTS / name, name).markdown)


def alternatives(entry: str | list[str]) -> list[str]:
    return [entry] if isinstance(entry, str) else entry


def test_the_questions_are_numbered_from_1_to_100() -> None:
    assert [question["id"] for question in QUESTIONS] == [f"demo-{n:02}" for n in range(1, 101)]


def test_no_question_is_asked_twice() -> None:
    texts = Counter(question["text"].lower() for question in CHAT)
    assert texts.most_common(1)[0][1] == 1


@pytest.mark.parametrize("question", CHAT, ids=lambda question: question["id"])
def test_what_must_be_said_stands_in_a_named_document(question: dict[str, Any]) -> None:
    texts = [text_of(name) for name in question["documents"]]
    for entry in question["must_include"]:
        assert any(wording in text for wording in alternatives(entry) for text in texts), entry


@pytest.mark.parametrize("question", CHAT, ids=lambda question: question["id"])
def test_what_must_not_be_said_is_in_no_good_answer(question: dict[str, Any]) -> None:
    for wrong in question["must_not"]:
        assert wrong not in question["answer"]
        for entry in question["must_include"]:
            assert not any(wrong in wording for wording in alternatives(entry)), wrong


@pytest.mark.parametrize("question", CHAT, ids=lambda question: question["id"])
def test_a_chat_question_is_short_and_says_what_decides_it(question: dict[str, Any]) -> None:
    assert 3 <= len(question["text"].split()) <= 14
    assert question["kind"] in KINDS
    assert question["answer"]
    assert question["answerable"] == (question["kind"] != "none")
    assert bool(question["documents"]) == question["answerable"]
    assert (1 <= len(question["must_include"]) <= 2) == question["answerable"]


def test_the_chat_questions_cover_every_document() -> None:
    asked = {name for question in CHAT for name in question["documents"]}
    assert asked == {path.name for path in DOCUMENTS.iterdir()}


def test_the_suggested_questions_of_the_demo_are_judged() -> None:
    suggestions = json.loads((DEMO_FOLDER / "collection.json").read_text("utf-8"))["suggestions"]
    assert set(suggestions) <= {question["text"] for question in CHAT}


def test_the_chat_questions_are_of_every_kind() -> None:
    count = Counter(question["kind"] for question in CHAT)
    assert set(count) == KINDS
    assert count["steps"] >= 8
    assert count["exception"] >= 8
    assert count["yes_no"] >= 10
    assert count["none"] == 6
