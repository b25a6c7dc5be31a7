"""Notes that a person, not a page by itself, uses a session."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

from supportbot.accounts.sessions import note_use


class SessionUse(MiddlewareMixin):
    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> Any:
        # Of a session that nothing has read, nobody knows yet when it was used last.
        if hasattr(request, "session") and not _is_by_itself(request):
            note_use(request)
        return response


def _is_by_itself(request: HttpRequest) -> bool:
    """Whether a script of a page that lies open asks for news."""
    if request.method != "GET" or request.path.endswith("/open/"):
        return False
    mode: str = request.META.get("HTTP_SEC_FETCH_MODE", "navigate")
    return mode != "navigate"
