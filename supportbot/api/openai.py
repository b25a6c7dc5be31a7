"""`POST /v1/chat/completions` and `GET /v1/models`: checked, cited answers for any client that
speaks OpenAI's protocol."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from functools import wraps
from typing import Any

import structlog
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
    StreamingHttpResponse,
)
from django.views.decorators.csrf import csrf_exempt

from supportbot.answers.direct import DirectRun, direct_run
from supportbot.answers.threads import in_thread
from supportbot.api.connection_limits import TooManyConnectionsError, take_place
from supportbot.api.openai_errors import OpenAIError
from supportbot.api.openai_requests import Asker, ChatRequest, read_asker, read_chat
from supportbot.api.openai_responses import (
    Marked,
    chunk,
    completion,
    extension,
    model_entry,
    usage_chunk,
)
from tickets.models import ChannelMode, Conversation
from tickets.services.modes import mode_of

log = structlog.get_logger(__name__)

View = Callable[[HttpRequest], Awaitable[HttpResponseBase]]
_read_asker = in_thread(read_asker)
_mode = in_thread(lambda: mode_of(ChannelMode.Channel.API))


def _view(method: str) -> Callable[[View], View]:
    """A view of one method; its errors become responses."""

    def decorate(view: View) -> View:
        @csrf_exempt
        @wraps(view)
        async def wrapped(request: HttpRequest) -> HttpResponseBase:
            try:
                if request.method != method:
                    raise OpenAIError(405, "method_not_allowed", f"Send {method}.")
                return await view(request)
            except OpenAIError as error:
                return error.response()
            except Exception:
                log.exception("openai_request_failed")
                return OpenAIError(500, "internal", "That did not work. Try again.").response()

        return wrapped

    return decorate


@_view("GET")
async def models(request: HttpRequest) -> HttpResponse:
    """The models that this caller may name: one, or for staff one for each audience."""
    asker = await _read_asker(request)
    return JsonResponse({"object": "list", "data": [model_entry(name) for name in asker.models]})


@_view("POST")
async def chat_completions(request: HttpRequest) -> HttpResponseBase:
    """Answer the last message of a chat; the client's leaving cancels the run."""
    asker = await _read_asker(request)
    if await _mode() == Conversation.Mode.OFF:
        raise OpenAIError(403, "switched_off", "The assistant is switched off for this API.")
    asked = read_chat(request.body, asker)
    if not asked.stream:
        async with _place(asker), direct_run(asked.question) as run:
            return JsonResponse(completion(run.row, asked.model, await _whole(run)))
    response = StreamingHttpResponse(_stream(asker, asked), content_type="text/event-stream")
    response["Cache-Control"] = "no-cache, no-transform"
    response["X-Accel-Buffering"] = "no"  # nginx would hold the stream back
    return response


async def _whole(run: DirectRun) -> dict[str, Any]:
    """The event that completes the run. Raises OpenAIError."""
    last: dict[str, Any] = {}
    async with aclosing(run.events()) as events:
        async for event in events:
            last = event
    if last["type"] == "error":
        raise OpenAIError.of_event(last)
    return last


async def _stream(asker: Asker, asked: ChatRequest) -> AsyncIterator[bytes]:
    try:
        async with (
            _place(asker),
            direct_run(asked.question) as run,
            aclosing(_chunks(run, asked)) as chunks,
        ):
            async for each in chunks:
                yield _data(each)
    except OpenAIError as error:
        yield _data(error.body)
    yield b"data: [DONE]\n\n"


async def _chunks(run: DirectRun, asked: ChatRequest) -> AsyncGenerator[dict[str, Any]]:
    """The run's events as chunks. Raises OpenAIError."""

    def delta(content: str, finish_reason: str | None = None, **supportbot: Any) -> dict[str, Any]:
        said = {"content": content, "supportbot": supportbot}
        return chunk(run.row, asked.model, said, finish_reason)

    marked, has_text = Marked(), False
    yield chunk(run.row, asked.model, {"role": "assistant", "content": ""})
    async with aclosing(run.events()) as events:
        async for event in events:
            match event["type"]:
                case "run.status":
                    yield delta("", status=event["status"])
                case "answer.sentence":
                    text, citations = marked.add(event)
                    has_text = True
                    yield delta(text, citations=citations)
                case "answer.replaced":
                    has_text = False
                    yield delta(marked.start_again(), replaced=event["reason"])
                case "answer.completed":
                    text = "" if has_text else event["text"]
                    yield delta(text, "stop", **extension(event, marked))
                case "error":
                    raise OpenAIError.of_event(event)
    if asked.include_usage:
        yield usage_chunk(run.row, asked.model)


@asynccontextmanager
async def _place(asker: Asker) -> AsyncIterator[None]:
    """A place among a visitor's open connections, as for a socket; staff need none."""
    if asker.customer is None:
        yield
        return
    try:
        place = await in_thread(take_place)(str(asker.customer.pk))
    except TooManyConnectionsError as error:
        raise OpenAIError(429, error.code, error.text, wait=1) from error
    place.hold()
    try:
        yield
    finally:
        await place.leave()


def _data(body: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(body)}\n\n".encode()
