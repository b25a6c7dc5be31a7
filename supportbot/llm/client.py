"""Streaming chat completions with honest failure.

A stream that breaks off, hangs or sends garbage must never pass for a finished answer, so this
module ends normally only when the server said that it was done.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from weakref import WeakKeyDictionary

import openai
from django.conf import settings

MAX_RETRY_AFTER = 2.0  # seconds a customer may wait for a busy server before the next route
MAX_USAGE_WAIT = 1.0  # seconds for the token counts that come after a finished answer
FINISHED = frozenset({"stop", "length", "tool_calls", "content_filter", "function_call"})
MAX_TOKENS = 2**31 - 1  # what the column holds


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


_Clients = dict[tuple[str, str], openai.AsyncOpenAI]
# Per event loop: a client's connections belong to the loop that opened them.
_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, _Clients] = WeakKeyDictionary()


def _client() -> openai.AsyncOpenAI:
    clients = _clients.setdefault(asyncio.get_running_loop(), {})
    key = (settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY)
    if key not in clients:
        clients[key] = openai.AsyncOpenAI(
            base_url=settings.OPENAI_BASE_URL or None,
            api_key=settings.OPENAI_API_KEY or "none",  # local servers ask for none; it insists
            max_retries=0,  # what is worth waiting for is decided below
            timeout=openai.Timeout(settings.MODEL_TOTAL_SECONDS, connect=3.0),
        )
    return clients[key]


async def stream_completion(completion: Completion) -> AsyncGenerator[str]:
    """The text as it comes. Ends normally only when complete; otherwise raises ModelError."""
    # No timeout spans a `yield`: it would cancel whoever is at work on what was yielded.
    ends_at = asyncio.get_running_loop().time() + settings.MODEL_TOTAL_SECONDS
    try:
        async for delta in _deltas(completion, ends_at):
            yield delta
    except TimeoutError as error:
        raise ModelError("slow", "the model took too long") from error
    except openai.APIStatusError as error:
        raise ModelError(_status_code(error.status_code), f"HTTP {error.status_code}") from error
    except openai.APITimeoutError as error:
        raise ModelError("slow", "no answer in time") from error
    except openai.APIConnectionError as error:
        raise ModelError("unavailable", str(error) or type(error).__name__) from error
    except openai.APIError as error:  # an error event inside the stream
        raise ModelError("broken_off", _storable(str(error))) from error
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise ModelError("garbled", f"unreadable answer: {type(error).__name__}") from error


async def _deltas(completion: Completion, ends_at: float) -> AsyncGenerator[str]:
    wait = settings.MODEL_FIRST_TOKEN_SECONDS
    async with _within(wait, ends_at):
        stream = await _open(completion)
    finish_reason, readable = None, False
    try:
        while True:
            try:
                async with _within(MAX_USAGE_WAIT if finish_reason else wait, ends_at):
                    chunk = await anext(stream)
            except StopAsyncIteration:
                break
            except (TimeoutError, openai.APIConnectionError) as error:
                if finish_reason:
                    break  # the answer is whole; only its token counts are missing
                raise _while_reading(error) from error
            _note_usage(completion.usage, chunk)
            if not chunk.choices:
                continue
            choice, readable = chunk.choices[0], True
            finish_reason = choice.finish_reason or finish_reason
            if choice.delta.content:
                wait = settings.MODEL_IDLE_SECONDS
                yield _storable(choice.delta.content)
    finally:
        await stream.close()
    _check_finished(finish_reason, readable)


def _within(seconds: float, ends_at: float) -> asyncio.Timeout:
    return asyncio.timeout_at(min(asyncio.get_running_loop().time() + seconds, ends_at))


def _while_reading(error: Exception) -> Exception:
    """A connection that is lost inside an answer is not a server that cannot be reached."""
    if isinstance(error, TimeoutError | openai.APITimeoutError):
        return error
    return ModelError("broken_off", "the connection was lost")


def _note_usage(usage: Usage, chunk: Any) -> None:
    if isinstance(chunk.model, str) and chunk.model:
        usage.model = _storable(chunk.model)[:200]
    if chunk.usage is not None:
        usage.tokens_in = _count(chunk.usage.prompt_tokens)
        usage.tokens_out = _count(chunk.usage.completion_tokens)


def _count(tokens: object) -> int:
    return tokens if isinstance(tokens, int) and 0 <= tokens <= MAX_TOKENS else 0


def _storable(text: str) -> str:
    """Without what JSON can carry and PostgreSQL cannot: NUL and halves of surrogate pairs."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def _check_finished(reason: str | None, readable: bool) -> None:
    if reason is None and not readable:
        raise ModelError("garbled", "the response holds no answer")
    if reason == "length":
        raise ModelError("too_long", "the answer was cut at the length limit")
    if reason == "content_filter":
        raise ModelError("filtered", "the provider withheld the answer")
    if reason not in FINISHED:
        raise ModelError("broken_off", "the stream ended before the answer did")


async def _open(completion: Completion) -> openai.AsyncStream[Any]:
    client = _client()
    for last_try in (False, True):
        try:
            return await client.chat.completions.create(  # type: ignore[call-overload,no-any-return]
                model=settings.MODEL,
                messages=completion.messages,
                stream=True,
                stream_options={"include_usage": True},
                temperature=_temperature(),
                extra_headers={"X-Supportbot-Operation": completion.operation},
            )
        except openai.APIStatusError as error:
            wait = _retry_after(error)
            if last_try or wait is None:
                raise
            await asyncio.sleep(wait)
    raise AssertionError("unreachable")


def _temperature() -> float | openai.Omit:
    chosen = settings.MODEL_TEMPERATURE
    return openai.omit if chosen == "none" else float(chosen)


def _retry_after(error: openai.APIStatusError) -> float | None:
    """Seconds to wait before one more try; None when another route answers sooner."""
    if error.status_code not in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        return None
    try:
        wait = float(error.response.headers.get("retry-after", ""))
    except ValueError:
        return None
    return wait if 0 <= wait <= MAX_RETRY_AFTER else None


def _status_code(status: int) -> str:
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return "unauthorised"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return "rate_limited"
    return "refused" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "unavailable"
