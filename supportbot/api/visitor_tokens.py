"""Short-lived tokens that say which visitor a request comes from. Signed, not stored."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.utils import timezone

from tickets.models import Customer

_ACCESS, _REFRESH = "visitor.access", "visitor.refresh"
# A token travels as a WebSocket subprotocol, where Django's usual “:” is not allowed.
_SEPARATOR = "~"


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


def was_revoked(token: str, customer: Customer) -> bool:
    """Whether a token that has been read is from before the customer was signed out."""
    if customer.signed_out_at is None:
        return False
    # To the second, as TimestampSigner has it; the second of the sign-out counts as before.
    issued_at = signing.b62_decode(token.rsplit(_SEPARATOR, 2)[1])
    return issued_at <= int(customer.signed_out_at.timestamp())


def _signer(salt: str) -> signing.TimestampSigner:
    return signing.TimestampSigner(salt=salt, sep=_SEPARATOR)


def _read(token: str, salt: str, max_age: int) -> UUID:
    try:
        return UUID(_signer(salt).unsign_object(token, max_age=max_age))
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise BadTokenError from error
