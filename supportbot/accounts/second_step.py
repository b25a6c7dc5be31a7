"""Between the password and the session: who is asked for a code has no session yet."""

from __future__ import annotations

import time
from dataclasses import dataclass

from django.contrib.auth import login
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare
from django.utils.http import url_has_allowed_host_and_scheme

_KEY = "second_step"
VERIFIED = "two_factor"
_SECONDS = 600


@dataclass(frozen=True)
class SecondStep:
    """Whose password was right, by which backend, and where they want to go."""

    user: User
    backend: str
    then: str


def ask_for_second(request: HttpRequest, user: User, then: str) -> None:
    request.session.cycle_key()
    request.session[_KEY] = {
        "user": user.pk,
        "backend": user.backend,  # authenticate() set it
        "then": then,
        "at": time.time(),
        "hash": user.get_session_auth_hash(),
    }


def pending(request: HttpRequest) -> SecondStep | None:
    """Who is to give a code; nobody after ten minutes or a new password."""
    kept = request.session.get(_KEY)
    if not kept or time.time() - kept["at"] > _SECONDS:
        return None
    user = User.objects.filter(pk=kept["user"], is_active=True).first()
    if user is None or not constant_time_compare(kept["hash"], user.get_session_auth_hash()):
        return None
    return SecondStep(user, kept["backend"], kept["then"])


def finish(request: HttpRequest, step: SecondStep, *, verified: bool = True) -> str:
    """Log in; `verified`: with two factors. The address to go on to."""
    request.session.pop(_KEY, None)
    login(request, step.user, backend=step.backend)
    if verified:
        request.session[VERIFIED] = True
    safe = url_has_allowed_host_and_scheme(
        step.then, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return step.then if safe else ""
