"""Prompts: exactly their variables, and a hash that says which text it was."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from supportbot.answers import prompts
from supportbot.answers.model_route import NO_ANSWER, PROMPT
from supportbot.answers.prompts import Prompt, load_prompt

PASSAGES = "[1] Braces {like} {these} stay."


def test_the_variables_are_put_in_and_their_own_braces_stay() -> None:
    text = load_prompt(PROMPT).fill(today="2026-11-21", passages=PASSAGES)
    assert "Today is 2026-11-21." in text
    assert text.rstrip().endswith(PASSAGES)


@pytest.mark.parametrize(
    "variables",
    [{}, {"today": "x"}, {"today": "x", "passages": "y", "more": "z"}, {"passages": "y"}],
)
def test_a_missing_or_unknown_variable_raises(variables: dict[str, str]) -> None:
    with pytest.raises(KeyError, match="takes"):
        load_prompt(PROMPT).fill(**variables)


def test_the_hash_is_that_of_the_text_and_changes_with_it() -> None:
    prompt = load_prompt(PROMPT)
    file = Path(prompts.__file__).parent / f"{PROMPT}.md"
    assert prompt.hash == hashlib.sha256(file.read_bytes()).hexdigest()
    assert Prompt(prompt.name, prompt.text + " ").hash != prompt.hash
    assert Prompt("another name", prompt.text).hash == prompt.hash


def test_an_unknown_prompt_raises() -> None:
    with pytest.raises(FileNotFoundError):
        load_prompt("no-such-prompt")


def test_the_model_is_told_the_words_that_the_code_looks_for() -> None:
    assert NO_ANSWER in load_prompt(PROMPT).text
