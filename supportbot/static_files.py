"""Static files, compressed as they are first asked for. No proxy and no build step is needed.

WhiteNoise sends what lies beside a file as `.gz`; here nothing lies there, so the compressed bytes
are kept in memory, a few hundred files at most.
"""

from __future__ import annotations

import gzip
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile

LEAST_BYTES = 500
LEVEL = 9
_TYPES = ("text/", "application/javascript", "application/json", "image/svg+xml")
# By path: the state of the file that was compressed, and the bytes.
_compressed: dict[str, tuple[str, bytes]] = {}


class CompressedStaticFiles(WhiteNoiseMiddleware):  # type: ignore[misc]  # carries no types
    @staticmethod
    def serve(static_file: StaticFile, request: HttpRequest) -> HttpResponseBase:
        response: Any = WhiteNoiseMiddleware.serve(static_file, request)
        if not _is_worthwhile(response):
            return response  # type: ignore[no-any-return]
        patch_vary_headers(response, ["Accept-Encoding"])
        takes_it = "gzip" in request.headers.get("Accept-Encoding", "")
        if request.method != "GET" or not takes_it or "Range" in request.headers:
            return response  # type: ignore[no-any-return]
        path, state = static_file.alternatives[-1][1], response["ETag"]
        compressed = HttpResponse(_compress(path, state, response))
        for name, value in response.items():
            compressed[name] = value
        compressed["Content-Encoding"] = "gzip"
        compressed["Content-Length"] = str(len(compressed.content))
        return compressed


def _is_worthwhile(response: HttpResponseBase) -> bool:
    large = int(response.get("Content-Length", "0")) >= LEAST_BYTES
    text = response.get("Content-Type", "").startswith(_TYPES)
    return response.status_code == 200 and large and text and "Content-Encoding" not in response  # noqa: PLR2004


def _compress(path: str, state: str, response: Any) -> bytes:
    known = _compressed.get(path)
    if known is None or known[0] != state:
        known = (state, gzip.compress(b"".join(response.streaming_content), LEVEL, mtime=0))
        _compressed[path] = known
    response.close()
    return known[1]
