"""The connection test in the admin: what the proxy in front does to sockets, streams and uploads.

The operator's browser asks, because only what it gets tells what customers get. The answers here
are made so that a fault on the way shows.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_GET, require_POST

from tickets.services.customer_files import most_bytes

PIECES = 4
PIECE_SECONDS = 0.5  # apart; what comes at once has been held back
CHUNK = 65_536
MEGABYTE = 1024 * 1024


@require_GET
def page_view(request: HttpRequest) -> HttpResponse:
    """The page, whose script runs the test."""
    largest = most_bytes()
    context = {
        **admin.site.each_context(request),
        "title": "Connection test",
        "pieces": PIECES,
        "largest": largest,
        "megabytes": -(-largest // MEGABYTE),
    }
    return TemplateResponse(request, "widget/admin/self_test.html", context)


@require_GET
def stream_view(request: HttpRequest) -> StreamingHttpResponse:
    """An event stream like that of a conversation: small pieces, one after the other."""
    response = StreamingHttpResponse(_pieces(), content_type="text/event-stream")
    response["Cache-Control"] = "no-cache, no-transform"
    response["X-Accel-Buffering"] = "no"
    return response


async def _pieces() -> AsyncIterator[bytes]:
    yield b": " + b" " * 2048 + b"\n\n"
    for number in range(PIECES):
        await asyncio.sleep(PIECE_SECONDS)
        yield f"data: {number}\n\n".encode()


@require_POST
def body_view(request: HttpRequest) -> JsonResponse:
    """How many bytes came of an upload; none of them is kept."""
    size = 0
    while chunk := request.read(CHUNK):
        size += len(chunk)
    return JsonResponse({"bytes": size})


@require_GET
def headers_view(request: HttpRequest) -> JsonResponse:
    """What is left of the headers that the browser has sent."""
    return JsonResponse(headers_as_seen(request))


def headers_as_seen(request: HttpRequest) -> dict[str, Any]:
    return {
        "host": request.get_host(),
        "scheme": request.scheme,
        "authorization": request.headers.get("Authorization", ""),
        "last_event_id": request.headers.get("Last-Event-ID", ""),
        # Without the setting, all who come through the proxy share one limit.
        "unknown_proxy": not settings.PROXIES and "X-Forwarded-For" in request.headers,
    }
