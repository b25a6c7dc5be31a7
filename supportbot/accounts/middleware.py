"""Notes that a person, not a page by itself, uses a session; ends those that lack a second factor
which a role has come to ask for."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

from supportbot.accounts import two_factor
from supportbot.accounts.second_step import VERIFIED
from supportbot.accounts.sessions import note_use


class SessionUse(MiddlewareMixin):
    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        if not settings.ACCOUNTS.two_factor_roles or not request.session.session_key:
            return None
        user = request.user
        if request.session.get(VERIFIED) or not user.is_authenticated:
            return None
        if not two_factor.is_required(user):
            return None
        logout(request)
        return redirect_to_login(request.get_full_path(), "admin:login")

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
