"""A real web site on this machine, whose pages a test writes and changes."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast


@dataclass
class Page:
    """One answer. `raw` writes it by hand instead, for answers that no server should give."""

    body: str | bytes = ""
    status: int = 200
    media_type: str = "text/html; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    raw: Callable[[BaseHTTPRequestHandler], None] | None = None


@dataclass(frozen=True)
class Request:
    path: str
    headers: dict[str, str]


class Site:
    """`pages` may be changed at any time; what is not there is a 404."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.scheme = "https" if tls else "http"
        self.pages: dict[str, Page] = {}
        self.requests: list[Request] = []
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.site = self  # type: ignore[attr-defined]
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def url(self, path: str = "/", host: str = "localhost") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    def asked(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path == path]

    def write(
        self, path: str, text: str, *, head: str = "", headers: dict[str, str] | None = None
    ) -> None:
        """A small page with a heading of its own and navigation around it."""
        self.pages[path] = Page(
            f"<html lang='en'><head><title>Shop</title>{head}</head><body>"
            f"<nav><a href='/'>All products</a></nav><main>{text}</main>"
            "<footer>Imprint</footer></body></html>",
            headers=headers or {},
        )

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        site = cast(Site, self.server.site)  # type: ignore[attr-defined]
        site.requests.append(Request(self.path, {k.lower(): v for k, v in self.headers.items()}))
        page = site.pages.get(self.path, Page("nothing here", 404))
        if page.raw is not None:
            page.raw(self)
            return
        body = page.body.encode() if isinstance(page.body, str) else page.body
        status = page.status
        etag = page.headers.get("ETag")
        if status == 200 and etag and self.headers.get("If-None-Match") == etag:
            status, body = 304, b""
        modified = page.headers.get("Last-Modified")
        if status == 200 and modified and self.headers.get("If-Modified-Since") == modified:
            status, body = 304, b""
        self.send_response(status)
        self.send_header("Content-Type", page.media_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in page.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""
