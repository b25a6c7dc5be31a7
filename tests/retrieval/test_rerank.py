"""supportbot.retrieval.rerank: a cross-encoder where one is configured, within its time.

The model is a real one with random weights, made here: what it prefers means nothing, but it is
loaded, asked and timed as any other.
"""

from __future__ import annotations

import datetime as dt
import json
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest
import structlog
from django.conf import settings as current
from pytest_django import Settings

from knowledge.embedding.model import BUNDLED, source_of
from knowledge.models import Audience
from supportbot.retrieval.candidates import Candidate
from supportbot.retrieval.rerank import MAX_RERANKED, MODELS, is_configured, rerank
from supportbot.retrieval.search import RankedPassage, Scope, search
from supportbot.retrieval.settings import RetrievalSettings
from tests.conftest import Publish
from tests.retrieval.made_candidates import candidate

NOW = Scope(as_of=dt.date(2026, 11, 21), reader=Audience.PUBLIC)
QUESTION = "How long may I keep it?"
CANDIDATES = [candidate(n, f"Parcel {n} takes {n * 7} days.") for n in range(MAX_RERANKED + 5)]
ORDER = list(range(len(CANDIDATES)))
WAITING = 120  # seconds until a model that does not come is given up


def write_model(folder: Path, labels: int) -> str:
    """A cross-encoder of some thousand weights with the bundled model's tokenizer."""
    import torch
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    tokenizer = AutoTokenizer.from_pretrained(source_of(BUNDLED))
    torch.manual_seed(3)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        num_labels=labels,  # type: ignore[call-arg]
        initializer_range=1.0,
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_model(tmp_path_factory.mktemp("cross-encoder"), labels=1)


@pytest.fixture(autouse=True)
def _no_models() -> Iterator[None]:
    yield
    MODELS.forget()


@pytest.fixture
def configured(model: str, settings: Settings) -> str:
    settings.RERANK_MODEL = model
    settings.RERANK_BUDGET_MS = 1000 * WAITING
    until_it_is_asked()
    return model


def until_it_is_asked() -> None:
    """The first questions may be answered while it is being loaded."""
    ends_at = time.monotonic() + WAITING
    while not rerank(QUESTION, ORDER, CANDIDATES)[1]:
        assert time.monotonic() < ends_at
        time.sleep(0.01)


def scores_by_hand(name: str, candidates: Sequence[Candidate | RankedPassage]) -> list[float]:
    """One pair at a time, from a model of our own."""
    from sentence_transformers import CrossEncoder

    encoder = CrossEncoder(name, device="cpu")
    pairs = [(QUESTION, f"{c.context}\n{c.text}" if c.context else c.text) for c in candidates]
    return [float(encoder.predict([pair])[0]) for pair in pairs]


def falls(scores: Sequence[float]) -> bool:
    """But for what padding changes in the last digits."""
    return all(later <= earlier + 1e-4 for earlier, later in pairwise(scores))


# -- without one ------------------------------------------------------------------------------
def test_without_a_model_the_order_stands(settings: Settings) -> None:
    settings.RERANK_MODEL = ""
    assert not is_configured()
    assert rerank(QUESTION, ORDER, CANDIDATES) == (ORDER, False)


def test_the_order_that_was_given_is_not_changed(configured: str) -> None:
    before = list(ORDER)
    rerank(QUESTION, ORDER, CANDIDATES)
    assert before == ORDER


# -- with one ---------------------------------------------------------------------------------
def test_the_best_are_ordered_by_the_model_and_the_rest_stays(configured: str) -> None:
    assert is_configured()
    order, reranked = rerank(QUESTION, ORDER, CANDIDATES)
    assert reranked
    scores = scores_by_hand(configured, CANDIDATES[:MAX_RERANKED])
    assert sorted(order[:MAX_RERANKED]) == ORDER[:MAX_RERANKED]
    assert falls([scores[at] for at in order[:MAX_RERANKED]])
    assert not falls(scores)
    assert order[MAX_RERANKED:] == ORDER[MAX_RERANKED:]


def test_it_reads_what_stands_above_a_passage_too(configured: str) -> None:
    candidates = [candidate(n, "Within 14 days.", context=f"Returns {n}") for n in range(6)]
    order, _ = rerank(QUESTION, range(6), candidates)
    scores = scores_by_hand(configured, candidates)
    assert falls([scores[at] for at in order])
    assert not falls(scores)


def test_any_text_can_be_judged(configured: str) -> None:
    for text in ("", "🙂" * 5_000, "x" * 100_000, "\u202e'; --"):
        order, reranked = rerank(text, range(3), [*CANDIDATES[:2], candidate(9, text)])
        assert (sorted(order), reranked) == ([0, 1, 2], True)
    assert rerank(QUESTION, [], []) == ([], False)


def test_search_takes_its_order_unless_told_not_to(configured: str, publish: Publish) -> None:
    for number in range(8):
        publish(f"Parcel {number} takes {number * 7} days.", file_name=f"{number}.md")
    without = search(QUESTION, scope=NOW, settings=RetrievalSettings(rerank=False))
    ranking = search(QUESTION, scope=NOW)
    assert (without.trace.reranked, ranking.trace.reranked) == (False, True)
    assert {p.id for p in ranking.passages} == {p.id for p in without.passages}
    assert falls(scores_by_hand(configured, ranking.passages))
    assert not falls(scores_by_hand(configured, without.passages))


def test_many_may_ask_at_once(configured: str) -> None:
    questions = [f"How long may I keep parcel {number}?" for number in range(4)]
    alone = [rerank(question, ORDER, CANDIDATES)[0] for question in questions]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(2):
            together = pool.map(lambda question: rerank(question, ORDER, CANDIDATES), questions)
            assert list(together) == [(order, True) for order in alone]


# -- time -------------------------------------------------------------------------------------
def test_when_the_time_is_spent_the_order_stands(configured: str, settings: Settings) -> None:
    settings.RERANK_BUDGET_MS = 0
    with structlog.testing.capture_logs() as logs:
        assert rerank(QUESTION, ORDER, CANDIDATES) == (ORDER, False)
    assert "rerank_out_of_time" in [entry["event"] for entry in logs]


def test_nobody_waits_while_the_model_is_loaded(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Importing the library and reading a model takes many times the budget."""
    import sentence_transformers

    is_loading, may_end = threading.Event(), threading.Event()

    def load(*_: object, **__: object) -> None:
        is_loading.set()
        may_end.wait(WAITING)
        raise OSError("the disk is gone")

    monkeypatch.setattr(sentence_transformers, "CrossEncoder", load)
    settings.RERANK_MODEL = str(tmp_path)
    answers: list[tuple[list[int], bool]] = []

    def ask() -> None:
        answers.append(rerank(QUESTION, ORDER, CANDIDATES))

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert is_loading.wait(WAITING)
    for thread in threads:
        thread.join(5)
    waited = any(thread.is_alive() for thread in threads)
    may_end.set()
    for thread in threads:
        thread.join()
    assert answers == [(ORDER, False)] * 2
    assert not waited
    until_failed()


@pytest.mark.django_db(transaction=True)
def test_an_order_for_which_there_was_no_time_is_not_kept(
    configured: str, settings: Settings, publish: Publish
) -> None:
    publish("Parcel 7 takes 14 days.")
    settings.RERANK_BUDGET_MS = 0
    assert not search(QUESTION, scope=NOW).trace.reranked
    settings.RERANK_BUDGET_MS = 1000 * WAITING
    assert search(QUESTION, scope=NOW).trace.reranked


# -- what is broken ---------------------------------------------------------------------------
def until_failed() -> None:
    ends_at = time.monotonic() + WAITING
    while not MODELS.has_failed(current.RERANK_MODEL):
        assert rerank(QUESTION, ORDER, CANDIDATES) == (ORDER, False)
        assert time.monotonic() < ends_at
        time.sleep(0.01)


def test_a_model_that_cannot_be_loaded_leaves_the_order_and_says_so_once(
    tmp_path: Path, settings: Settings
) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "no such thing"}))
    settings.RERANK_MODEL = str(tmp_path)
    with structlog.testing.capture_logs() as logs:
        until_failed()
        for _ in range(3):
            assert rerank(QUESTION, ORDER, CANDIDATES) == (ORDER, False)
    assert [entry["event"] for entry in logs] == ["rerank_model_not_loaded"]


def test_a_model_that_gives_no_scores_leaves_the_order(
    tmp_path: Path, settings: Settings, publish: Publish
) -> None:
    """Such as one that sorts pairs into three classes, configured by mistake."""
    settings.RERANK_MODEL = write_model(tmp_path / "classes", labels=3)
    settings.RERANK_BUDGET_MS = 1000 * WAITING
    publish("Parcel 7 takes 14 days.")
    ends_at = time.monotonic() + WAITING
    while (
        not MODELS.has_failed(settings.RERANK_MODEL) and MODELS.get(settings.RERANK_MODEL) is None
    ):
        assert rerank(QUESTION, ORDER, CANDIDATES) == (ORDER, False)
        assert time.monotonic() < ends_at
        time.sleep(0.01)
    assert rerank(QUESTION, ORDER, CANDIDATES) == (ORDER, False)
    assert len(search(QUESTION, scope=NOW).passages) == 1
