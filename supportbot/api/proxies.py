"""Whether a proxy stands in front that the settings do not know of.

Without SUPPORTBOT_PROXIES, everybody behind a proxy has the proxy's own address, and shares one
limit. What was seen is kept in the data folder, where `manage.py check` finds it.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import time
from pathlib import Path

import structlog
from django.conf import settings

from supportbot.api.bodies import Application, Receive, Scope, Send

log = structlog.get_logger(__name__)

_HEADERS = {b"x-forwarded-for", b"forwarded", b"x-real-ip"}
_NOTED_SECONDS = 3600.0
_KEPT = dt.timedelta(days=7)  # a proxy that has been taken away is forgotten
_noted_at: dict[Path, float] = {}


def notice_proxies(application: Application) -> Application:
    """The application; requests that came through a proxy are noted while none is configured."""

    async def noticing(scope: Scope, receive: Receive, send: Send) -> None:
        if not settings.PROXIES and _is_forwarded(scope):
            _note()
        await application(scope, receive, send)

    return noticing


def unknown_proxy_seen() -> bool:
    """Whether a request came through a proxy lately."""
    try:
        seen = dt.datetime.fromtimestamp(_file().stat().st_mtime, dt.UTC)
    except OSError:
        return False
    return dt.datetime.now(dt.UTC) - seen < _KEPT


def _is_forwarded(scope: Scope) -> bool:
    """A proxy's header, from an address such as proxies have: visitors can write headers too."""
    if not any(name.lower() in _HEADERS for name, _ in scope["headers"]):
        return False
    try:
        return not ipaddress.ip_address((scope.get("client") or ("",))[0]).is_global
    except ValueError:
        return False


def _note() -> None:
    path, now = _file(), time.monotonic()
    if now - _noted_at.get(path, -_NOTED_SECONDS) < _NOTED_SECONDS:
        return
    _noted_at[path] = now
    log.warning("unknown_proxy", hint="Set SUPPORTBOT_PROXIES to the number of proxies in front.")
    try:
        path.touch()
    except OSError as error:
        log.warning("unknown_proxy_not_kept", error=str(error))


def _file() -> Path:
    return Path(settings.DATA_DIR) / "unknown_proxy_seen"
