"""knowledge.embedding.endpoint: vectors from a real HTTP server that speaks the OpenAI protocol."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from pytest_django import Settings

from knowledge.embedding import encoder as encoders
from knowledge.embedding import endpoint
from knowledge.embedding.encoder import get_encoder, get_tokenizer, is_loaded
from knowledge.embedding.endpoint import EndpointEncoder
from knowledge.embedding.model import EmbeddingModelError, TextRefusedError, endpoint_model_of
from tests.openai_server import ModelServer, Request, Wire, closed_port, run_server

NAME = "openai:text-embedding-test"
SIZE = 5


@pytest.fixture
def server(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.01)
    with run_server() as running:
        settings.EMBEDDING_BASE_URL = running.base_url
        settings.EMBEDDING_API_KEY = "secret"
        running.says(embeddings)
        yield running
    encoders._encoders.pop(NAME, None)


def vector_of(text: str, size: int = SIZE) -> list[float]:
    return [float(byte) for byte in hashlib.sha256(text.encode()).digest()[:size]]


async def reply(wire: Wire, body: Any, status: int = 200, **headers: str) -> None:
    await wire.head(status, "application/json", chunked=False, **headers)
    await wire.send(body if isinstance(body, bytes) else json.dumps(body).encode())


def answer_to(request: Request, size: int = SIZE) -> dict[str, Any]:
    entries = [
        {"object": "embedding", "index": number, "embedding": vector_of(text, size)}
        for number, text in enumerate(request.json["input"])
    ]
    # Servers that embed in parallel answer in whatever order is done first.
    usage = {"prompt_tokens": 1, "total_tokens": 1}
    return {"object": "list", "data": entries[::-1], "model": "m", "usage": usage}


async def embeddings(wire: Wire, request: Request) -> None:
    await reply(wire, answer_to(request))


def failing(status: int, **headers: str) -> Any:
    async def fail(wire: Wire, _: Request) -> None:
        await reply(wire, {"error": {"message": "no"}}, status, **headers)

    return fail


def unit(text: str) -> list[float]:
    vector = np.array(vector_of(text))
    return list(vector / np.linalg.norm(vector))


def test_the_name_says_which_model_is_asked() -> None:
    assert endpoint_model_of("openai:bge-m3:latest") == "bge-m3:latest"
    assert endpoint_model_of("bundled") is None
    assert endpoint_model_of("./openai:x") is None


def test_passages_and_questions_become_unit_vectors_in_their_order(server: ModelServer) -> None:
    encoder = get_encoder(NAME)
    assert is_loaded(NAME)
    assert (encoder.dimensions, encoder.max_tokens) == (SIZE, None)
    vectors = encoder.encode_passages(["one", "two", "three"])
    assert vectors.dtype == np.float32
    assert np.allclose(vectors, [unit("one"), unit("two"), unit("three")], atol=1e-6)
    assert np.allclose(encoder.encode_question("two"), vectors[1], atol=1e-6)
    sent = server.requests[-1]
    assert (sent.path, sent.json["model"]) == ("/v1/embeddings", "text-embedding-test")
    assert sent.headers["authorization"] == "Bearer secret"


def test_no_texts_ask_nobody(server: ModelServer) -> None:
    encoder = get_encoder(NAME)
    asked = len(server.requests)
    assert encoder.encode_passages([]).shape == (0, SIZE)
    assert len(server.requests) == asked


def test_many_texts_go_in_batches(server: ModelServer) -> None:
    encoder = get_encoder(NAME)
    texts = [f"text {n}" for n in range(2 * endpoint.BATCH + 3)]
    vectors = encoder.encode_passages(texts)
    sizes = [len(request.json["input"]) for request in server.requests[1:]]
    assert sizes == [endpoint.BATCH, endpoint.BATCH, 3]
    assert np.allclose(vectors[-1], unit(texts[-1]), atol=1e-6)


def test_a_server_that_takes_fewer_at_a_time_is_asked_for_fewer(server: ModelServer) -> None:
    async def at_most_ten(wire: Wire, request: Request) -> None:
        if len(request.json["input"]) > 10:
            await reply(wire, {"error": {"message": "batch size too large"}}, 413)
        else:
            await embeddings(wire, request)

    server.says(at_most_ten)
    encoder = get_encoder(NAME)
    texts = [f"text {n}" for n in range(40)]
    vectors = encoder.encode_passages(texts)
    assert np.allclose(vectors, [unit(text) for text in texts], atol=1e-6)
    asked = len(server.requests)
    encoder.encode_passages(texts[:20])  # it is remembered
    assert [len(r.json["input"]) for r in server.requests[asked:]] == [10, 10]


def test_a_text_that_the_server_refuses_is_named(server: ModelServer) -> None:
    async def no_swearing(wire: Wire, request: Request) -> None:
        if any("damn" in text for text in request.json["input"]):
            await reply(wire, {"error": {"message": "content filter"}}, 400)
        else:
            await embeddings(wire, request)

    server.says(no_swearing)
    encoder = get_encoder(NAME)
    with pytest.raises(TextRefusedError, match="begins “a damn text”"):
        encoder.encode_passages(["one", "two", "a damn\ntext", "four"])
    assert encoder.encode_passages(["one", "two"]).shape == (2, SIZE)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again(server: ModelServer, status: int) -> None:
    server.says(embeddings, failing(status), failing(status), embeddings)
    vectors = get_encoder(NAME).encode_passages(["one"])
    assert np.allclose(vectors, [unit("one")], atol=1e-6)
    assert len(server.requests) == 4


def test_a_connection_that_breaks_is_opened_again(server: ModelServer) -> None:
    async def hang_up(wire: Wire, _: Request) -> None:
        wire.reset()

    server.says(embeddings, hang_up, embeddings)
    assert get_encoder(NAME).encode_passages(["one"]).shape == (1, SIZE)


def test_a_server_that_stays_down_is_told(server: ModelServer) -> None:
    server.says(embeddings, failing(503))
    encoder = get_encoder(NAME)
    with pytest.raises(EmbeddingModelError, match=r"answered HTTP 503\. It is tried again"):
        encoder.encode_passages(["one"])
    assert len(server.requests) == 2 + endpoint.PASSAGE_RETRIES


def test_a_question_waits_less_long(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent(wire: Wire, _: Request) -> None:
        await wire.until_client_leaves()

    monkeypatch.setattr(endpoint, "QUESTION_SECONDS", 0.2)
    server.says(embeddings, silent)
    encoder = get_encoder(NAME)
    with pytest.raises(EmbeddingModelError, match="did not answer in time"):
        encoder.encode_question("one")
    assert len(server.requests) == 2 + endpoint.QUESTION_RETRIES


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (401, "Check SUPPORTBOT_EMBEDDING_API_KEY"),
        (404, "knows no embedding model 'text-embedding-test'"),
        (400, "answered HTTP 400"),
    ],
)
def test_a_wrong_setting_is_told_when_the_model_is_loaded(
    server: ModelServer, status: int, advice: str
) -> None:
    server.says(failing(status))
    with pytest.raises(EmbeddingModelError, match=advice):
        get_encoder(NAME)
    assert not is_loaded(NAME)
    server.says(embeddings)
    assert get_encoder(NAME).dimensions == SIZE  # mended, without a restart


def test_nobody_there_is_told(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.01)
    settings.EMBEDDING_BASE_URL = f"http://127.0.0.1:{closed_port()}/v1"
    with pytest.raises(EmbeddingModelError, match="cannot be reached"):
        EndpointEncoder("m")


@pytest.mark.parametrize(
    "body",
    [
        b"<html>Welcome</html>",
        {"data": []},
        {"object": "list", "data": None},
        {"data": [{"index": 0, "embedding": [1.0, "two"]}]},
        {"data": [{"index": 0, "embedding": [float("nan")] * SIZE}]},
        {"data": [{"index": 0, "embedding": []}]},
    ],
)
def test_an_answer_that_is_none_is_told(server: ModelServer, body: Any) -> None:
    async def garble(wire: Wire, _: Request) -> None:
        await reply(wire, body)

    server.says(embeddings, garble)
    encoder = get_encoder(NAME)
    with pytest.raises(EmbeddingModelError, match="cannot be read"):
        encoder.encode_passages(["one"])


def test_a_model_that_changed_behind_its_name_is_not_mixed_in(server: ModelServer) -> None:
    async def grown(wire: Wire, request: Request) -> None:
        await reply(wire, answer_to(request, SIZE + 1))

    server.says(embeddings, grown)
    encoder = get_encoder(NAME)
    with pytest.raises(EmbeddingModelError, match="gave 6 numbers for a text and 5 before"):
        encoder.encode_passages(["one"])


def test_an_empty_text_is_not_sent_as_such(server: ModelServer) -> None:
    get_encoder(NAME).encode_passages([" \n"])
    assert server.requests[-1].json["input"] == ["."]


def test_the_bundled_tokenizer_counts_for_an_endpoint() -> None:
    counted = get_tokenizer(NAME).encode("Some words.", add_special_tokens=False).ids
    assert counted == get_tokenizer("bundled").encode("Some words.", add_special_tokens=False).ids
