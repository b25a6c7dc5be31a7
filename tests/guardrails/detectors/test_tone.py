"""supportbot.guardrails.detectors.tone: how a model speaks for the company."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from pytest_django import Settings

from supportbot.guardrails.detectors.tone import BrandFileError, detect
from supportbot.guardrails.detectors.types import Context, Stage

SENTENCE = Context(Stage.SENTENCE)
UNSEEN = tomllib.loads((Path(__file__).parents[1] / "data" / "tone_unseen.toml").read_text("utf-8"))
LEAST_FOUND, MOST_ALARMS = 13, 1  # of 16


def kinds(text: str) -> set[str]:
    return {one.reason for one in detect(text, SENTENCE)}


@pytest.mark.parametrize("kind", sorted(UNSEEN))
def test_what_was_kept_unseen(kind: str) -> None:
    missed = [text for text in UNSEEN[kind]["found"] if kind not in kinds(text)]
    assert len(missed) <= 16 - LEAST_FOUND, missed
    alarms = [text for text in UNSEEN[kind]["alike"] if kinds(text)]
    assert len(alarms) <= MOST_ALARMS, alarms


@pytest.mark.parametrize(
    ("text", "at", "preferred"),
    [
        ("We are gonna send it.", "gonna", "going to"),
        ("Pls wait a day.", "Pls", "Please"),
        ("Write to us asap.", "asap", "as soon as possible"),
    ],
)
def test_a_forbidden_word_comes_with_the_preferred_one(text: str, at: str, preferred: str) -> None:
    [found] = detect(text, SENTENCE)
    assert (found.reason, found.source_words) == ("forbidden_word", preferred)
    assert found.span is not None
    assert text[slice(*found.span)] == at


def test_only_whole_words_are_forbidden() -> None:
    assert detect("The wannabe pilot has a btwin bike.", SENTENCE) == []


def test_the_installation_adds_competitors_and_words(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "brand.toml"
    path.write_text(
        'competitors = ["Bean & Co", "Roastery"]\nblame = ["\\\\bno refund for you\\\\b"]\n'
        '[forbidden]\n"cheap" = "good value"\n"asap" = "soon"\n',
        encoding="utf-8",
    )
    settings.BRAND_FILE = str(path)
    assert kinds("Bean & Co has it.") == {"competitor"}
    assert kinds("The roasteryman has it.") == set()
    assert kinds("No refund for you.") == {"blame"}
    assert [one.source_words for one in detect("Cheap, and asap.", SENTENCE)] == [
        "Good value",
        "soon",
    ]


@pytest.mark.parametrize("content", ["competitors = [", 'blame = ["("]', "forbidden = 3"])
def test_a_broken_file_is_told_and_not_passed_over(
    settings: Settings, tmp_path: Path, content: str
) -> None:
    path = tmp_path / "brand.toml"
    path.write_text(content, encoding="utf-8")
    settings.BRAND_FILE = str(path)
    with pytest.raises(BrandFileError, match=r"brand\.toml"):
        detect("Hello.", SENTENCE)
    settings.BRAND_FILE = str(tmp_path / "missing.toml")
    with pytest.raises(BrandFileError, match="cannot be read"):
        detect("Hello.", SENTENCE)


def test_what_the_documents_say_word_for_word_is_not_judged() -> None:
    text = "You should have kept the receipt."
    assert kinds(text) == {"blame"}
    context = Context(Stage.SENTENCE, sources=(f"Returns. {text} Else no refund.",))
    assert detect(text, context) == []
