"""knowledge.embedding.questions: what many threads ask at once is computed together."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from pytest_django import Settings

from knowledge.embedding import encoder as encoders
from knowledge.embedding import questions
from knowledge.embedding.encoder import get_encoder
from knowledge.embedding.model import BUNDLED, EmbeddingModelError, TextRefusedError
from knowledge.embedding.questions import encode_questions, forget
from tests.openai_server import ModelServer, Request, Wire, run_server

NAME = "openai:questions-test"
BAD = "a text that the server does not like"
THREADS = 16


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    for name in (BUNDLED, NAME):
        forget(name)
    yield
    for name in (BUNDLED, NAME):
        forget(name)


@pytest.fixture
def server(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.01)
    with run_server() as running:
        settings.EMBEDDING_BASE_URL = running.base_url
        running.says(embeddings)
        get_encoder(NAME)
        yield running
    encoders._encoders.pop(NAME, None)


async def embeddings(wire: Wire, request: Request) -> None:
    texts = request.json["input"]
    if BAD in texts:
        await wire.head(400, "application/json", chunked=False)
        await wire.send(json.dumps({"error": {"message": "no"}}).encode())
        return
    data = [
        {"object": "embedding", "index": at, "embedding": [1.0, float(len(text)), 2.0]}
        for at, text in enumerate(texts)
    ]
    await wire.head(200, "application/json", chunked=False)
    await wire.send(json.dumps({"object": "list", "data": data, "model": "m"}).encode())


async def failing(wire: Wire, _: Request) -> None:
    await wire.head(503, "application/json", chunked=False)
    await wire.send(b"{}")


def at_once(ask: Callable[[int], object]) -> list[object]:
    """What each thread got, or its error. All of them wait until the model is free."""
    together = threading.Barrier(THREADS)

    def asked(number: int) -> object:
        together.wait()
        try:
            return ask(number)
        except Exception as error:  # noqa: BLE001  (the tests look at it)
            return error

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(asked, range(THREADS)))


def test_vectors_are_the_encoders_own_whoever_asks_beside() -> None:
    texts = [[f"question {n} of thread {thread}" for n in range(3)] for thread in range(THREADS)]
    found = at_once(lambda thread: encode_questions(BUNDLED, texts[thread]))
    encoder = get_encoder(BUNDLED)
    for mine, vectors in zip(texts, found, strict=True):
        assert isinstance(vectors, np.ndarray)
        assert vectors.dtype == np.float32
        assert np.allclose(vectors, encoder.encode_questions(mine), atol=1e-5)


def test_what_waits_goes_in_one_request(server: ModelServer) -> None:
    asked = len(server.requests)
    desk = questions._desks[NAME]
    with desk.running:
        threads = [
            threading.Thread(target=encode_questions, args=(NAME, [f"one {n}"]))
            for n in range(THREADS)
        ]
        for thread in threads:
            thread.start()
        while len(desk.waiting) < THREADS:
            pass
    for thread in threads:
        thread.join()
    assert [len(request.json["input"]) for request in server.requests[asked:]] == [THREADS]


def test_more_than_go_together_are_still_all_computed() -> None:
    texts = [f"number {n}" for n in range(3 * questions.TOGETHER + 1)]
    vectors = encode_questions(BUNDLED, texts)
    assert vectors.shape == (len(texts), get_encoder(BUNDLED).dimensions)
    assert np.allclose(vectors[-1], get_encoder(BUNDLED).encode_question(texts[-1]), atol=1e-5)


def test_a_text_that_is_asked_twice_has_one_vector_in_both_places() -> None:
    first, second, third = encode_questions(BUNDLED, ["same", "other", "same"])
    assert np.array_equal(first, third)
    assert not np.array_equal(first, second)


def test_what_was_asked_before_is_not_computed_again(server: ModelServer) -> None:
    before = encode_questions(NAME, ["one", "two"])
    asked = len(server.requests)
    assert np.array_equal(encode_questions(NAME, ["two", "one"]), before[::-1])
    assert len(server.requests) == asked
    encode_questions(NAME, ["one", "three"])
    assert server.requests[-1].json["input"] == ["three"]


def test_nobody_can_change_a_kept_vector() -> None:
    vectors = encode_questions(BUNDLED, ["mine"])
    before = vectors.copy()
    vectors[:] = 0
    assert np.array_equal(encode_questions(BUNDLED, ["mine"]), before)


def test_kept_vectors_are_bounded_and_the_last_used_stay(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "KEPT", 5)
    for number in range(20):
        encode_questions(NAME, [f"text {number}", "always"])
    kept = questions._desks[NAME].kept
    assert set(kept) == {"text 16", "text 17", "text 18", "text 19", "always"}
    encode_questions(NAME, [f"many {n}" for n in range(10)])
    assert len(kept) == 5


def test_an_error_reaches_all_who_asked_and_the_next_call_works(server: ModelServer) -> None:
    server.says(failing)
    found = at_once(lambda thread: encode_questions(NAME, [f"in vain {thread}"]))
    assert {type(error) for error in found} == {EmbeddingModelError}
    server.says(embeddings)
    assert encode_questions(NAME, ["in vain 3"]).shape == (1, 3)
    assert not questions._desks[NAME].waiting


def test_a_text_that_is_refused_is_nobody_elses_trouble(server: ModelServer) -> None:
    """Ada's question must not fail because of what a stranger asks at the same moment."""
    desk = questions._desks[NAME]
    found: dict[str, object] = {}

    def ask(text: str) -> None:
        try:
            found[text] = encode_questions(NAME, [text]).shape
        except TextRefusedError as error:
            found[text] = error

    with desk.running:
        threads = [threading.Thread(target=ask, args=(text,)) for text in ("good", BAD, "fine")]
        for thread in threads:
            thread.start()
        while len(desk.waiting) < len(threads):
            pass
    for thread in threads:
        thread.join()
    assert found["good"] == found["fine"] == (1, 3)
    assert isinstance(found[BAD], TextRefusedError)
