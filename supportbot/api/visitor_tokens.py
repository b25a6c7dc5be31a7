"""Short-lived tokens that say which visitor a request comes from. Signed, not stored."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.utils import timezone

_ACCESS, _REFRESH = "visitor.access", "visitor.refresh"


class BadTokenError(Exception):
    """The token is missing, changed or expired."""


@dataclass(frozen=True)
class VisitorTokens:
    token: str
    expires_at: dt.datetime
    refresh_token: str


def issue(customer_id: UUID) -> VisitorTokens:
    """A token for requests, and one to renew it with when the visitor comes back."""
    lifetime = dt.timedelta(seconds=settings.VISITOR_TOKEN_SECONDS)
    return VisitorTokens(
        token=_signer(_ACCESS).sign_object(str(customer_id)),
        expires_at=timezone.now() + lifetime,
        refresh_token=_signer(_REFRESH).sign_object(str(customer_id)),
    )


def read_token(token: str) -> UUID:
    """The customer id in an access token. Raises BadTokenError."""
    return _read(token, _ACCESS, settings.VISITOR_TOKEN_SECONDS)


def read_refresh_token(token: str) -> UUID:
    """The customer id in a refresh token. Raises BadTokenError."""
    return _read(token, _REFRESH, settings.VISITOR_REFRESH_SECONDS)


def _signer(salt: str) -> signing.TimestampSigner:
    # A token travels as a WebSocket subprotocol, where Django's usual “:” is not allowed.
    return signing.TimestampSigner(salt=salt, sep="~")


def _read(token: str, salt: str, max_age: int) -> UUID:
    try:
        return UUID(_signer(salt).unsign_object(token, max_age=max_age))
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise BadTokenError from error
