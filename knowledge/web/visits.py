"""When a site may be visited again: shared by all workers, in Redis, which may forget it.

A site is an origin (scheme, host, port). Losing Redis costs at most one request that comes early.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable

import redis
import structlog
from django.conf import settings

from knowledge.web.fetching import PRODUCT, Fetcher, FetchError, Kind, origin_of
from knowledge.web.robots import Robots, read_robots

log = structlog.get_logger(__name__)

SECONDS_BETWEEN = 1.0  # two requests to one site, unless it asks for more
_ROBOTS_SECONDS = (
    3600  # RFC 9309 allows a day; an editor who had it changed should not wait so long
)


@functools.cache
def _redis(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=2)


def _client() -> redis.Redis:
    return _redis(settings.REDIS_URL)


def seconds_to_wait(url: str) -> float:
    """Take the site's next turn; 0 when it is ours now, else the seconds until one may come."""
    key = _key("turn", url)
    if SECONDS_BETWEEN <= 0 or _client().set(key, 1, nx=True, px=_milliseconds(SECONDS_BETWEEN)):
        return 0.0
    return max(float(str(_client().pttl(key))), 1.0) / 1000


def rest(url: str, seconds: float) -> None:
    """Let nobody visit the site for so long."""
    _client().set(_key("turn", url), 1, px=_milliseconds(seconds))


def _milliseconds(seconds: float) -> int:
    return max(1, int(1000 * seconds))


def robots_of(url: str, fetcher: Fetcher) -> Robots:
    """The rules of the site, fetched at most once an hour. Raises FetchError."""
    key = _key("robots", url)
    kept = _client().get(key)
    if isinstance(kept, bytes):
        return Robots(kept.decode())
    text = read_robots(fetcher.get, url)
    _client().set(key, text.encode(), ex=_ROBOTS_SECONDS)
    return Robots(text)


def forget_robots(urls: Iterable[str]) -> None:
    """Read the rules of these sites anew: an editor may have had them changed."""
    try:
        for key in {_key("robots", url) for url in urls}:
            _client().delete(key)
    except (redis.RedisError, OSError) as error:
        log.warning("robots_not_forgotten", error=str(error))


def check_allowed(url: str, fetcher: Fetcher) -> None:
    """Raises FetchError (EXCLUDED) when the site's robots.txt asks not to read an address."""
    if not robots_of(url, fetcher).allows(url):
        raise FetchError(
            Kind.EXCLUDED,
            "The site's robots.txt asks not to read this page. "
            f"Ask the site's owner to allow “{PRODUCT}”.",
        )


def _key(what: str, url: str) -> str:
    return f"web:{what}:{hashlib.sha256(origin_of(url).encode()).hexdigest()[:32]}"
