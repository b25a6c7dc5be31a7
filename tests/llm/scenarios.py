"""Everything that a model server does, good and bad, and what the client must make of it.

A scenario is made for a text. The bad ones say its first sentence and a part of the next before
they go wrong, so that somebody who shows too much too early is caught.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from tests.openai_server import (
    MODEL,
    USAGE,
    Request,
    Scenario,
    Wire,
    begin,
    chunk,
    end,
    odd_cuts,
    speak,
)

MakeScenario = Callable[[str], Scenario]


def normal(text: str) -> Scenario:
    async def scenario(wire: Wire, request: Request) -> None:
        await begin(wire)
        await speak(wire, text)
        await end(wire)

    return scenario


def status(code: int, **headers: str) -> MakeScenario:
    """An error response, as providers write it."""

    def make(text: str) -> Scenario:
        async def scenario(wire: Wire, request: Request) -> None:
            await wire.head(code, "application/json", chunked=False, **headers)
            await wire.send(json.dumps({"error": {"message": "no", "type": "test"}}).encode())

        return scenario

    return make


def litellm(code: int, error: str) -> MakeScenario:
    """An error as LiteLLM's proxy words it (1.108.7), with its headers."""

    def make(text: str) -> Scenario:
        async def scenario(wire: Wire, request: Request) -> None:
            await wire.head(
                code, "application/json", chunked=False, x_litellm_version="1.108.7", vary="Origin"
            )
            await wire.send(error.encode())

        return scenario

    return make


def litellm_stream(text: str) -> Scenario:
    """Its stream: the finish reason, then usage in a chunk that still has a choice."""

    async def scenario(wire: Wire, request: Request) -> None:
        await wire.head()
        for piece in odd_cuts(text):
            choice = {"index": 0, "delta": {"content": piece}}
            await wire.event({**_LITELLM_CHUNK, "choices": [choice]}, end="\n")
        stop = {"index": 0, "delta": {}, "finish_reason": "stop"}
        await wire.event({**_LITELLM_CHUNK, "choices": [stop]})
        usage = {**USAGE["usage"], "completion_tokens_details": {"text_tokens": 34}}
        last = {"choices": [{"index": 0, "delta": {}}], "usage": usage}
        await wire.event({**_LITELLM_CHUNK, **last})
        await wire.event("[DONE]")
        await wire.finish()

    return scenario


_LITELLM_CHUNK = {
    "id": "c1",
    "object": "chat.completion.chunk",
    "created": 1763700000,
    "model": MODEL,
}
LITELLM_NO_MODEL = (
    '{"error":{"message":"/chat/completions: Invalid model name passed in model=nonesuch. Call '
    '`/v1/models` to view available models for your key.","type":"invalid_request_error",'
    '"param":null,"code":"400"}}'
)
LITELLM_NO_KEY = (
    '{"error":{"message":"No connected db.","type":"no_db_connection","param":null,"code":"400"}}'
)
LITELLM_UPSTREAM_KEY = (
    '{"error":{"message":"litellm.AuthenticationError: AuthenticationError: OpenAIException - '
    "Incorrect API key provided\\n\\nLiteLLM: model group 'gpt' failed with the error above. No "
    'fallback was attempted.","type":"authentication_error","param":null,"code":"401"}}'
)
LITELLM_BUSY = (
    '{"error":{"message":"litellm.RateLimitError: RateLimitError: OpenAIException - Rate limit '
    'reached","type":"throttling_error","param":null,"code":"429"}}'
)
LITELLM_DOWN = (
    '{"error":{"message":"litellm.InternalServerError: InternalServerError: OpenAIException - '
    'Connection error.","type":"internal_server_error","param":null,"code":"500"}}'
)


def finished_by(reason: str) -> MakeScenario:
    def make(text: str) -> Scenario:
        async def scenario(wire: Wire, request: Request) -> None:
            await begin(wire)
            await speak(wire, text)
            await end(wire, reason)

        return scenario

    return make


def first_part(text: str) -> str:
    """The first sentence and a part of the second."""
    return text[: text.index(". ") + 12]


def breaking(go_wrong: Callable[[Wire], Any], *, chunked: bool = True) -> MakeScenario:
    """Streams the first part and then does `go_wrong`."""

    def make(text: str) -> Scenario:
        async def scenario(wire: Wire, request: Request) -> None:
            await begin(wire, chunked=chunked)
            await speak(wire, first_part(text))
            await go_wrong(wire)

        return scenario

    return make


async def _close(wire: Wire) -> None:
    """Nothing: the server closes the connection when a scenario ends."""


async def _reset(wire: Wire) -> None:
    # A reset throws away what the client has not read, so let it read.
    await asyncio.sleep(0.2)
    wire.reset()


async def _garbage(wire: Wire) -> None:
    await wire.event("{not json")
    await end(wire)


def _sends(data: object) -> Callable[[Wire], Any]:
    async def go_wrong(wire: Wire) -> None:
        await wire.event(json.dumps(data))
        await end(wire)

    return go_wrong


def slow_first_byte(text: str) -> Scenario:
    async def scenario(wire: Wire, request: Request) -> None:
        await wire.until_client_leaves()

    return scenario


def slow_first_word(text: str) -> Scenario:
    async def scenario(wire: Wire, request: Request) -> None:
        await begin(wire)
        await wire.until_client_leaves()

    return scenario


def empty_stream(text: str) -> Scenario:
    async def scenario(wire: Wire, request: Request) -> None:
        await wire.head()
        await wire.event("[DONE]")
        await wire.finish()

    return scenario


def html_page(text: str) -> Scenario:
    async def scenario(wire: Wire, request: Request) -> None:
        await wire.head(content_type="text/html", chunked=False)
        await wire.send(f"<!doctype html>\n<title>Sign in</title>\n<p>{text}</p>\n".encode())

    return scenario


def keep_alives(text: str) -> Scenario:
    async def scenario(wire: Wire, request: Request) -> None:
        await wire.head()
        for piece in odd_cuts(text):
            await wire.send(b": keep-alive\n\n")
            await wire.event(chunk({"content": piece}))
        await wire.send(b":\n\n:\n\n")
        await end(wire)

    return scenario


def crlf(text: str) -> Scenario:
    async def scenario(wire: Wire, request: Request) -> None:
        await wire.head()
        for piece in odd_cuts(text):
            await wire.event(chunk({"content": piece}), end="\r\n")
        await wire.event(chunk({}, "stop"), end="\r\n")
        await wire.event("[DONE]", end="\r\n")
        await wire.finish()

    return scenario


def several_data_lines(text: str) -> Scenario:
    """One event's JSON over many `data:` lines, which the client joins with line feeds."""

    async def scenario(wire: Wire, request: Request) -> None:
        await wire.head()
        for piece in odd_cuts(text):
            lines = json.dumps(chunk({"content": piece}), indent=1).splitlines()
            await wire.send("".join(f"data: {line}\n" for line in lines).encode() + b"\n")
        await end(wire)

    return scenario


def split_bytes(text: str) -> Scenario:
    """Every byte by itself, so that no character and no line arrives whole."""

    async def scenario(wire: Wire, request: Request) -> None:
        await wire.head()
        await wire.event(chunk({"role": "assistant"}))
        said = json.dumps(chunk({"content": text}), ensure_ascii=False)
        for byte in f"data: {said}\n\n".encode():
            await wire.send(bytes([byte]))
        await end(wire)

    return scenario


def closed_after_the_finish_reason(text: str) -> Scenario:
    """No usage, no [DONE], and the connection ends: but the model said that it was done."""

    async def scenario(wire: Wire, request: Request) -> None:
        await begin(wire)
        await speak(wire, text)
        await wire.event(chunk({}, "stop"))

    return scenario


def silent_after_the_finish_reason(text: str) -> Scenario:
    async def scenario(wire: Wire, request: Request) -> None:
        await begin(wire)
        await speak(wire, text)
        await wire.event(chunk({}, "stop"))
        await wire.until_client_leaves()

    return scenario


def odd_numbers(text: str) -> Scenario:
    """Token counts that are none, and a model name that fits into no column."""

    async def scenario(wire: Wire, request: Request) -> None:
        await begin(wire)
        await speak(wire, text)
        await wire.event({**chunk({}, "stop"), "model": MODEL + "x" * 500})
        counts = {"prompt_tokens": None, "completion_tokens": -1, "total_tokens": 10**12}
        await wire.event({**USAGE, "usage": counts, "model": ""})
        await wire.event("[DONE]")
        await wire.finish()

    return scenario


def unstorable_characters(text: str) -> Scenario:
    """NUL and half a surrogate pair, which JSON may carry and PostgreSQL refuses."""

    async def scenario(wire: Wire, request: Request) -> None:
        await begin(wire)
        await wire.event(json.dumps(chunk({"content": "\x00"})))
        await speak(wire, text[:-1])
        await wire.event(json.dumps(chunk({"content": "\x00" + text[-1]})))
        await wire.event(json.dumps(chunk({"content": " \ud83d"})))
        await end(wire)

    return scenario


# Name → scenario; all of these give the whole text.
GOOD: dict[str, MakeScenario] = {
    "normal": normal,
    "keep-alives": keep_alives,
    "CRLF": crlf,
    "several data lines": several_data_lines,
    "split bytes": split_bytes,
    "closed after the finish reason": closed_after_the_finish_reason,
    "silent after the finish reason": silent_after_the_finish_reason,
    "odd numbers": odd_numbers,
    "LiteLLM": litellm_stream,
}

HTTP_DATE = "Wed, 21 Oct 2099 07:28:00 GMT"
SECRET_ERROR = {"error": {"message": "overloaded", "type": "server_error", "code": 503}}

# Name → (scenario, the error's code).
BAD: dict[str, tuple[MakeScenario, str]] = {
    "401": (status(401), "unauthorised"),
    "LiteLLM, no such model": (litellm(400, LITELLM_NO_MODEL), "no_such_model"),
    "LiteLLM, unknown key": (litellm(400, LITELLM_NO_KEY), "unauthorised"),
    "LiteLLM, unknown key upstream": (litellm(401, LITELLM_UPSTREAM_KEY), "unauthorised"),
    "LiteLLM, busy upstream": (litellm(429, LITELLM_BUSY), "rate_limited"),
    "LiteLLM, nothing upstream": (litellm(500, LITELLM_DOWN), "unavailable"),
    "403": (status(403), "unauthorised"),
    "404": (status(404), "no_such_model"),
    "429, wait a minute": (status(429, retry_after="60"), "rate_limited"),
    "429, wait until a date": (status(429, retry_after=HTTP_DATE), "rate_limited"),
    "500": (status(500), "unavailable"),
    "503": (status(503), "unavailable"),
    "slow first byte": (slow_first_byte, "slow"),
    "slow first word": (slow_first_word, "slow"),
    "stall in the middle": (breaking(Wire.until_client_leaves), "slow"),
    "closed in mid-sentence": (breaking(_close, chunked=False), "broken_off"),
    "closed in mid-chunk": (breaking(_close), "broken_off"),
    "reset": (breaking(_reset), "broken_off"),
    "garbage": (breaking(_garbage), "garbled"),
    "a list for a chunk": (breaking(_sends(["hello"])), "garbled"),
    "null for a chunk": (breaking(_sends(None)), "garbled"),
    "null for a choice": (breaking(_sends({**chunk({}), "choices": [None]})), "garbled"),
    "a number for a text": (breaking(_sends(chunk({"content": 7}))), "garbled"),
    "an error inside": (breaking(_sends(SECRET_ERROR)), "broken_off"),
    "empty stream": (empty_stream, "garbled"),
    "HTML page": (html_page, "garbled"),
    "cut at the length limit": (finished_by("length"), "too_long"),
    "filtered": (finished_by("content_filter"), "filtered"),
    "finished by an error": (finished_by("error"), "broken_off"),
}


def listing(*names: str) -> Scenario:
    """The list of models, for GET /v1/models."""

    async def scenario(wire: Wire, request: Request) -> None:
        assert (request.method, request.path) == ("GET", "/v1/models")
        models = [{"id": name, "object": "model", "created": 1, "owned_by": "t"} for name in names]
        await wire.head(content_type="application/json", chunked=False)
        await wire.send(json.dumps({"object": "list", "data": models}).encode())

    return scenario
