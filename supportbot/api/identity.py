"""Who a signed-in customer is, in the words of the company's own server.

The server signs a JSON Web Token (RFC 7519, HS256) with the secret of its site, or with the one of
the whole installation, and puts it onto the page; a browser cannot make one. Claims: `sub`, the
company's id of the customer; `exp`, at most SUPPORTBOT_IDENTITY_HOURS away, so that one that was
found in a page or a log is soon worth nothing; if it likes, `iat`, `name` and `email`; `audience`,
whose documents they may read; and `jti`, by which a site takes each identity once.
"""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass
from typing import Any

import jwt
import structlog
from django.conf import settings
from rest_framework.exceptions import PermissionDenied

from knowledge.models import Audience
from supportbot.widget.models import Site
from supportbot.widget.site_secrets import AlreadyUsedError, site_keys, use_once

ALGORITHMS = ["HS256"]
LEEWAY_SECONDS = 60  # by which two servers' clocks may differ
MOST_CHARACTERS = {"sub": 200, "name": 200, "email": 254, "jti": 200}
# Staff's documents are for nobody who chats with a bot.
AUDIENCES = {Audience.PUBLIC.value: Audience.PUBLIC, Audience.CUSTOMERS.value: Audience.CUSTOMERS}
OWN_CUSTOMERS = "site:"  # how our id of a customer begins whom one site alone knows

log = structlog.get_logger(__name__)


class IdentityRefusedError(PermissionDenied):
    """The identity is forged, expired or incomplete. A new one from the company's server helps.

    `reason` is for the developer of that server; README.md lists them.
    """

    default_code = "identity_refused"

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True)
class Identity:
    """A signed-in customer. `external_id` is the company's own id."""

    external_id: str
    name: str
    email: str
    audience: Audience
    jti: str
    expires_at: dt.datetime
    site: Site | None  # whose secret it is signed with; None: the installation's


@dataclass(frozen=True)
class Key:
    text: str
    site: Site | None = None


def read_identity(token: str, *, origin: str = "") -> Identity:
    """The identity in a signed token; `origin` is that of the page which shows it. Raises
    IdentityRefusedError."""
    site = None
    try:
        claims, site = _claims(token)
        _check_page(site, origin)
        return _identity(claims, site)
    except IdentityRefusedError as error:
        log.info(
            "identity.refused",
            reason=error.reason,
            origin=origin[:200],
            site=str(site.pk) if site else None,
        )
        raise


def accept_identity(identity: Identity, *, session: str = "") -> None:
    """Use it up, where its site takes identities once. Raises IdentityRefusedError."""
    site = identity.site
    if site is None or not site.takes_identities_once:
        return
    try:
        use_once(site=site, jti=identity.jti, session=session, expires_at=identity.expires_at)
    except AlreadyUsedError as error:
        log.info("identity.refused", reason="replayed", site=str(site.pk))
        raise IdentityRefusedError(
            "replayed",
            "The identity has been used in another browser session. Get a new one from your "
            "server, with another “jti”.",
        ) from error


def secrets() -> list[str]:
    """The installation's secrets. While one is changed there are two: the identities on open pages
    are signed with the one before."""
    return str(settings.IDENTITY_SECRET).split()


# -- the signature --------------------------------------------------------------------------------
def _claims(token: str) -> tuple[dict[str, Any], Site | None]:
    """What was signed, and for which site. Raises IdentityRefusedError."""
    keys = [Key(one.text, one.site) for one in site_keys()] + [Key(text) for text in secrets()]
    if not keys:
        raise IdentityRefusedError(
            "no_secret",
            "Customers cannot sign in here: no site has a secret, and SUPPORTBOT_IDENTITY_SECRET "
            "is not set.",
        )
    for key in keys:
        try:
            return _decoded(token, key.text), key.site
        except jwt.InvalidSignatureError:
            continue
    raise IdentityRefusedError(
        "wrong_secret",
        "The identity is not valid: it is signed with none of the secrets that count now.",
    )


def _decoded(token: str, key: str) -> dict[str, Any]:
    """Raises jwt.InvalidSignatureError, and IdentityRefusedError for what no other key mends."""
    try:
        decoded: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=ALGORITHMS,
            leeway=LEEWAY_SECONDS,
            options={"require": ["sub", "exp"], "verify_aud": False},
        )
    except jwt.InvalidSignatureError:
        raise
    except jwt.ExpiredSignatureError as error:
        raise IdentityRefusedError(
            "expired",
            "The identity has expired. Get a new one from your server. If it is new, the clock of "
            "your server is slow.",
        ) from error
    except jwt.ImmatureSignatureError as error:
        raise IdentityRefusedError(
            "not_yet_valid",
            f"The identity is not valid yet: {error}. The clock of your server is fast.",
        ) from error
    except jwt.MissingRequiredClaimError as error:
        raise IdentityRefusedError(
            "claim", f"The identity is not valid: the claim “{error.claim}” is missing."
        ) from error
    except jwt.InvalidTokenError as error:
        raise IdentityRefusedError("malformed", f"The identity is not valid: {error}.") from error
    return decoded


def _check_page(site: Site | None, origin: str) -> None:
    """Raises IdentityRefusedError on the pages of another site. Pages that no site names, such as
    our own or those of SUPPORTBOT_WIDGET_ORIGINS, take any site's."""
    if site is None or not origin or origin in site.origins:
        return
    if Site.objects.filter(is_online=True, origins__contains=[origin]).exists():
        raise IdentityRefusedError(
            "wrong_site",
            f"The identity is signed with the secret of another site than that of {origin}.",
        )


# -- the claims -----------------------------------------------------------------------------------
def _identity(claims: dict[str, Any], site: Site | None) -> Identity:
    """Raises IdentityRefusedError."""
    _check_age(claims)
    audience = AUDIENCES.get(str(claims.get("audience", Audience.CUSTOMERS.value)))
    if audience is None:
        raise IdentityRefusedError(
            "claim", f"The claim “audience” is one of: {', '.join(AUDIENCES)}."
        )
    jti = _text(claims, "jti")
    if site is not None and site.takes_identities_once and not jti:
        raise IdentityRefusedError(
            "no_jti", "This site takes an identity once: sign each with a “jti” of its own."
        )
    return Identity(
        external_id=_external_id(claims, site),
        name=_text(claims, "name"),
        email=_text(claims, "email"),
        audience=audience,
        jti=jti,
        expires_at=dt.datetime.fromtimestamp(int(claims["exp"]) + LEEWAY_SECONDS, dt.UTC),
        site=site,
    )


def _external_id(claims: dict[str, Any], site: Site | None) -> str:
    """By which we know the customer. Nobody but the site itself can name those of its own."""
    sub = _text(claims, "sub")
    if not sub:
        raise IdentityRefusedError("claim", "The claim “sub” is the customer's id, and is missing.")
    if sub.startswith(OWN_CUSTOMERS):
        raise IdentityRefusedError(
            "claim", f"The claim “sub” must not begin with “{OWN_CUSTOMERS}”."
        )
    if site is None or not site.has_own_customers:
        return sub
    prefix = f"{OWN_CUSTOMERS}{site.pk.hex}:"
    most = MOST_CHARACTERS["sub"] - len(prefix)
    if len(sub) > most:
        raise IdentityRefusedError(
            "claim", f"The claim “sub” is a text of at most {most} characters on this site."
        )
    return prefix + sub


def _check_age(claims: dict[str, Any]) -> None:
    """Raises IdentityRefusedError for one that may be used for longer than is allowed."""
    hours, now = settings.IDENTITY_HOURS, time.time()
    if int(claims["exp"]) - now > hours * 3600 + LEEWAY_SECONDS:
        raise IdentityRefusedError(
            "too_long", f"The identity is valid for too long. Sign it for at most {hours} hours."
        )
    if now - int(claims.get("iat", now)) > hours * 3600 + LEEWAY_SECONDS:
        raise IdentityRefusedError(
            "too_old", "The identity is too old. Get a new one from your server."
        )


def _text(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name, "")
    if not isinstance(value, str) or len(value) > MOST_CHARACTERS[name]:
        most = MOST_CHARACTERS[name]
        raise IdentityRefusedError(
            "claim", f"The claim “{name}” is a text of at most {most} characters."
        )
    return "".join(character for character in value if character.isprintable()).strip()
