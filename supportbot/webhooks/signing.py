"""Signatures as Standard Webhooks describes them (standardwebhooks.com), so that its libraries, in
every language, check ours: HMAC-SHA256 over `ID.TIMESTAMP.BODY`, in base64, after `v1,`."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os

from django.conf import settings
from django.utils.crypto import salted_hmac

from supportbot.webhooks.models import WebhookEndpoint

PREFIX = "whsec_"


class NoSecretError(Exception):
    """`str()` names the environment variable that is not set."""


def secret_of(endpoint: WebhookEndpoint) -> str:
    """The endpoint's secret, `whsec_…`: out of the environment, or made of the installation's key,
    so that the database alone gives nobody a secret. Raises NoSecretError."""
    if endpoint.secret_variable:
        found = os.environ.get(endpoint.secret_variable, "")
        if not found:
            raise NoSecretError(f"The variable {endpoint.secret_variable} is not set.")
        return found
    made = salted_hmac(
        "supportbot.webhooks", endpoint.secret_salt.bytes, settings.SECRET_KEY, algorithm="sha256"
    )
    return PREFIX + base64.b64encode(made.digest()).decode()


def sign(*, secret: str, id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers that prove who sent the body, and when."""
    key = base64.b64decode(secret.removeprefix(PREFIX)) if secret.startswith(PREFIX) else b""
    signed = hmac.new(key or secret.encode(), f"{id}.{timestamp}.".encode() + body, hashlib.sha256)
    return {
        "webhook-id": id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{base64.b64encode(signed.digest()).decode()}",
    }
