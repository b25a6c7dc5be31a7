"""One safe GET: public addresses only, every redirect checked, and a limit on everything."""

from __future__ import annotations

import datetime as dt
import email.utils
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from types import TracebackType
from typing import Self

import httpcore2
import httpx2

from knowledge.web.addresses import AddressRefusedError, Resolver, resolve
from knowledge.web.transport import Deadline, GuardedTransport

PRODUCT = "supportbot"
MOST_REDIRECTS = 5
MOST_URL_CHARACTERS = 2000
STEP_SECONDS = 15.0  # to connect, or until something more comes
TOTAL_SECONDS = 60.0
MOST_RETRY_SECONDS = 24 * 3600.0
_LAST_PORT = 65_535
_CHUNK = 65_536


class FetchError(Exception):
    """A page could not be had. `str()` is a sentence for an editor."""

    class Kind(StrEnum):
        TEMPORARY = "temporary"  # the same request may work later
        REFUSED = "refused"  # it will not, until somebody changes something
        GONE = "gone"  # the site says that there is no such page
        EXCLUDED = "excluded"  # the site asks not to read it

    def __init__(
        self, kind: Kind, text: str, *, status: int | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(text)
        self.kind = kind
        self.status = status
        self.retry_after = retry_after  # seconds, where the site names them


Kind = FetchError.Kind


@dataclass(frozen=True)
class Known:
    """What is known from the last time, for a conditional request."""

    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True)
class Fetched:
    """An answer. `url` is where the redirects ended; without content when it is not modified."""

    url: str
    not_modified: bool
    content: bytes
    media_type: str
    charset: str
    etag: str
    last_modified: str
    robots_tag: str


@dataclass(frozen=True)
class Limits:
    """`max_bytes` counts what comes out of decompression; `cut` ends there instead of refusing."""

    max_bytes: int
    total_seconds: float = TOTAL_SECONDS
    step_seconds: float = STEP_SECONDS
    cut: bool = False


def _allow(url: str) -> None:
    """Every redirect may be followed."""


@dataclass(frozen=True)
class Ask:
    """One request. `may_visit` is asked before each hop and raises FetchError to refuse it."""

    url: str
    limits: Limits
    known: Known = field(default_factory=Known)
    may_visit: Callable[[str], None] = _allow


def user_agent(contact: str = "") -> str:
    """Who asks, and where a site's owner finds out more."""
    try:
        name = f"{PRODUCT}/{version(PRODUCT)}"
    except PackageNotFoundError:  # run from a checkout
        name = PRODUCT
    return f"{name} (+{contact})" if contact else name


def check_url(text: str) -> str:
    """An address as it will be fetched, without its fragment. Raises FetchError."""
    try:
        url = httpx2.URL(text.strip())
    except (httpx2.InvalidURL, UnicodeError, ValueError):
        raise FetchError(Kind.REFUSED, f"“{text[:200]}” is not an address.") from None
    if url.scheme not in {"http", "https"} or not url.host:
        raise FetchError(
            Kind.REFUSED, f"“{text[:200]}” does not begin with https:// or http:// and a host."
        )
    if url.port is not None and not 0 < url.port <= _LAST_PORT:
        raise FetchError(Kind.REFUSED, f"“{text[:200]}” has no possible port number.")
    if url.userinfo:
        raise FetchError(
            Kind.REFUSED, "The address has a user name in it. Pages behind a login are not read."
        )
    clean = str(url.copy_with(fragment=None))
    if len(clean) > MOST_URL_CHARACTERS:
        raise FetchError(
            Kind.REFUSED, f"The address is longer than {MOST_URL_CHARACTERS} characters."
        )
    return clean


def host_of(url: str) -> str:
    """The host of a checked address, in lower case."""
    return httpx2.URL(url).host.lower()


def port_of(url: str) -> int:
    """The port of a checked address, also where it goes without saying."""
    parsed = httpx2.URL(url)
    return parsed.port or (443 if parsed.scheme == "https" else 80)


def path_of(url: str) -> str:
    """The path of a checked address; “/” for a site as a whole."""
    return httpx2.URL(url).path


def join(url: str, reference: str) -> str:
    """What a reference on a page means, checked. Raises FetchError."""
    try:
        target = str(httpx2.URL(url).join(reference.strip()))
    except (httpx2.InvalidURL, UnicodeError, ValueError):
        raise FetchError(Kind.REFUSED, f"“{reference[:200]}” is not an address.") from None
    return check_url(target)


def origin_of(url: str) -> str:
    """Scheme, host and port of a checked address: what a robots.txt is for."""
    return str(httpx2.URL(url).copy_with(raw_path=b"/", fragment=None)).rstrip("/")


class Fetcher:
    """Fetches one page after another, over connections that are kept for a moment.

    `allowed_hosts` may have private addresses; `resolver` tells addresses of names.
    """

    def __init__(
        self,
        *,
        allowed_hosts: Collection[str] = (),
        resolver: Resolver = resolve,
        contact: str = "",
    ) -> None:
        self._deadline = Deadline()
        allowed = frozenset(host.lower() for host in allowed_hosts)
        self._client = httpx2.Client(
            transport=GuardedTransport(resolver, allowed, self._deadline),
            trust_env=False,
            follow_redirects=False,
            headers={"User-Agent": user_agent(contact), "Accept": "text/html,*/*;q=0.8"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._client.close()

    def get(self, ask: Ask) -> Fetched:
        """Fetch one page. Raises FetchError."""
        url = check_url(ask.url)
        ends_at = time.monotonic() + ask.limits.total_seconds
        self._client.cookies.clear()  # no page is read with what another one has set
        try:
            for _ in range(MOST_REDIRECTS + 1):
                ask.may_visit(url)
                self._deadline.ends_at = ends_at  # may_visit may have fetched something itself
                answer = self._send(url, ask)
                if isinstance(answer, Fetched):
                    return answer
                url = answer
        except AddressRefusedError as error:
            raise FetchError(
                Kind.REFUSED,
                f"“{error}” leads to a private address, which is not fetched from. If it is a host "
                "of your own, ask the operator to name it in SUPPORTBOT_WEB_ALLOWED_PRIVATE_HOSTS.",
            ) from error
        except (httpcore2.TimeoutException, httpx2.TimeoutException) as error:
            raise FetchError(
                Kind.TEMPORARY, "The site took too long to answer. It is tried again later."
            ) from error
        except (httpcore2.ConnectError, httpx2.ConnectError) as error:
            raise FetchError(
                Kind.TEMPORARY,
                "The site cannot be reached. Check the address; it is tried again later.",
            ) from error
        except _TRANSPORT_ERRORS as error:
            raise FetchError(
                Kind.TEMPORARY, "The site's answer broke off. It is tried again later."
            ) from error
        raise FetchError(
            Kind.REFUSED, f"The page redirects more than {MOST_REDIRECTS} times. Check the address."
        )

    def _send(self, url: str, ask: Ask) -> Fetched | str:
        """One hop: the answer, or the address it redirects to."""
        headers = {}
        if ask.known.etag:
            headers["If-None-Match"] = ask.known.etag
        if ask.known.last_modified:
            headers["If-Modified-Since"] = ask.known.last_modified
        timeout = httpx2.Timeout(ask.limits.step_seconds)
        with self._client.stream("GET", url, headers=headers, timeout=timeout) as response:
            if response.has_redirect_location:
                return join(url, response.headers["location"])
            if response.status_code != httpx2.codes.NOT_MODIFIED or not headers:
                _check_status(response)
            return Fetched(
                url=url,
                not_modified=response.status_code == httpx2.codes.NOT_MODIFIED,
                content=_read(response, ask.limits),
                media_type=response.headers.get("content-type", "")
                .partition(";")[0]
                .lower()
                .strip(),
                charset=response.charset_encoding or "",
                etag=response.headers.get("etag", "")[:500],
                last_modified=response.headers.get("last-modified", "")[:100],
                robots_tag=response.headers.get("x-robots-tag", "")[:500],
            )


_TRANSPORT_ERRORS = (
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpx2.TransportError,
    httpx2.DecodingError,
)


def _check_status(response: httpx2.Response) -> None:
    status = response.status_code
    if status == httpx2.codes.OK:
        return
    if status in {httpx2.codes.NOT_FOUND, httpx2.codes.GONE}:
        raise FetchError(Kind.GONE, "The site says that there is no such page.", status=status)
    if status in _TEMPORARY_STATUS or status >= httpx2.codes.INTERNAL_SERVER_ERROR:
        raise FetchError(
            Kind.TEMPORARY,
            f"The site answers with an error ({status}). It is tried again later.",
            status=status,
            retry_after=_retry_after(response.headers.get("retry-after", "")),
        )
    if status in {httpx2.codes.UNAUTHORIZED, httpx2.codes.FORBIDDEN}:
        text = f"The site does not let the page be read ({status}). Ask its owner to allow it."
    else:
        text = f"The site answers with an error ({status}). Check the address."
    raise FetchError(Kind.REFUSED, text, status=status)


_TEMPORARY_STATUS = frozenset(
    {httpx2.codes.REQUEST_TIMEOUT, httpx2.codes.TOO_EARLY, httpx2.codes.TOO_MANY_REQUESTS}
)


def _retry_after(text: str) -> float | None:
    """RFC 9110, section 10.2.3: seconds, or a date."""
    text = text.strip()
    if text.isascii() and text.isdecimal():
        return min(float(text[:9]), MOST_RETRY_SECONDS)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    seconds = (moment - dt.datetime.now(dt.UTC)).total_seconds()
    return min(max(seconds, 0.0), MOST_RETRY_SECONDS)


def _read(response: httpx2.Response, limits: Limits) -> bytes:
    """The body, decompressed piece by piece (httpx2 inflates 1 MiB at a time), up to the limit."""
    said = response.headers.get("content-length", "")
    if not limits.cut and said.isdecimal() and int(said[:15]) > limits.max_bytes:
        raise _too_large(limits)
    body = bytearray()
    for chunk in response.iter_bytes(_CHUNK):
        body += chunk
        if len(body) > limits.max_bytes:
            if limits.cut:
                return bytes(body[: limits.max_bytes])
            raise _too_large(limits)
    return bytes(body)


def _too_large(limits: Limits) -> FetchError:
    size = limits.max_bytes / 1024 / 1024
    return FetchError(Kind.REFUSED, f"The page is larger than {size:.0f} MB, which is not read.")
