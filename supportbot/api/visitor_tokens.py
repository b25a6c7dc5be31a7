"""Short-lived tokens that say which visitor a request comes from. Signed, not stored."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.utils import timezone

from knowledge.models import Audience
from tickets.models import Customer

_ACCESS, _REFRESH, _RETURN = "visitor.access", "visitor.refresh", "visitor.return"
# A token travels as a WebSocket subprotocol, where Django's usual “:” is not allowed.
_SEPARATOR = "~"


class BadTokenError(Exception):
    """The token is missing, changed or expired."""


@dataclass(frozen=True)
class VisitorTokens:
    token: str
    expires_at: dt.datetime
    refresh_token: str


@dataclass(frozen=True)
class Visitor:
    """Who a token speaks for, and whose documents they may read."""

    customer_id: UUID
    audience: Audience = Audience.PUBLIC


def issue(customer_id: UUID) -> VisitorTokens:
    """A token for requests, and one to renew it with when the visitor comes back."""
    refresh_token = _signer(_REFRESH).sign_object(str(customer_id))
    return _tokens(Visitor(customer_id), refresh_token)


def issue_signed_in(customer_id: UUID, audience: Audience) -> VisitorTokens:
    """A token for a customer who signed in. To renew it, the company's server says anew who they
    are, so that signing out ends it."""
    return _tokens(Visitor(customer_id, audience), "")


def _tokens(visitor: Visitor, refresh_token: str) -> VisitorTokens:
    lifetime = dt.timedelta(seconds=settings.VISITOR_TOKEN_SECONDS)
    said = {"customer": str(visitor.customer_id), "audience": visitor.audience.value}
    return VisitorTokens(
        token=_signer(_ACCESS).sign_object(said),
        expires_at=timezone.now() + lifetime,
        refresh_token=refresh_token,
    )


def read_token(token: str) -> Visitor:
    """Who an access token speaks for. Raises BadTokenError."""
    said = _read(token, _ACCESS, settings.VISITOR_TOKEN_SECONDS)
    try:
        return Visitor(UUID(said["customer"]), Audience(said["audience"]))
    except (ValueError, TypeError, KeyError) as error:
        raise BadTokenError from error


def read_refresh_token(token: str) -> UUID:
    """The customer id in a refresh token. Raises BadTokenError."""
    try:
        return UUID(_read(token, _REFRESH, settings.VISITOR_REFRESH_SECONDS))
    except (ValueError, TypeError, AttributeError) as error:
        raise BadTokenError from error


def issue_return(customer_id: UUID) -> str:
    """For a link in an e-mail to the visitor, which leads back to their conversations."""
    return _signer(_RETURN).sign_object(str(customer_id))


def read_return_token(token: str) -> UUID:
    """The customer id in the token of a link. Raises BadTokenError."""
    try:
        return UUID(_read(token, _RETURN, settings.VISITOR_REFRESH_SECONDS))
    except (ValueError, TypeError, AttributeError) as error:
        raise BadTokenError from error


def was_revoked(token: str, customer: Customer) -> bool:
    """Whether a token that has been read is from before the customer was signed out."""
    if customer.signed_out_at is None:
        return False
    # To the second, as TimestampSigner has it; the second of the sign-out counts as before.
    issued_at = signing.b62_decode(token.rsplit(_SEPARATOR, 2)[1])
    return issued_at <= int(customer.signed_out_at.timestamp())


def _signer(salt: str) -> signing.TimestampSigner:
    return signing.TimestampSigner(salt=salt, sep=_SEPARATOR)


def _read(token: str, salt: str, max_age: int) -> Any:
    try:
        return _signer(salt).unsign_object(token, max_age=max_age)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise BadTokenError from error
