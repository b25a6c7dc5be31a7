"""Settings of log-ins and sessions of staff, read by settings.py under Django's own names."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from supportbot.env import env_bool, env_int, env_list, env_secret, env_str


@dataclass(frozen=True)
class AccountSettings:
    """After `tries` failed log-ins an account is locked for an address, for the time `lockout`; a
    session ends `idle` after its last use (zero: never). Who has one of the roles must log in with
    two factors; `all` means everybody."""

    tries: int
    lockout: dt.timedelta
    idle: dt.timedelta
    two_factor_roles: tuple[str, ...]


ACCOUNTS = AccountSettings(
    tries=env_int("SUPPORTBOT_LOCKOUT_TRIES", 5),
    lockout=dt.timedelta(minutes=env_int("SUPPORTBOT_LOCKOUT_MINUTES", 15)),
    idle=dt.timedelta(minutes=env_int("SUPPORTBOT_SESSION_IDLE_MINUTES", 480)),
    two_factor_roles=tuple(env_list("SUPPORTBOT_TWO_FACTOR_ROLES")),
)


@dataclass(frozen=True)
class OpenIDSettings:
    """Sign-in by OpenID Connect, on once `issuer` and `client_id` are set. `domains`: whoever has a
    verified address of one gets an account. `roles`: group in the claim `groups_claim` → role."""

    issuer: str
    client_id: str
    secret: str
    name: str
    domains: tuple[str, ...]
    groups_claim: str
    roles: dict[str, str]
    trusts_addresses: bool

    @property
    def is_on(self) -> bool:
        return bool(self.issuer and self.client_id)


OPENID = OpenIDSettings(
    issuer=env_str("SUPPORTBOT_OIDC_ISSUER").rstrip("/"),
    client_id=env_str("SUPPORTBOT_OIDC_CLIENT_ID"),
    secret=env_secret("SUPPORTBOT_OIDC_CLIENT_SECRET"),
    name=env_str("SUPPORTBOT_OIDC_NAME", "your organisation"),
    domains=tuple(one.lower() for one in env_list("SUPPORTBOT_OIDC_DOMAINS")),
    groups_claim=env_str("SUPPORTBOT_OIDC_GROUPS_CLAIM", "groups"),
    roles={
        group.strip(): role.strip()
        for group, _, role in (one.partition("=") for one in env_list("SUPPORTBOT_OIDC_ROLES"))
    },
    trusts_addresses=env_bool("SUPPORTBOT_OIDC_ADDRESSES_VERIFIED"),
)
_HOURS = env_int("SUPPORTBOT_SESSION_HOURS", 24)
_YEAR_HOURS = 365 * 24

ACCOUNT_APPS = [
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
]
ACCOUNT_MIDDLEWARE = [
    "supportbot.accounts.middleware.SessionUse",
    "allauth.account.middleware.AccountMiddleware",
]
ACCOUNT_SETTINGS: dict[str, Any] = {
    "SOCIALACCOUNT_ADAPTER": "supportbot.accounts.openid.Adapter",
    "AUTHENTICATION_BACKENDS": [
        "axes.backends.AxesStandaloneBackend",  # refuses who is locked out
        "django.contrib.auth.backends.ModelBackend",
    ],
    "LOGIN_URL": "admin:login",
    "LOGIN_REDIRECT_URL": "admin:index",
    "SESSION_COOKIE_HTTPONLY": True,
    # Sessions know whose they are and when they were used: supportbot.accounts.sessions.
    "SESSION_ENGINE": "supportbot.accounts.sessions",
    "SESSION_COOKIE_AGE": 3600 * (_HOURS or _YEAR_HOURS),
    "OTP_TOTP_ISSUER": "supportbot",
    "AXES_ENABLED": ACCOUNTS.tries > 0,
    "AXES_FAILURE_LIMIT": ACCOUNTS.tries,
    "AXES_COOLOFF_TIME": ACCOUNTS.lockout,
    "AXES_LOCKOUT_PARAMETERS": [["username", "ip_address"]],
    # Who tries again too early does not wait for longer.
    "AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT": False,
    "AXES_RESET_ON_SUCCESS": True,
    "AXES_CLIENT_IP_CALLABLE": "supportbot.accounts.addresses.valid_address",
    "AXES_USERNAME_CALLABLE": "supportbot.accounts.lockout.name_to_keep",
    "AXES_SENSITIVE_PARAMETERS": ["username", "ip_address", "code", "csrfmiddlewaretoken", "next"],
    "AXES_DISABLE_ACCESS_LOG": True,  # the audit log has it
    "AXES_VERBOSE": False,
    "AXES_ENABLE_ADMIN": False,  # supportbot.accounts.admin shows lock-outs
    "SILENCED_SYSTEM_CHECKS": ["axes.W002"],  # the log-in page itself says who is locked out
}
