"""Streaming chat completions with honest failure.

A stream that breaks off, hangs or sends garbage must never pass for a finished answer, so this
module ends normally only when the server said that it was done.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from supportbot.llm.keys import read_key
from supportbot.llm.pictures import PICTURE_TOKENS, Picture
from supportbot.llm.routes import OPENAI_URL, ModelRoute, estimate_tokens

if TYPE_CHECKING:  # half a second, and most processes call no model
    import openai

MAX_RETRY_AFTER = 2.0  # seconds a customer may wait for a busy server before the next route
MAX_USAGE_WAIT = 1.0  # seconds for the token counts that come after a finished answer
FINISHED = frozenset({"stop", "length", "tool_calls", "content_filter", "function_call"})
# Gateways say some things with a plain 400: LiteLLM's proxy of a model it does not have, and of a
# key it does not know.
SAID_WITH_400 = {
    "invalid model name": "no_such_model",
    "model_not_found": "no_such_model",
    "no_db_connection": "unauthorised",
}
MAX_TOKENS = 2**31 - 1  # what the column holds
_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, IndexError)


class ModelError(Exception):
    """The model gave no complete answer. `code` is one of: unauthorised, no_such_model,
    rate_limited, refused, unavailable, slow, broken_off, garbled, too_long, filtered.

    `retry_after` is how many seconds the server asked for, None if it did not.
    """

    def __init__(self, code: str, detail: str, retry_after: float | None = None) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.retry_after = retry_after

    @property
    def is_fault_of_server(self) -> bool:
        """Whether the next question would most likely fail, too."""
        return self.code not in {"refused", "too_long", "filtered"}


@dataclass
class Call:
    """One request to a model, filled while it streams. Tokens stay 0 where the server does not
    count them. `pictures` go with the last message."""

    route: ModelRoute
    operation: str
    messages: list[dict[str, str]]
    prompt_name: str = ""
    prompt_hash: str = ""
    model: str = ""  # as the server names it
    tokens_in: int = 0
    tokens_out: int = 0
    is_estimate: bool = False  # the tokens were not counted by the server
    text: str = ""  # what it said so far
    first_token_ms: int | None = None
    total_ms: int | None = None
    pictures: Sequence[Picture] = ()

    @property
    def sent(self) -> list[dict[str, Any]]:
        """The messages as the server gets them."""
        if not self.pictures:
            return list(self.messages)
        *before, last = self.messages
        text = {"type": "text", "text": last["content"]}
        return [*before, {**last, "content": [text, *(one.as_part() for one in self.pictures)]}]

    @property
    def stored(self) -> list[dict[str, str]]:
        """The messages as they are kept: a line in place of each picture."""
        if not self.pictures:
            return self.messages
        *before, last = self.messages
        lines = [last["content"], *(one.as_words() for one in self.pictures)]
        return [*before, {**last, "content": "\n".join(lines)}]

    @property
    def estimated_tokens_in(self) -> int:
        words = sum(estimate_tokens(message["content"]) for message in self.messages)
        return words + PICTURE_TOKENS * len(self.pictures)


_Clients = dict[tuple[str, str, float], "openai.AsyncOpenAI"]
# Per event loop: a client's connections belong to the loop that opened them.
_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, _Clients] = WeakKeyDictionary()


def client_of(route: ModelRoute) -> openai.AsyncOpenAI:
    """The client of the route's server, with the key as it is now."""
    import openai

    clients = _clients.setdefault(asyncio.get_running_loop(), {})
    key = (route.base_url or OPENAI_URL, read_key(route.key), route.timeouts.connect)
    if key not in clients:
        clients[key] = openai.AsyncOpenAI(
            base_url=key[0],
            api_key=key[1] or "none",  # local servers ask for none; it insists
            max_retries=0,  # what is worth waiting for is decided below
            timeout=openai.Timeout(None, connect=key[2]),  # the rest is limited below
        )
    return clients[key]


async def stream_completion(call: Call) -> AsyncGenerator[str]:
    """The text as it comes. Ends normally only when complete; otherwise raises ModelError."""
    import openai

    # No timeout spans a `yield`: it would cancel whoever is at work on what was yielded.
    began = asyncio.get_running_loop().time()
    try:
        async for delta in _deltas(call, began + call.route.timeouts.total):
            if call.first_token_ms is None:
                call.first_token_ms = _milliseconds_since(began)
            call.text += delta
            yield delta
    except (TimeoutError, openai.OpenAIError, *_UNREADABLE) as error:
        raise as_model_error(error) from error
    finally:
        call.total_ms = _milliseconds_since(began)


def _milliseconds_since(began: float) -> int:
    return round((asyncio.get_running_loop().time() - began) * 1000)


def as_model_error(error: Exception) -> ModelError:
    """What an error of the library, or of reading a response, means."""
    import openai

    if isinstance(error, TimeoutError):
        return ModelError("slow", "the model took too long")
    if isinstance(error, openai.APIStatusError):
        wait = _asked_to_wait(error)
        return ModelError(_status_code(error), f"HTTP {error.status_code}", wait)
    if isinstance(error, openai.APITimeoutError):
        return ModelError("slow", "no answer in time")
    if isinstance(error, openai.APIConnectionError):
        return ModelError("unavailable", str(error) or type(error).__name__)
    if isinstance(error, openai.APIError):  # an error event inside the stream
        return ModelError("broken_off", storable(str(error)))
    return ModelError("garbled", f"unreadable answer: {type(error).__name__}")


async def _deltas(call: Call, ends_at: float) -> AsyncGenerator[str]:
    import openai

    timeouts = call.route.timeouts
    wait = timeouts.first_token
    async with _within(wait, ends_at):
        stream = await _open(call)
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
            _note_usage(call, chunk)
            if not chunk.get("choices"):
                continue
            choice, readable = chunk["choices"][0], True
            finish_reason = choice.get("finish_reason") or finish_reason
            if content := choice["delta"].get("content"):
                wait = timeouts.between_tokens
                yield storable(content)
    finally:
        await stream.close()
    _check_finished(finish_reason, readable)


def _within(seconds: float, ends_at: float) -> asyncio.Timeout:
    return asyncio.timeout_at(min(asyncio.get_running_loop().time() + seconds, ends_at))


def _while_reading(error: Exception) -> Exception:
    """A connection that is lost inside an answer is not a server that cannot be reached."""
    import openai

    if isinstance(error, TimeoutError | openai.APITimeoutError):
        return error
    return ModelError("broken_off", "the connection was lost")


def _note_usage(call: Call, chunk: dict[str, Any]) -> None:
    model, usage = chunk.get("model"), chunk.get("usage")
    if isinstance(model, str) and model:
        call.model = storable(model)[:200]
    if usage is not None:
        call.tokens_in = count_tokens(usage.get("prompt_tokens"))
        call.tokens_out = count_tokens(usage.get("completion_tokens"))


def count_tokens(tokens: object) -> int:
    """As a server says it; 0 for what is no count."""
    return tokens if isinstance(tokens, int) and 0 <= tokens <= MAX_TOKENS else 0


def storable(text: str) -> str:
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


async def _open(call: Call) -> openai.AsyncStream[Any]:
    """A stream of chunks as the server sent them: to make objects of each takes more time than all
    else that is done with it."""
    import openai

    client, route = client_of(call.route), call.route
    body: dict[str, Any] = {
        "model": route.model,
        "messages": call.sent,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if route.temperature is not None:
        body["temperature"] = route.temperature
    for last_try in (False, True):
        try:
            return await client.post(
                "/chat/completions",
                cast_to=object,
                body=body,
                options={"headers": {"X-Supportbot-Operation": call.operation}},
                stream=True,
                stream_cls=openai.AsyncStream[Any],
            )
        except openai.APIStatusError as error:
            wait = _asked_to_wait(error)
            if last_try or wait is None or wait > MAX_RETRY_AFTER:
                raise
            await asyncio.sleep(wait)
    raise AssertionError("unreachable")


def _asked_to_wait(error: openai.APIStatusError) -> float | None:
    """The seconds in a busy server's Retry-After, which may also hold a date; None without one."""
    if error.status_code not in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        return None
    written = error.response.headers.get("retry-after", "")
    try:
        wait = float(written)
    except ValueError:
        try:
            wait = (parsedate_to_datetime(written) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return None
    return wait if 0 <= wait < float("inf") else None


def _status_code(error: openai.APIStatusError) -> str:
    status = error.status_code
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return "unauthorised"
    if status == HTTPStatus.NOT_FOUND:
        return "no_such_model"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return "rate_limited"
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "unavailable"
    said = f"{error.type} {error.code} {error.message}".lower()
    return next((code for words, code in SAID_WITH_400.items() if words in said), "refused")
