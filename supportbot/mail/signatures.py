"""Who may hand e-mail in by webhook: a program that knows the secret.

Headers: `X-Supportbot-Timestamp`, seconds since 1970; `X-Supportbot-Content-SHA256`, the body's
SHA-256 in hexadecimal; `X-Supportbot-Signature`, `v1=` and the HMAC-SHA256 over
`TIMESTAMP.SHA256` in hexadecimal. So the headers alone tell whether a large body may come.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping

from django.conf import settings
from django.utils.crypto import constant_time_compare

PATH = "/api/v1/mail/incoming/"
TOLERANCE_SECONDS = 300


def sign(body: bytes, secret: str, timestamp: int | None = None) -> dict[str, str]:
    """The headers that go with a body."""
    said = str(int(time.time()) if timestamp is None else timestamp)
    digest = hashlib.sha256(body).hexdigest()
    return {
        "x-supportbot-timestamp": said,
        "x-supportbot-content-sha256": digest,
        "x-supportbot-signature": f"v1={_mac(said, digest, secret)}",
    }


def is_signed(path: str, headers: Mapping[str, str]) -> bool:
    """Whether a request to the webhook has headers (names in lower case) that are signed, and not
    long ago."""
    secret = settings.MAIL.webhook_secret
    timestamp = headers.get("x-supportbot-timestamp", "")
    if path != PATH or not secret or not timestamp.isdecimal() or len(timestamp) > 12:  # noqa: PLR2004
        return False
    if abs(time.time() - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    digest = headers.get("x-supportbot-content-sha256", "")
    expected = f"v1={_mac(timestamp, digest, secret)}"
    return constant_time_compare(headers.get("x-supportbot-signature", ""), expected)


def is_body_of(body: bytes, headers: Mapping[str, str]) -> bool:
    digest = headers.get("x-supportbot-content-sha256", "")
    return constant_time_compare(hashlib.sha256(body).hexdigest(), digest.lower())


def _mac(timestamp: str, digest: str, secret: str) -> str:
    return hmac.new(secret.encode(), f"{timestamp}.{digest}".encode(), hashlib.sha256).hexdigest()
