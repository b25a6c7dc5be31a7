"""Prompts: front matter, parts with exactly their variables, and a hash of the whole text."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from supportbot.answers import prompts
from supportbot.answers.model_route import NO_ANSWER, PROMPT
from supportbot.answers.prompts import (
    PromptError,
    check_edited,
    load_prompt,
    parse_prompt,
    prompt_names,
)

TEXT = """---
name: answer
version: 3
inputs: [today, mark, passages, known, question]
hints: Be brief.
---
## system
Answer in rhymes.

## knowledge
{today} {mark}
{passages}

## conversation
{known}

## question
{question}
"""


def test_variables_are_put_in_and_braces_in_them_stay() -> None:
    passages = "[1] Braces {like} {these} stay."
    text = load_prompt(PROMPT).fill("knowledge", today="2026-11-21", mark="m", passages=passages)
    assert "Today is 2026-11-21." in text
    assert text.endswith(passages)


def test_a_missing_variable_raises() -> None:
    with pytest.raises(KeyError, match="passages"):
        load_prompt(PROMPT).fill("knowledge", today="2026-11-21", mark="m")


@pytest.mark.parametrize("name", prompt_names())
def test_the_prompts_of_the_product_are_sound(name: str) -> None:
    prompt = load_prompt(name)
    assert (prompt.name, bool(prompt.version), bool(prompt.hints)) == (name, True, True)
    assert check_edited(name, prompt.text) == prompt


def test_the_hash_is_that_of_the_text_and_changes_with_it() -> None:
    prompt = load_prompt(PROMPT)
    file = Path(prompts.__file__).parent / f"{PROMPT}.md"
    assert prompt.hash == hashlib.sha256(file.read_bytes()).hexdigest()
    assert parse_prompt(PROMPT, prompt.text + "\n").hash != prompt.hash


def test_an_edited_text_takes_the_place_of_the_file() -> None:
    prompt = load_prompt(PROMPT, {PROMPT: TEXT})
    assert (prompt.version, prompt.fill("system")) == ("3", "Answer in rhymes.")
    assert load_prompt("rewrite", {PROMPT: TEXT}) == load_prompt("rewrite")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("name: answer", "name: other", "is named 'other'"),
        ("version: 3", "", "has no version"),
        ("inputs: [", "inputs: [more, ", "{more} stands either"),
        ("{question}", "", "{question} stands either"),
        ("## system", "## sytem", "no part 'sytem'"),
        ("## question", "## system", "stands once"),
        ("{mark}", "{mark.__class__}", "is no variable"),
        ("{mark}", "{mark", "brace"),
        ("name: answer", "name: [", "no YAML"),
        ("## system\n", "", "begins with a line"),
    ],
)
def test_what_is_wrong_with_an_edited_prompt_is_said_in_words(
    old: str, new: str, words: str
) -> None:
    with pytest.raises(PromptError) as caught:
        check_edited(PROMPT, TEXT.replace(old, new, 1))
    assert words in str(caught.value)


def test_a_prompt_without_the_passages_may_not_be_used() -> None:
    without = TEXT.replace("passages, ", "").replace("{passages}", "")
    with pytest.raises(PromptError, match="without which"):
        check_edited(PROMPT, without)


def test_an_unknown_prompt_raises() -> None:
    with pytest.raises(FileNotFoundError):
        load_prompt("no-such-prompt")


def test_the_model_is_told_the_words_that_the_code_looks_for() -> None:
    assert NO_ANSWER in load_prompt(PROMPT).text
