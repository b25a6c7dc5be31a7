"""supportbot.guardrails.grounding_model: a classifier of the operator's own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from pytest_django import Settings

from supportbot.guardrails.grounding_model import (
    MODELS,
    UnknownLabelsError,
    probability_of_support,
    supported_label,
)
from supportbot.guardrails.types import Source, SourceKind
from tests.guardrails.models import write_classifier

SOURCE = Source(0, SourceKind.PASSAGE, "Returns", "Opened food cannot be returned.")
SENTENCE = "We do not take opened food back."
NLI = ("contradiction", "entailment", "neutral")
WAITING = 60.0


@pytest.fixture(autouse=True)
def _no_models() -> Iterator[None]:
    yield
    MODELS.forget()


def until_loaded(name: str) -> None:
    ends_at = time.monotonic() + WAITING
    while MODELS.get(name) is None and not MODELS.has_failed(name):
        assert time.monotonic() < ends_at
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("labels", "says", "supports"),
    [
        (NLI, 1, True),
        (NLI, 0, False),
        (("LABEL_0", "LABEL_1"), 1, True),
        (("LABEL_0", "LABEL_1"), 0, False),
        (("score",), 0, True),
    ],
)
def test_the_label_that_says_supported_is_found(
    tmp_path: Path, settings: Settings, labels: tuple[str, ...], says: int, supports: bool
) -> None:
    settings.GROUNDING_MODEL = write_classifier(tmp_path, labels, says)
    until_loaded(settings.GROUNDING_MODEL)
    found = probability_of_support(SENTENCE, SOURCE)
    assert found is not None
    assert (found > 0.99) == supports
    assert (found < 0.01) == (not supports)


def test_labels_of_which_none_says_supported_are_refused() -> None:
    with pytest.raises(UnknownLabelsError, match="joy, anger"):
        supported_label({0: "joy", 1: "anger"})


def test_a_model_of_another_kind_is_not_asked_and_the_log_says_why(
    tmp_path: Path, settings: Settings
) -> None:
    settings.GROUNDING_MODEL = write_classifier(tmp_path, ("joy", "anger"), 0)
    with structlog.testing.capture_logs() as logs:
        until_loaded(settings.GROUNDING_MODEL)
        assert probability_of_support(SENTENCE, SOURCE) is None
    assert [entry["event"] for entry in logs] == ["grounding_model_not_loaded"]
    assert "joy" in logs[0]["error"]


def test_without_a_model_there_is_no_opinion(settings: Settings) -> None:
    settings.GROUNDING_MODEL = ""
    assert probability_of_support(SENTENCE, SOURCE) is None
