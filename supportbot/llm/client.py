"""Streaming chat completions with honest failure.

A stream that breaks off, hangs or sends garbage must never pass for a finished answer, so this
module ends normally only when the server said that it was done.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
import openai
from django.conf import settings

MAX_RETRY_AFTER = 2.0  # seconds a customer may wait for a busy server before the next route
FINISHED = frozenset({"stop", "length", "tool_calls", "content_filter", "function_call"})


class ModelError(Exception):
    """The model gave no complete answer. `code` is one of: unauthorised, rate_limited, refused,
    unavailable, slow, broken_off, garbled, too_long, filtered."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


@dataclass
class Usage:
    """Filled while a completion streams; tokens stay 0 where the server does not count them."""

    model: str = ""
    tokens_in: int = 0
    tokens_out: int = 0


@dataclass(frozen=True)
class Completion:
    """A request: messages in the OpenAI form."""

    messages: list[dict[str, str]]
    operation: str
    usage: Usage = field(default_factory=Usage)


def is_configured() -> bool:
    """Whether a language model is set up at all."""
    return bool(settings.MODEL and (settings.OPENAI_API_KEY or settings.OPENAI_BASE_URL))


@functools.cache
def _client(base_url: str, api_key: str, loop_id: int) -> openai.AsyncOpenAI:
    # One client per event loop: its connections belong to the loop that opened them.
    return openai.AsyncOpenAI(
        base_url=base_url or None,
        api_key=api_key or "none",  # local servers ask for none; the client insists on one
        max_retries=0,  # what is worth waiting for is decided below
        timeout=httpx.Timeout(settings.MODEL_TOTAL_SECONDS, connect=3.0),
    )


async def stream_completion(completion: Completion) -> AsyncIterator[str]:
    """The text as it comes. Ends normally only when complete; otherwise raises ModelError."""
    try:
        async with asyncio.timeout(settings.MODEL_TOTAL_SECONDS):
            async for delta in _deltas(completion):
                yield delta
    except TimeoutError as error:
        raise ModelError("slow", "the model took too long") from error
    except openai.APIStatusError as error:
        raise ModelError(_status_code(error.status_code), f"HTTP {error.status_code}") from error
    except openai.APITimeoutError as error:
        raise ModelError("slow", "no answer in time") from error
    except (openai.APIConnectionError, httpx.HTTPError) as error:
        raise ModelError("unavailable", str(error) or type(error).__name__) from error
    except openai.APIError as error:  # an error event inside the stream
        raise ModelError("broken_off", str(error)) from error
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise ModelError("garbled", f"unreadable answer: {type(error).__name__}") from error


async def _deltas(completion: Completion) -> AsyncIterator[str]:
    async with asyncio.timeout(settings.MODEL_FIRST_TOKEN_SECONDS):
        stream = await _open(completion)
    chunks = aiter(stream)
    finish_reason, wait = None, settings.MODEL_FIRST_TOKEN_SECONDS
    try:
        while True:
            try:
                async with asyncio.timeout(wait):
                    chunk = await anext(chunks)
            except StopAsyncIteration:
                break
            if chunk.usage is not None:
                completion.usage.tokens_in = chunk.usage.prompt_tokens
                completion.usage.tokens_out = chunk.usage.completion_tokens
            completion.usage.model = chunk.model or completion.usage.model
            if not chunk.choices:
                continue
            choice = chunk.choices[0]
            finish_reason = choice.finish_reason or finish_reason
            if choice.delta.content:
                wait = settings.MODEL_IDLE_SECONDS
                yield choice.delta.content
    finally:
        await stream.close()
    _check_finished(finish_reason)


def _check_finished(reason: str | None) -> None:
    if reason is None:
        raise ModelError("broken_off", "the stream ended before the answer did")
    if reason == "length":
        raise ModelError("too_long", "the answer was cut at the length limit")
    if reason == "content_filter":
        raise ModelError("filtered", "the provider withheld the answer")


async def _open(completion: Completion) -> openai.AsyncStream[object]:
    client = _client(
        settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY, id(asyncio.get_running_loop())
    )
    for last_try in (False, True):
        try:
            return await client.chat.completions.create(  # type: ignore[call-overload,no-any-return]
                model=settings.MODEL,
                messages=completion.messages,
                stream=True,
                stream_options={"include_usage": True},
                temperature=0,
                extra_headers={"X-Supportbot-Operation": completion.operation},
            )
        except openai.APIStatusError as error:
            wait = _retry_after(error)
            if last_try or wait is None:
                raise
            await asyncio.sleep(wait)
    raise AssertionError("unreachable")


def _retry_after(error: openai.APIStatusError) -> float | None:
    """Seconds to wait before one more try; None when another route answers sooner."""
    if error.status_code not in {429, 503}:
        return None
    try:
        wait = float(error.response.headers.get("retry-after", ""))
    except ValueError:
        return None
    return wait if 0 <= wait <= MAX_RETRY_AFTER else None


def _status_code(status: int) -> str:
    if status in {401, 403}:
        return "unauthorised"
    if status == 429:
        return "rate_limited"
    return "refused" if 400 <= status < 500 else "unavailable"
