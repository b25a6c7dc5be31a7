"""Sessions in PostgreSQL that end: so long after the log-in, and so long after the last use.

Both limits hold wherever a session is read: pages, the API, the desk's socket.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from supportbot.accounts.models import StaffSession
from tickets.services import audit

_BEGAN, _ADDRESS, _BROWSER = "began_at", "address", "browser"
_BROWSER_CHARACTERS = 200
NOTED_SECONDS = 60


class SessionStore(DatabaseStore):
    seen_at: dt.datetime | None = None

    @classmethod
    def get_model_class(cls) -> Any:
        return StaffSession

    def _get_session_from_db(self) -> Any:
        return self._unless_over(super()._get_session_from_db())  # type: ignore[misc]

    async def _aget_session_from_db(self) -> Any:
        return self._unless_over(await super()._aget_session_from_db())  # type: ignore[misc]

    def _unless_over(self, found: StaffSession | None) -> StaffSession | None:
        if found is None or found.user_id is None:
            return found
        if _is_over(found, timezone.now()):
            self._session_key = None
            return None
        self.seen_at = found.seen_at
        return found

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        return self._described(super().create_model_instance(data), data)

    async def acreate_model_instance(self, data: dict[str, Any]) -> Any:
        return self._described(await super().acreate_model_instance(data), data)

    def _described(self, made: Any, data: dict[str, Any]) -> Any:
        if SESSION_KEY in data:
            made.user_id = int(data[SESSION_KEY])
            if began := data.get(_BEGAN):
                made.began_at = dt.datetime.fromisoformat(began)
            made.address, made.browser = data.get(_ADDRESS, ""), data.get(_BROWSER, "")
        return made


def _is_over(session: StaffSession, now: dt.datetime) -> bool:
    idle: dt.timedelta = settings.ACCOUNTS.idle
    age = dt.timedelta(seconds=settings.SESSION_COOKIE_AGE)
    return now - session.began_at > age or bool(idle and now - session.seen_at > idle)


def describe(request: HttpRequest, address: str) -> None:
    """Note when, from where and with what the session's user logged in."""
    request.session[_BEGAN] = timezone.now().isoformat()
    request.session[_ADDRESS] = address[:64]
    request.session[_BROWSER] = request.META.get("HTTP_USER_AGENT", "")[:_BROWSER_CHARACTERS]


def note_use(request: HttpRequest) -> None:
    """Begin the idle time anew. Written once a minute at most."""
    seen, now = getattr(request.session, "seen_at", None), timezone.now()
    if seen is not None and (now - seen).total_seconds() > NOTED_SECONDS:
        key = request.session.session_key
        StaffSession.objects.filter(session_key=key).update(seen_at=now)


def sessions_of(user: User) -> QuerySet[StaffSession]:
    """Those that still hold, the last used first."""
    now = timezone.now()
    found = StaffSession.objects.filter(user=user, expire_date__gt=now).order_by("-seen_at")
    over = [one.pk for one in found if _is_over(one, now)]
    return found.exclude(pk__in=over)


def end_sessions(*, user: User, actor: User, kept: str | None = None) -> int:
    """Sign the user out everywhere, but for the session `kept`. How many were ended."""
    ended = sessions_of(user).exclude(pk=kept or "")
    count = ended.count()
    StaffSession.objects.filter(user=user).exclude(pk=kept or "").delete()
    audit.record(action="account.signed_out_everywhere", target=user, actor=actor, sessions=count)
    return count
