"""Rate limits, counted in Redis by the library `limits`. Without Redis they let requests pass:
a limit is there to protect the product, and refusing every customer does not."""

from __future__ import annotations

import functools
import ipaddress
import math
import time
from typing import TYPE_CHECKING

import structlog
from django.conf import settings
from limits import RateLimitItem, parse
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter
from redis.exceptions import RedisError
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from supportbot.api.proof_of_work import (
    ALWAYS,
    OFF,
    ProofNeededError,
    check_proof,
    new_challenge,
)
from supportbot.widget.origins import is_site_origin
from tickets.models import Customer

if TYPE_CHECKING:  # DRF's views import this module
    from rest_framework.views import APIView

log = structlog.get_logger(__name__)

IPV6 = 6


@functools.cache
def _limiter() -> MovingWindowRateLimiter:
    url = settings.REDIS_URL.replace("unix://", "redis+unix://")
    return MovingWindowRateLimiter(RedisStorage(url, wrap_exceptions=False))


@functools.cache
def _rule(rate: str) -> RateLimitItem:
    return parse(rate)


def seconds_to_wait(scope: str, who: str) -> int:
    """Count one request of `who`; 0 when it is allowed, else the seconds until the next one is."""
    rule = _rule(settings.RATE_LIMITS[scope])
    try:
        if _limiter().hit(rule, scope, who):
            return 0
        resets_at = _limiter().get_window_stats(rule, scope, who).reset_time
    except (RedisError, OSError) as error:
        log.warning("limit_not_counted", scope=scope, error=str(error))
        return 0
    return max(1, math.ceil(resets_at - time.time()))


def check_visitor(request: Request, known: Customer | None, proof: str = "") -> None:
    """Count a request for a token. Raises Throttled, ProofNeededError or ProofRefusedError.

    New visitors are counted by address, and who comes back by themselves: an office of hundreds has
    one address.
    """
    scope, who = ("visitors", _network(request)) if known is None else ("renewals", str(known.pk))
    if known is None:
        _check_work(request, who, proof)
    if wait := seconds_to_wait(scope, who):
        raise Throttled(wait)


def _check_work(request: Request, network: str, proof: str) -> None:
    """Without a proof of work only so many new visitors of a network, and of a site, are let in."""
    if settings.PROOF_OF_WORK == OFF:
        return
    if proof:
        check_proof(request, proof)
        return
    if (
        settings.PROOF_OF_WORK == ALWAYS
        or seconds_to_wait("unproven", network)
        or seconds_to_wait("unproven_site", _site(request))
    ):
        raise ProofNeededError(new_challenge(request))


def _network(request: Request) -> str:
    """The client's address; of IPv6 the part that one customer of a provider has."""
    address = str(BaseThrottle().get_ident(request))
    try:
        if ipaddress.ip_address(address).version == IPV6:
            return str(ipaddress.ip_network(f"{address}/64", strict=False))
    except ValueError:
        log.warning("no_address", address=address)
    return address


def _site(request: Request) -> str:
    """The origin of a page that has the widget; all others, which a program makes up, are one."""
    origin = str(request.headers.get("Origin", ""))
    return origin if origin in settings.WIDGET_ORIGINS or is_site_origin(origin) else ""


class _Limit(BaseThrottle):
    scope = ""
    _wait = 0

    def who(self, request: Request) -> str:
        return str(self.get_ident(request))

    def allow_request(self, request: Request, view: APIView) -> bool:
        self._wait = seconds_to_wait(self.scope, self.who(request))
        return self._wait == 0

    def wait(self) -> float:
        return self._wait


class MessagesLimit(_Limit):
    """What one visitor sends; the WebSocket counts into the same window."""

    scope = "messages"

    def who(self, request: Request) -> str:
        return str(request.user.pk)


class FramesLimit(MessagesLimit):
    """All that one visitor sends, of whatever kind; the WebSocket counts into the same window."""

    scope = "frames"


class VoiceLimit(MessagesLimit):
    """Recordings of one visitor: each costs a call of a model."""

    scope = "voice"


class NetworkLimit(_Limit):
    """What comes from one address, where a new visitor costs nothing."""

    def who(self, request: Request) -> str:
        return _network(request)


class VoiceNetworkLimit(NetworkLimit):
    scope = "voice_network"


class TranscriptLimit(MessagesLimit):
    """E-mails that one visitor asks for."""

    scope = "transcripts"


class TranscriptNetworkLimit(NetworkLimit):
    scope = "transcripts_network"


def check_recipient(address: str) -> None:
    """Count an e-mail to an address that anybody may name. Raises Throttled."""
    if wait := seconds_to_wait("transcripts_address", address.lower()):
        raise Throttled(wait)


class StaffLimit(_Limit):
    scope = "staff"

    def who(self, request: Request) -> str:
        return str(request.user.pk or self.get_ident(request))
