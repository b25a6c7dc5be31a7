"""Who a signed-in customer is, in the words of the company's own server.

The server signs a JSON Web Token (RFC 7519, HS256) with the secret that it shares with supportbot,
and puts it onto the page; a browser cannot make one. Claims: `sub`, the company's id of the
customer; `exp`, at most SUPPORTBOT_IDENTITY_HOURS away, so that one that was found in a page or a
log is soon worth nothing; and, if it likes, `iat`, `name`, `email` and `audience`, whose documents
they may read.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import jwt
from django.conf import settings
from rest_framework.exceptions import PermissionDenied

from knowledge.models import Audience

ALGORITHMS = ["HS256"]
LEEWAY_SECONDS = 60  # by which two servers' clocks may differ
MOST_CHARACTERS = {"sub": 200, "name": 200, "email": 254}
# Staff's documents are for nobody who chats with a bot.
AUDIENCES = {Audience.PUBLIC.value: Audience.PUBLIC, Audience.CUSTOMERS.value: Audience.CUSTOMERS}


class IdentityRefusedError(PermissionDenied):
    """The identity is forged, expired or incomplete. A new one from the company's server helps."""

    default_code = "identity_refused"


@dataclass(frozen=True)
class Identity:
    """A signed-in customer. `external_id` is the company's own id."""

    external_id: str
    name: str = ""
    email: str = ""
    audience: Audience = Audience.CUSTOMERS


def read_identity(token: str) -> Identity:
    """The identity in a signed token. Raises IdentityRefusedError."""
    if not secrets():
        raise IdentityRefusedError(
            "Customers cannot sign in here: SUPPORTBOT_IDENTITY_SECRET is not set."
        )
    try:
        claims = _claims(token, secrets())
    except jwt.ExpiredSignatureError as error:
        raise IdentityRefusedError(
            "The identity has expired. Get a new one from your server."
        ) from error
    except jwt.InvalidTokenError as error:
        raise IdentityRefusedError(f"The identity is not valid: {error}.") from error
    _check_age(claims)
    audience = AUDIENCES.get(str(claims.get("audience", Audience.CUSTOMERS.value)))
    if audience is None:
        raise IdentityRefusedError(f"The claim “audience” is one of: {', '.join(AUDIENCES)}.")
    if not _text(claims, "sub"):
        raise IdentityRefusedError("The claim “sub” is the customer's id, and is missing.")
    return Identity(_text(claims, "sub"), _text(claims, "name"), _text(claims, "email"), audience)


def secrets() -> list[str]:
    """The secrets that identities may be signed with. While one is changed there are two: the
    identities on open pages are signed with the one before."""
    return str(settings.IDENTITY_SECRET).split()


def _claims(token: str, keys: list[str]) -> dict[str, Any]:
    """Raises jwt.InvalidTokenError."""
    for key in keys[:-1]:
        try:
            return _decoded(token, key)
        except jwt.InvalidSignatureError:
            continue
    return _decoded(token, keys[-1])


def _decoded(token: str, key: str) -> dict[str, Any]:
    decoded: dict[str, Any] = jwt.decode(
        token,
        key,
        algorithms=ALGORITHMS,
        leeway=LEEWAY_SECONDS,
        options={"require": ["sub", "exp"], "verify_aud": False},
    )
    return decoded


def _check_age(claims: dict[str, Any]) -> None:
    """Raises IdentityRefusedError for one that may be used for longer than is allowed."""
    hours, now = settings.IDENTITY_HOURS, time.time()
    if claims["exp"] - now > hours * 3600 + LEEWAY_SECONDS:
        raise IdentityRefusedError(
            f"The identity is valid for too long. Sign it for at most {hours} hours."
        )
    if now - claims.get("iat", now) > hours * 3600 + LEEWAY_SECONDS:
        raise IdentityRefusedError("The identity is too old. Get a new one from your server.")


def _text(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name, "")
    if not isinstance(value, str) or len(value) > MOST_CHARACTERS[name]:
        most = MOST_CHARACTERS[name]
        raise IdentityRefusedError(f"The claim “{name}” is a text of at most {most} characters.")
    return "".join(character for character in value if character.isprintable()).strip()
