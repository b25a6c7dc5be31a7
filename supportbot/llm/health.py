"""Which model servers are worth asking: circuit breakers, rests and places, shared by all processes
through Redis.

A server that fails three times in a row is left alone for half a minute; then one answer tries it
(the library purgatory counts). One that asks for time with Retry-After gets it. Only so many calls
of a route run at once. Without Redis, each process knows what it has seen itself: losing Redis must
never stop an answer.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import structlog
from django.conf import settings
from purgatory import AsyncCircuitBreakerFactory, AsyncRedisUnitOfWork
from purgatory.domain.model import HALF_OPENED, OPENED, OpenedState
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from supportbot.llm.routes import ModelRoute

log = structlog.get_logger(__name__)
T = TypeVar("T")

FAILURES = 3  # in a row, of all processes together
OPEN_SECONDS = 30.0
LONGEST_REST = 600.0  # seconds that a Retry-After may keep a server out of use
PLACE_SECONDS = 1.0  # how long an answer waits for a place
LOOK_AGAIN = 0.05
REDIS_SECONDS = 0.3
WITHOUT_REDIS = 5.0  # seconds until a Redis that failed is tried again
_FAILED = (RedisError, OSError, TimeoutError)

# KEYS: the places. ARGV: the place, how many there are, seconds. Redis's own clock counts.
_TAKE = """
local now = tonumber(redis.call('TIME')[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
"""


class RestingError(Exception):
    """The server is not asked now. `code` is resting or busy; the text says why."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


@dataclass(frozen=True)
class Admission:
    """A call that may be made. Tell how it went, unless nobody can know, and leave."""

    health: Health
    route: ModelRoute
    breaker: Any
    place: str

    async def note(self, *, failed: bool) -> None:
        await self.health.note(self.breaker, failed=failed)

    async def leave(self) -> None:
        await self.health.leave(self.route, self.place)


class Health:
    """What is known of the servers. One for each event loop, because connections belong to one."""

    def __init__(self, url: str) -> None:
        self._redis: Any = Redis.from_url(
            url,
            socket_timeout=REDIS_SECONDS,
            socket_connect_timeout=REDIS_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        shared = AsyncRedisUnitOfWork(url)
        shared.contexts.redis = self._redis  # type: ignore[attr-defined]  # with our short timeouts
        self._shared = AsyncCircuitBreakerFactory(FAILURES, OPEN_SECONDS, uow=shared)
        self._own = AsyncCircuitBreakerFactory(FAILURES, OPEN_SECONDS)
        self._rests: dict[str, float] = {}  # by server, until when (monotonic)
        self._redis_from = 0.0

    async def admit(self, route: ModelRoute) -> Admission:
        """Raises RestingError if the server rests, or if all its places stay taken."""
        if (seconds := await self._rest_of(route)) > 0:
            raise RestingError("resting", f"it asked to be left alone for {seconds:.0f} s more")
        breaker = await self._breaker(route)
        try:
            await breaker.__aenter__()
        except OpenedState:
            raise RestingError("resting", "it failed several times and is left alone") from None
        return Admission(self, route, breaker, await self._take_place(route))

    async def state(self, route: ModelRoute) -> str:
        """closed (in use), opened (left alone), half-opened (to be tried), or resting."""
        if await self._rest_of(route) > 0:
            return "resting"
        context = (await self._breaker(route)).context
        is_over = time.time() > (context.opened_at or 0) + context.ttl
        return HALF_OPENED if context.state == OPENED and is_over else str(context.state)

    async def note(self, breaker: Any, *, failed: bool) -> None:
        """Count a call of the breaker as failed or as done."""
        error = ConnectionError("failed") if failed else None
        try:
            await breaker.__aexit__(type(error) if error else None, error, None)
        except _FAILED as lost:
            self._without_redis(lost)

    async def note_failure(self, route: ModelRoute) -> None:
        """Count a failure that only the caller can see, such as an answer that came too late."""
        breaker = await self._breaker(route)
        with suppress(OpenedState):
            await breaker.__aenter__()
            await self.note(breaker, failed=True)

    async def rest(self, route: ModelRoute, seconds: float) -> None:
        """Leave the server alone for so long, because it asked for it."""
        seconds = min(seconds, LONGEST_REST)
        self._rests[route.server] = time.monotonic() + seconds
        key = f"llm:rest:{route.server}"
        await self._try(self._redis.set(key, "1", px=max(1, int(seconds * 1000))), None)

    async def leave(self, route: ModelRoute, place: str) -> None:
        if place:
            await self._try(self._redis.zrem(f"llm:places:{route.server}", place), None)

    async def _rest_of(self, route: ModelRoute) -> float:
        own = self._rests.get(route.server, 0.0) - time.monotonic()
        if own > 0:
            return own
        left = await self._try(self._redis.pttl(f"llm:rest:{route.server}"), 0)
        return max(0.0, int(left) / 1000)

    async def _breaker(self, route: ModelRoute) -> Any:
        if time.monotonic() >= self._redis_from:
            try:
                return await self._shared.get_breaker(route.server)
            except _FAILED as error:
                self._without_redis(error)
        return await self._own.get_breaker(route.server)

    async def _take_place(self, route: ModelRoute) -> str:
        if not route.concurrency:
            return ""
        place, key = secrets.token_hex(8), f"llm:places:{route.server}"
        seconds = int(route.timeouts.total) + 5  # a dead process's place runs out by itself
        ends_at = time.monotonic() + PLACE_SECONDS
        while True:
            taking = self._redis.eval(_TAKE, 1, key, place, route.concurrency, seconds)
            if await self._try(taking, 1):
                return place
            if time.monotonic() >= ends_at:
                raise RestingError("busy", f"all its {route.concurrency} places are taken")
            await asyncio.sleep(LOOK_AGAIN)

    async def _try(self, asking: Awaitable[T], otherwise: T) -> T:
        """The answer of Redis, or `otherwise` without it."""
        if time.monotonic() < self._redis_from:
            asking.close()  # type: ignore[attr-defined]  # a coroutine that never ran
            return otherwise
        try:
            return await asking
        except _FAILED as error:
            self._without_redis(error)
            return otherwise

    def _without_redis(self, error: BaseException) -> None:
        log.warning("model_health_not_shared", error=str(error))
        self._redis_from = time.monotonic() + WITHOUT_REDIS


health_by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, Health] = WeakKeyDictionary()


def health() -> Health:
    """What this event loop knows of the servers."""
    loop = asyncio.get_running_loop()
    if loop not in health_by_loop:
        health_by_loop[loop] = Health(settings.REDIS_URL)
    return health_by_loop[loop]
