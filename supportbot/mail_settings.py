"""Settings of e-mail, read by settings.py."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from supportbot.env import env_bool, env_float, env_int, env_secret, env_str


@dataclass(frozen=True)
class Server:
    """A mail server by its address: `smtps://user:password@host:465`, `imaps://…/INBOX`.

    `smtp://` and `imap://` begin in the clear and go over to TLS (STARTTLS), unless `?tls=no`.
    """

    host: str
    port: int
    user: str
    password: str
    folder: str
    tls: bool
    starttls: bool


def read_server(url: str) -> Server | None:
    """The server at an address; None for an empty one. Raises ValueError."""
    if not url:
        return None
    parts = urlsplit(url)
    ports = {"smtp": 587, "smtps": 465, "imap": 143, "imaps": 993}
    if parts.scheme not in ports or not parts.hostname:
        raise ValueError("A mail server is written like smtps://user:password@host or imaps://…")
    tls = parts.scheme.endswith("s")
    return Server(
        host=parts.hostname,
        port=parts.port or ports[parts.scheme],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        folder=unquote(parts.path.lstrip("/")) or "INBOX",
        tls=tls,
        starttls=not tls and parse_qs(parts.query).get("tls") != ["no"],
    )


@dataclass(frozen=True)
class MailSettings:
    """How e-mail goes out and comes in. `sends` without a server: another back end does it."""

    from_address: str
    reply_to: str
    sends: bool
    after_minutes: float
    bot_answers: bool
    mode: str
    imap: Server | None
    webhook_secret: str
    max_per_hour: int


SMTP = read_server(env_secret("SUPPORTBOT_SMTP_URL"))
_FROM = env_str("SUPPORTBOT_MAIL_FROM")
_BACKEND = env_str("SUPPORTBOT_MAIL_BACKEND")  # such as anymail.backends.postmark.EmailBackend
MAIL = MailSettings(
    from_address=_FROM,
    reply_to=env_str("SUPPORTBOT_MAIL_REPLY_TO", _FROM),
    sends=bool(_FROM and (SMTP or _BACKEND)),
    after_minutes=env_float("SUPPORTBOT_MAIL_AFTER_MINUTES", 5.0),
    bot_answers=env_bool("SUPPORTBOT_MAIL_BOT_ANSWERS"),
    mode=env_str("SUPPORTBOT_MAIL_MODE", "draft"),
    imap=read_server(env_secret("SUPPORTBOT_IMAP_URL")),
    webhook_secret=env_secret("SUPPORTBOT_MAIL_WEBHOOK_SECRET"),
    max_per_hour=env_int("SUPPORTBOT_MAIL_MAX_PER_HOUR", 20),
)
# Django's own names, for every other e-mail too, such as one to set a new password.
DJANGO_MAIL: dict[str, Any] = {
    "EMAIL_BACKEND": _BACKEND
    or f"django.core.mail.backends.{'smtp' if SMTP else 'console'}.EmailBackend",
    "EMAIL_HOST": SMTP.host if SMTP else "",
    "EMAIL_PORT": SMTP.port if SMTP else 25,
    "EMAIL_HOST_USER": SMTP.user if SMTP else "",
    "EMAIL_HOST_PASSWORD": SMTP.password if SMTP else "",
    "EMAIL_USE_SSL": bool(SMTP and SMTP.tls),
    "EMAIL_USE_TLS": bool(SMTP and SMTP.starttls),
    "EMAIL_TIMEOUT": 20,
    "DEFAULT_FROM_EMAIL": _FROM or "webmaster@localhost",
    "ANYMAIL": json.loads(env_secret("SUPPORTBOT_ANYMAIL") or "{}"),
}
MAIL_SCHEDULE: dict[str, Any] = {
    "send-emails": {
        "task": "supportbot.mail.tasks.send_emails",
        "schedule": 10.0,
        "options": {"expires": 10},
    },
    "poll-mailbox": {
        "task": "supportbot.mail.tasks.poll_mailbox",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
}
