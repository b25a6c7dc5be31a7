from __future__ import annotations

import datetime as dt
import gzip
import re
import socket
import ssl
import threading
import time
import tracemalloc
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from knowledge.web import fetching
from knowledge.web.addresses import resolve
from knowledge.web.fetching import Ask, Fetched, Fetcher, FetchError, Kind, Known, Limits, check_url
from tests.knowledge.web.site import Page, Site

SMALL = Limits(max_bytes=100_000, total_seconds=20, step_seconds=10)


def home(host: str, port: int) -> list[str]:
    """All names of these tests are this machine, except one that is a neighbour's."""
    return ["10.1.2.3"] if host == "inner.example" else ["127.0.0.1"]


@pytest.fixture
def fetcher() -> Iterator[Fetcher]:
    with Fetcher(allowed_hosts=["shop.example", "other.example"], resolver=home) as fetcher:
        yield fetcher


def get(fetcher: Fetcher, site: Site, path: str = "/", limits: Limits = SMALL) -> Fetched:
    return fetcher.get(Ask(site.url(path, "shop.example"), limits))


def refused(fetcher: Fetcher, site: Site, path: str = "/", limits: Limits = SMALL) -> FetchError:
    with pytest.raises(FetchError) as caught:
        get(fetcher, site, path, limits)
    return caught.value


def test_a_page_comes_with_what_is_known_about_it(fetcher: Fetcher, site: Site) -> None:
    site.pages["/"] = Page(
        "<p>Grüße</p>",
        headers={"ETag": '"a"', "Last-Modified": "x", "X-Robots-Tag": "nofollow"},
    )
    answer = get(fetcher, site)
    assert answer == Fetched(
        url=site.url("/", "shop.example"),
        not_modified=False,
        content="<p>Grüße</p>".encode(),
        media_type="text/html",
        charset="utf-8",
        etag='"a"',
        last_modified="x",
        robots_tag="nofollow",
    )
    (request,) = site.requests
    assert request.headers["host"] == f"shop.example:{site.port}"
    assert re.fullmatch(r"supportbot(/\d\S*)?", request.headers["user-agent"])


def test_a_site_is_told_whom_to_ask(site: Site) -> None:
    site.pages["/"] = Page("hi")
    contact = "https://shop.example"
    with Fetcher(allowed_hosts=["shop.example"], resolver=home, contact=contact) as fetcher:
        get(fetcher, site)
    assert site.requests[0].headers["user-agent"].endswith("(+https://shop.example)")


def test_a_page_that_has_not_changed_is_not_sent_again(fetcher: Fetcher, site: Site) -> None:
    site.pages["/"] = Page("hi", headers={"ETag": '"a"'})
    url = site.url("/", "shop.example")
    assert fetcher.get(Ask(url, SMALL, Known(etag='"a"'))).not_modified
    assert not fetcher.get(Ask(url, SMALL, Known(etag='"old"'))).not_modified
    site.pages["/"] = Page("hi", headers={"Last-Modified": "Sat, 21 Nov 2026 10:00:00 GMT"})
    known = Known(last_modified="Sat, 21 Nov 2026 10:00:00 GMT")
    assert fetcher.get(Ask(url, SMALL, known)).not_modified


def test_not_modified_without_having_asked_is_an_error(fetcher: Fetcher, site: Site) -> None:
    site.pages["/"] = Page("", 304)
    assert refused(fetcher, site).kind == Kind.REFUSED


# -- Where it may go -----------------------------------------------------------------------------
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"])
def test_this_machine_is_refused_by_number_and_by_name(site: Site, host: str) -> None:
    site.pages["/"] = Page("secret")
    with Fetcher() as fetcher, pytest.raises(FetchError) as caught:
        fetcher.get(Ask(site.url("/", host), SMALL))
    assert caught.value.kind == Kind.REFUSED
    assert "SUPPORTBOT_WEB_ALLOWED_PRIVATE_HOSTS" in str(caught.value)
    assert site.requests == []


def test_a_name_that_leads_to_a_private_address_is_refused(fetcher: Fetcher, site: Site) -> None:
    with pytest.raises(FetchError) as caught:
        fetcher.get(Ask(site.url("/", "inner.example"), SMALL))
    assert caught.value.kind == Kind.REFUSED
    assert "inner.example" in str(caught.value)


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:{port}/secret",
        "http://localhost:{port}/secret",
        "http://inner.example:{port}/secret",
        "//127.0.0.1:{port}/secret",
        "http://[::ffff:7f00:1]:{port}/secret",
        "http://2130706433:{port}/secret",
        "http://169.254.169.254/latest/meta-data/",
    ],
)
def test_a_redirect_to_a_private_address_is_refused(site: Site, target: str) -> None:
    site.pages["/"] = Page("", 302, headers={"Location": target.format(port=site.port)})
    site.pages["/secret"] = Page("secret")

    def resolver(host: str, port: int) -> list[str]:
        found = resolve(host, port) if host not in _TOLD else _TOLD[host]
        return list(found)

    with Fetcher(allowed_hosts=["shop.example"], resolver=resolver) as fetcher:
        assert refused(fetcher, site).kind == Kind.REFUSED
    assert site.asked("/secret") == []


_TOLD = {"shop.example": ["127.0.0.1"], "inner.example": ["10.1.2.3"]}


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://shop.example/", "http://a:b@c/"])
def test_a_redirect_to_anything_but_a_page_is_refused(
    fetcher: Fetcher, site: Site, target: str
) -> None:
    site.pages["/"] = Page("", 301, headers={"Location": target})
    assert refused(fetcher, site).kind == Kind.REFUSED


def test_a_name_is_resolved_once_and_connected_to_as_checked(site: Site) -> None:
    """A name server that answers with another address a moment later changes nothing."""
    answers = iter([["127.0.0.1"], ["10.1.2.3"], ["10.1.2.3"]])
    site.pages["/"] = Page("hi")
    with Fetcher(allowed_hosts=["shop.example"], resolver=lambda h, p: next(answers)) as fetcher:
        assert get(fetcher, site).content == b"hi"
    assert next(answers) == ["10.1.2.3"]  # the second answer was never asked for


def test_the_second_address_is_tried_when_the_first_does_not_answer(site: Site) -> None:
    with socket.socket() as unused:  # bound and not listening: it refuses connections
        unused.bind(("127.0.0.2", site.port))
        site.pages["/"] = Page("hi")
        addresses = ["127.0.0.2", "127.0.0.1"]
        with Fetcher(allowed_hosts=["shop.example"], resolver=lambda h, p: addresses) as fetcher:
            assert get(fetcher, site).content == b"hi"


def test_redirects_are_followed_and_asked_about(fetcher: Fetcher, site: Site) -> None:
    site.pages["/"] = Page("", 301, headers={"Location": "/b?x=1#part"})
    site.pages["/b?x=1"] = Page("", 307, headers={"Location": site.url("/c", "other.example")})
    site.pages["/c"] = Page("there")
    asked: list[str] = []
    answer = fetcher.get(Ask(site.url("/", "shop.example"), SMALL, may_visit=asked.append))
    assert answer.content == b"there"
    assert answer.url == site.url("/c", "other.example")
    assert asked == [
        site.url("/", "shop.example"),
        site.url("/b?x=1", "shop.example"),
        site.url("/c", "other.example"),
    ]


def test_a_redirect_that_may_not_be_visited_is_not(fetcher: Fetcher, site: Site) -> None:
    site.pages["/"] = Page("", 302, headers={"Location": "/private"})

    def may_visit(url: str) -> None:
        if url.endswith("/private"):
            raise FetchError(Kind.EXCLUDED, "no")

    with pytest.raises(FetchError, match="no"):
        fetcher.get(Ask(site.url("/", "shop.example"), SMALL, may_visit=may_visit))
    assert site.asked("/private") == []


def test_a_redirect_loop_ends(fetcher: Fetcher, site: Site) -> None:
    site.pages["/"] = Page("", 302, headers={"Location": "/"})
    error = refused(fetcher, site)
    assert error.kind == Kind.REFUSED
    assert "redirects" in str(error)
    assert len(site.requests) == fetching.MOST_REDIRECTS + 1


@pytest.mark.parametrize(
    "url",
    [
        "",
        "shop.example/help",
        "/help",
        "ftp://shop.example/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://",
        "https://user:pass@shop.example/",
        "https://shop.example/" + "x" * 2000,
        "https://shop.example:99999/",
        "http://[::1",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(FetchError) as caught:
        check_url(url)
    assert caught.value.kind == Kind.REFUSED


def test_an_address_is_taken_without_its_fragment_and_with_its_letters() -> None:
    assert check_url(" https://Shop.Example/größe?q=a b#top ") == (
        "https://shop.example/gr%C3%B6%C3%9Fe?q=a%20b"
    )
    assert check_url("https://bücher.example/") == "https://xn--bcher-kva.example/"


@pytest.mark.parametrize(("name", "works"), [("shop.example", True), ("other.example", False)])
def test_the_certificate_must_be_that_of_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, works: bool
) -> None:
    """The connection goes to a number, and TLS is still with the name."""
    files = write_certificate(tmp_path, name)
    monkeypatch.setenv("SSL_CERT_FILE", str(files[0]))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    site = Site(context)
    site.pages["/"] = Page("hi")
    try:
        with Fetcher(allowed_hosts=["shop.example"], resolver=home) as fetcher:
            if works:
                assert get(fetcher, site).content == b"hi"
            else:
                assert refused(fetcher, site).kind == Kind.TEMPORARY
    finally:
        site.stop()


def write_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate for a name, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths


# -- What it may cost ----------------------------------------------------------------------------
def test_a_giant_page_is_refused_by_what_it_says(fetcher: Fetcher, site: Site) -> None:
    def giant(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(10**12))
        handler.end_headers()

    site.pages["/"] = Page(raw=giant)
    error = refused(fetcher, site)
    assert (error.kind, "larger than" in str(error)) == (Kind.REFUSED, True)


def test_an_endless_page_is_cut_off(fetcher: Fetcher, site: Site) -> None:
    sent = 0
    ended = threading.Event()

    def endless(handler: BaseHTTPRequestHandler) -> None:
        nonlocal sent
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        try:
            while sent < 500_000_000:
                handler.wfile.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
                sent += 0x10000
        except OSError:
            handler.close_connection = True
        ended.set()

    site.pages["/"] = Page(raw=endless)
    assert refused(fetcher, site).kind == Kind.REFUSED
    assert ended.wait(20)
    assert sent < 500_000_000


def bomb(size: int) -> bytes:
    deflate = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    zeros = b"\0" * 1_000_000
    return b"".join(deflate.compress(zeros) for _ in range(size // 1_000_000)) + deflate.flush()


@pytest.mark.parametrize("times", [1, 2])
def test_a_bomb_is_not_unpacked(fetcher: Fetcher, site: Site, times: int) -> None:
    body = bomb(300_000_000)
    for _ in range(times - 1):
        body = gzip.compress(body)
    encoding = ", ".join(["gzip"] * times)
    site.pages["/"] = Page(body, headers={"Content-Encoding": encoding})
    tracemalloc.start()
    try:
        error = refused(fetcher, site, limits=Limits(1_000_000))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "larger than" in str(error)
    assert peak < 30_000_000


def test_more_packing_than_any_site_needs_is_refused(fetcher: Fetcher, site: Site) -> None:
    body = b"hi"
    for _ in range(8):
        body = gzip.compress(body)
    site.pages["/"] = Page(body, headers={"Content-Encoding": ", ".join(["gzip"] * 8)})
    assert refused(fetcher, site).kind == Kind.TEMPORARY


def test_a_packed_page_is_unpacked(fetcher: Fetcher, site: Site) -> None:
    site.pages["/"] = Page(gzip.compress(b"hi"), headers={"Content-Encoding": "gzip"})
    assert get(fetcher, site).content == b"hi"


def test_the_beginning_is_enough_where_that_is_asked_for(fetcher: Fetcher, site: Site) -> None:
    site.pages["/"] = Page("x" * 5000)
    assert get(fetcher, site, limits=Limits(1000, cut=True)).content == b"x" * 1000


def trickle(handler: BaseHTTPRequestHandler, text: bytes) -> None:
    try:
        for byte in text:
            handler.wfile.write(bytes([byte]))
            handler.wfile.flush()
            time.sleep(0.05)
    except OSError:
        handler.close_connection = True


@pytest.mark.parametrize(
    "text",
    [
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX-Slow: " + b"a" * 2000,
        b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + b"a" * 2000,
    ],
    ids=["in the headers", "in the body"],
)
def test_a_trickle_of_bytes_ends_with_the_total_time(
    fetcher: Fetcher, site: Site, text: bytes
) -> None:
    """Each byte comes well within the time for one step, so only the total can end it; left alone,
    the answer would take more than a minute and a half."""
    site.pages["/"] = Page(raw=lambda handler: trickle(handler, text))
    began = time.monotonic()
    error = refused(fetcher, site, limits=Limits(100_000, total_seconds=1, step_seconds=5))
    assert error.kind == Kind.TEMPORARY
    assert time.monotonic() - began < 0.05 * len(text) / 2


def test_silence_ends_with_the_time_for_one_step(fetcher: Fetcher, site: Site) -> None:
    released = threading.Event()
    site.pages["/"] = Page(raw=lambda handler: _ignore(released.wait(30)))
    error = refused(fetcher, site, limits=Limits(1000, total_seconds=60, step_seconds=0.3))
    released.set()
    assert error.kind == Kind.TEMPORARY


def _ignore(value: object) -> None:
    """Handlers return nothing."""


def test_a_site_that_is_down_is_temporary(site: Site, fetcher: Fetcher) -> None:
    url = site.url("/", "shop.example")
    site.stop()
    with pytest.raises(FetchError) as caught:
        fetcher.get(Ask(url, SMALL))
    assert caught.value.kind == Kind.TEMPORARY


def test_a_name_that_is_not_found_is_temporary(site: Site) -> None:
    def resolver(host: str, port: int) -> list[str]:
        raise socket.gaierror("no such name")

    with Fetcher(resolver=resolver) as fetcher:
        assert refused(fetcher, site).kind == Kind.TEMPORARY


def test_a_broken_answer_is_temporary(fetcher: Fetcher, site: Site) -> None:
    def broken(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"nonsense\r\n\r\n")
        handler.close_connection = True

    site.pages["/"] = Page(raw=broken)
    assert refused(fetcher, site).kind == Kind.TEMPORARY


# -- What a status means -------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (204, Kind.REFUSED),
        (400, Kind.REFUSED),
        (401, Kind.REFUSED),
        (403, Kind.REFUSED),
        (404, Kind.GONE),
        (408, Kind.TEMPORARY),
        (410, Kind.GONE),
        (429, Kind.TEMPORARY),
        (500, Kind.TEMPORARY),
        (503, Kind.TEMPORARY),
    ],
)
def test_a_status_is_told_apart(fetcher: Fetcher, site: Site, status: int, kind: Kind) -> None:
    site.pages["/"] = Page("", status)
    error = refused(fetcher, site)
    assert (error.kind, error.status) == (kind, status)


def test_a_site_says_when_to_come_back(fetcher: Fetcher, site: Site) -> None:
    def said(value: str) -> float | None:
        site.pages["/"] = Page("", 503, headers={"Retry-After": value})
        return refused(fetcher, site).retry_after

    assert said("120") == 120
    assert said("99999999999999999999") == fetching.MOST_RETRY_SECONDS
    assert said("soon") is None
    assert said("-5") is None
    later = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=600)
    seconds = said(later.strftime("%a, %d %b %Y %H:%M:%S GMT"))
    assert seconds is not None
    assert 500 < seconds <= 600
    assert said("Sat, 01 Jan 2000 00:00:00 GMT") == 0


def test_no_page_is_read_with_the_cookie_of_another(fetcher: Fetcher, site: Site) -> None:
    site.pages["/a"] = Page("a", headers={"Set-Cookie": "who=a"})
    site.pages["/b"] = Page("b")
    get(fetcher, site, "/a")
    get(fetcher, site, "/b")
    assert "cookie" not in site.requests[1].headers
