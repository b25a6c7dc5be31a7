"""Which pages may talk to the server: those of SUPPORTBOT_WIDGET_ORIGINS and of the sites online.

django-cors-headers asks by a signal, in the middle of an asynchronous request, where no query may
be made; so a middleware before it makes the query and leaves the answer on the request.
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from asgiref.sync import iscoroutinefunction, sync_to_async
from corsheaders.signals import check_request_enabled
from django.apps import apps
from django.conf import settings
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

# What a site's widget is told is no secret, and one that is offline must hear that it is.
OPEN_TO_ALL = "/api/v1/sites/"

KNOWN_SECONDS = 5.0

Handler = Callable[[HttpRequest], Any]


def origin_of(text: str) -> str | None:
    """The origin as browsers send it, or None where the text is none."""
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        return None
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        return None
    usual = {"http": 80, "https": 443}[parts.scheme]
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + ("" if port in {None, usual} else f":{port}")


_known: tuple[float, frozenset[str]] | None = None  # until when, and the origins of all sites


def is_site_origin(origin: str) -> bool:
    """Whether a site that is online names this origin: asked at each request of a foreign page. A
    change counts at once in the process that made it, and within KNOWN_SECONDS in the others."""
    global _known  # noqa: PLW0603
    if not origin:
        return False
    known = _known
    if known is None or known[0] < time.monotonic():
        sites = apps.get_model("widget", "Site").objects.filter(is_online=True)
        found = frozenset(
            one for origins in sites.values_list("origins", flat=True) for one in origins
        )
        known = _known = (time.monotonic() + KNOWN_SECONDS, found)
    return origin in known[1]


def forget_origins(**_: Any) -> None:
    """Ask the database anew: a site has changed."""
    global _known  # noqa: PLW0603
    _known = None


for _signal in (post_save, post_delete):
    _signal.connect(forget_origins, sender="widget.Site", dispatch_uid="widget_origins")


def _asks(request: HttpRequest) -> bool:
    origin = request.headers.get("origin", "")
    if not origin or origin in settings.WIDGET_ORIGINS:
        return False
    return re.match(settings.CORS_URLS_REGEX, request.path_info) is not None


@sync_and_async_middleware
def site_origins(get_response: Handler) -> Handler:
    if iscoroutinefunction(get_response):

        async def answer_async(request: HttpRequest) -> HttpResponseBase:
            if _asks(request):
                find = sync_to_async(is_site_origin)
                request.is_of_site = await find(request.headers["origin"])  # type: ignore[attr-defined]
            answering: Awaitable[HttpResponseBase] = get_response(request)
            return await answering

        return answer_async

    def answer(request: HttpRequest) -> HttpResponseBase:
        if _asks(request):
            request.is_of_site = is_site_origin(request.headers["origin"])  # type: ignore[attr-defined]
        response: HttpResponseBase = get_response(request)
        return response

    return answer


@receiver(check_request_enabled, dispatch_uid="widget_sites")
def allow_sites(sender: object, request: HttpRequest, **kwargs: Any) -> bool:
    return request.path_info.startswith(OPEN_TO_ALL) or getattr(request, "is_of_site", False)
