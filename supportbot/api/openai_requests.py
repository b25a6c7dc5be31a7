"""Requests to /v1/ → who asks, and what."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from django.contrib.auth.models import User
from django.http import HttpRequest
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from knowledge.models import Audience
from supportbot.answers.direct import DirectQuestion
from supportbot.answers.errors import ReceiveError
from supportbot.answers.receive import HISTORY_TURNS, check_text, readable
from supportbot.api.authentication import StaffTokenAuthentication, VisitorAuthentication
from supportbot.api.limits import seconds_to_wait
from supportbot.api.openai_errors import OpenAIError
from supportbot.retrieval.query import Turn
from tickets.models import Customer, Message

MODEL = "supportbot"
# What staff may ask as: a model for each audience. Everybody else asks as who they are.
STAFF_MODELS = {
    MODEL: Audience.PUBLIC,
    f"{MODEL}-customers": Audience.CUSTOMERS,
    f"{MODEL}-internal": Audience.INTERNAL,
}
ASK, READ = "answers.add_answerrun", "knowledge.view_passage"  # rights of staff
_AUTHORS = {"user": Message.Author.CUSTOMER, "assistant": Message.Author.BOT}
_MARKS = re.compile(r"(?: ?\[\d{1,3}\])+")


@dataclass(frozen=True)
class Asker:
    """A customer by visitor token, or staff by API token, and the models they may ask."""

    customer: Customer | None
    user: User | None
    models: dict[str, Audience]


@dataclass(frozen=True)
class ChatRequest:
    question: DirectQuestion
    model: str
    stream: bool
    include_usage: bool


def read_asker(request: HttpRequest) -> Asker:
    """Who sent the request, counted against their limit. Raises OpenAIError."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise OpenAIError(401, "invalid_api_key", "Send a token as “Authorization: Bearer …”.")
    asker = _visitor(request) or _staff(token.strip())
    scope, key = ("messages", asker.customer) if asker.customer else ("staff", asker.user)
    if key is not None and (wait := seconds_to_wait(scope, str(key.pk))):
        raise OpenAIError(
            429, "rate_limit_exceeded", f"Too many requests. Try again in {wait} s.", wait=wait
        )
    return asker


def _visitor(request: HttpRequest) -> Asker | None:
    try:
        # It reads nothing but the header, which both kinds of request have.
        found = VisitorAuthentication().authenticate(cast(Request, request))
    except AuthenticationFailed:
        return None
    if found is None:
        return None
    customer, visitor = found
    return Asker(customer, None, {MODEL: visitor.audience})


def _staff(token: str) -> Asker:
    try:
        user, _ = StaffTokenAuthentication().authenticate_credentials(token)
    except AuthenticationFailed as error:
        raise OpenAIError(
            401, "invalid_api_key", "The token is not valid, or has expired."
        ) from error
    if not (user.is_staff and user.has_perm(ASK)):
        raise OpenAIError(403, "permission_denied", "You may not ask questions over the API.")
    models = STAFF_MODELS if user.has_perm(READ) else {MODEL: Audience.PUBLIC}
    return Asker(None, user, models)


def read_chat(body: bytes, asker: Asker) -> ChatRequest:
    """The request's body, checked. Raises OpenAIError."""
    try:
        raw = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _bad("The body is not JSON.") from error
    if not isinstance(raw, dict):
        raise _bad("The body must be a JSON object.")
    model = raw.get("model")
    if not isinstance(model, str) or not model:
        raise _bad("Name a model; /v1/models lists them.", "model")
    if model not in asker.models:
        raise OpenAIError(
            404,
            "model_not_found",
            f"There is no model {model!r} for you; /v1/models lists those there are.",
            param="model",
        )
    if raw.get("n", 1) not in {1, None}:
        raise _bad("There is one answer to a question: leave n out.", "n")
    stream, options = raw.get("stream") or False, raw.get("stream_options") or {}
    if not isinstance(stream, bool):
        raise _bad("stream is true or false.", "stream")
    turns = _turns(raw.get("messages"))
    text = _question(turns)
    return ChatRequest(
        question=DirectQuestion(
            text=text,
            history=tuple(turns[:-1][-HISTORY_TURNS:]),
            reader=asker.models[model],
            customer=asker.customer,
            asked_by=asker.user,
        ),
        model=model,
        stream=stream,
        include_usage=isinstance(options, dict) and options.get("include_usage") is True,
    )


def _question(turns: Sequence[Turn]) -> str:
    if not turns or turns[-1].author != Message.Author.CUSTOMER:
        raise _bad("The last message must be the user's question.", "messages")
    try:
        return check_text(turns[-1].text)
    except ReceiveError as error:
        raise OpenAIError(400, error.code, error.text, param="messages") from error


def _turns(raw: Any) -> list[Turn]:
    """What user and assistant said. Other roles instruct a model or speak for tools; the product's
    own configuration decides how it answers."""
    if not isinstance(raw, list):
        raise _bad("messages is a list.", "messages")
    turns = []
    for number, message in enumerate(raw):
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise _bad("A message has a role and a content.", f"messages[{number}]")
        author = _AUTHORS.get(message["role"])
        if author is None:
            continue
        text = _text(message.get("content"), f"messages[{number}].content")
        # Marks of an earlier answer name its sources, not those of this one.
        turns.append(Turn(author, text if author == Message.Author.CUSTOMER else _unmarked(text)))
    return turns


def _text(content: Any, param: str) -> str:
    if content is None:  # an assistant's message that only called a tool
        return ""
    if isinstance(content, str):
        return readable(content)
    if not isinstance(content, list):
        raise _bad("A content is a text, or a list of parts.", param)
    parts = []
    for part in content:
        if not isinstance(part, dict) or not isinstance(part.get("text"), str):
            raise _bad("Only parts of the type text can be read.", param)
        parts.append(part["text"])
    return readable("\n".join(parts))


def _unmarked(text: str) -> str:
    return _MARKS.sub("", text)


def _bad(message: str, param: str | None = None) -> OpenAIError:
    return OpenAIError(400, "invalid_request", message, param=param)
