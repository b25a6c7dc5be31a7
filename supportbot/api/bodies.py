"""How large a request's body may be, decided before anything reads it.

Django spools a body to disk before it looks at the request, so the limit stands in front of it.
It holds for what Content-Length says and for what really comes. Staff may send more: they upload
documents. So may visitors, where they add a file or a recording to their conversation. Who somebody
is is looked up only when a body is larger than a visitor's may be.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest
from django.http.cookie import parse_cookie
from django.utils.module_loading import import_string
from rest_framework.authtoken.models import Token

from supportbot.answers.voice import MOST_VOICE_BYTES
from supportbot.api.openai_errors import error_body
from supportbot.api.visitor_tokens import BadTokenError, read_token
from supportbot.mail.signatures import is_signed
from tickets.services.customer_files import most_bytes

log = structlog.get_logger(__name__)
_FILES = re.compile(r"/api/v1/conversations/[^/]+/files/")
_VOICE = re.compile(r"/api/v1/conversations/[^/]+/voice/")
FORM_BYTES = 100_000  # what a form adds to its file

Scope = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class BodyTooLargeError(Exception):
    """The body is larger than its sender may send; `limit` is in bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit} bytes")
        self.limit = limit


def limit_bodies(application: Application) -> Application:
    """The application behind a limit on the bodies of its HTTP requests."""

    async def limited(scope: Scope, receive: Receive, send: Send) -> None:
        budget = _Budget(scope)
        answered = False

        async def counted() -> Message:
            message = await receive()
            if message["type"] == "http.request":
                await budget.spend(len(message.get("body", b"")))
            return message

        async def watched(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await budget.check(_declared(scope))
            await application(scope, counted, watched)
        except BodyTooLargeError as error:
            log.warning("body_too_large", path=scope["path"], limit=error.limit)
            if not answered:
                await _refuse(scope, send, error.limit)

    return limited


class _Budget:
    """What may still come of one request's body."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.limit: int = settings.REQUEST_MAX_BYTES
        self.spent = 0
        self.asked = False

    async def spend(self, size: int) -> None:
        self.spent += size
        await self.check(self.spent)

    async def check(self, size: int) -> None:
        if size > self.limit and not self.asked:
            self.asked = True
            headers = _headers(self.scope)
            if most := _most_of_visitor(self.scope["path"], headers):
                self.limit = max(self.limit, most + FORM_BYTES)
            elif is_signed(self.scope["path"], headers) or await _is_staff(headers):
                self.limit = settings.UPLOAD_REQUEST_MAX_BYTES
        if size > self.limit:
            raise BodyTooLargeError(self.limit)


def _headers(scope: Scope) -> dict[str, str]:
    return {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
    }


def _declared(scope: Scope) -> int:
    length = _headers(scope).get("content-length", "")
    return int(length) if length.isdecimal() else 0


def _most_of_visitor(path: str, headers: Mapping[str, str]) -> int:
    """The bytes of a file or a recording that somebody with a visitor's token may add to a
    conversation; 0 for anything else."""
    most = MOST_VOICE_BYTES if _VOICE.fullmatch(path) else 0
    most = most_bytes() if _FILES.fullmatch(path) else most
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not most:
        return 0
    try:
        read_token(token.strip())
    except BadTokenError:
        return 0
    return most


@database_sync_to_async  # type: ignore[untyped-decorator]
def _is_staff(headers: dict[str, str]) -> bool:
    """Whether an API token or an admin session of active staff comes with the request."""
    scheme, _, key = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "token":
        owner = Token.objects.filter(key=key.strip(), user__is_active=True, user__is_staff=True)
        return bool(owner.exists())
    session_key = parse_cookie(headers.get("cookie", "")).get(settings.SESSION_COOKIE_NAME)
    if not session_key:
        return False
    request = HttpRequest()
    request.session = import_string(f"{settings.SESSION_ENGINE}.SessionStore")(session_key)
    user = get_user(request)
    return bool(user.is_active and getattr(user, "is_staff", False))


async def _refuse(scope: Scope, send: Send, limit: int) -> None:
    size = f"{limit // 1024**2} MB" if limit >= 1024**2 else f"{limit // 1024} KB"
    code, text = "body_too_large", f"Send at most {size} at once."
    if scope["path"].startswith("/v1/"):
        error = error_body(413, code, text)
    else:
        error = {"code": code, "detail": text, "fields": {}}
    body = json.dumps(error).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        # The rest of the body is not read, so nothing else can follow on this connection.
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
