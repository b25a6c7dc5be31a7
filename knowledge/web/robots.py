"""robots.txt (RFC 9309): what a site lets be read, how fast, and where its sitemaps are."""

from __future__ import annotations

from collections.abc import Callable

import protego

from knowledge.web.fetching import PRODUCT, Ask, Fetched, FetchError, Limits, origin_of

MOST_BYTES = 500 * 1024  # RFC 9309 asks for at least that; the rest is not read
MOST_DELAY = 60.0  # seconds; a longer Crawl-delay is taken for this one
_SECONDS = 20.0


class Robots:
    """The parsed rules of one site."""

    def __init__(self, text: str) -> None:
        self._rules = protego.Protego.parse(text)

    def allows(self, url: str) -> bool:
        return bool(self._rules.can_fetch(url, PRODUCT))

    def delay(self) -> float:
        """Seconds that the site asks for between two requests; 0 when it asks for none."""
        delay = float(self._rules.crawl_delay(PRODUCT) or 0)
        return min(delay, MOST_DELAY) if delay > 0 else 0.0  # “nan” is a number to some sites

    def sitemaps(self) -> list[str]:
        return list(self._rules.sitemaps)


def read_robots(get: Callable[[Ask], Fetched], url: str) -> str:
    """The text of the robots.txt for an address; empty where the site has none.

    Raises FetchError when the site fails: RFC 9309, section 2.3.1.4, forbids to visit it then.
    """
    limits = Limits(max_bytes=MOST_BYTES, total_seconds=_SECONDS, cut=True)
    try:
        answer = get(Ask(f"{origin_of(url)}/robots.txt", limits))
    except FetchError as error:
        # 4xx: there are no rules. A robots.txt that leads to a private address has none either.
        if error.kind == FetchError.Kind.TEMPORARY:
            raise
        return ""
    return answer.content.decode("utf-8", "replace")
