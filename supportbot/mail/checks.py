"""System checks of the settings of e-mail."""

from __future__ import annotations

from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from tickets.models import Conversation

WEBHOOK_CHARACTERS = 32


@register()
def check_mail(**_: Any) -> list[CheckMessage]:
    """What cannot work, and what works in part."""
    mail = settings.MAIL
    messages: list[CheckMessage] = []
    for name, address in (("FROM", mail.from_address), ("REPLY_TO", mail.reply_to)):
        if address and "@" not in parseaddr(address)[1]:
            messages.append(
                Error(
                    f"SUPPORTBOT_MAIL_{name} is no e-mail address: {address!r}.",
                    hint="Write it like: Shop support <support@shop.example>",
                    id=f"supportbot.mail.E00{1 if name == 'FROM' else 2}",
                )
            )
    if mail.mode not in Conversation.Mode.values:
        messages.append(
            Error(
                f"{mail.mode!r} is no mode of e-mail conversations.",
                hint=f"Set SUPPORTBOT_MAIL_MODE to one of: {', '.join(Conversation.Mode.values)}.",
                id="supportbot.mail.E003",
            )
        )
    if mail.webhook_secret and len(mail.webhook_secret) < WEBHOOK_CHARACTERS:
        messages.append(
            Error(
                "SUPPORTBOT_MAIL_WEBHOOK_SECRET is too short to be safe.",
                hint=f"Give it {WEBHOOK_CHARACTERS} characters or more.",
                id="supportbot.mail.E004",
            )
        )
    if (mail.imap or mail.webhook_secret) and not mail.sends:
        messages.append(
            Warning(
                "E-mail comes in, and none goes out: customers who write get no answer.",
                hint="Set SUPPORTBOT_MAIL_FROM and SUPPORTBOT_SMTP_URL (or _MAIL_BACKEND).",
                id="supportbot.mail.W005",
            )
        )
    return messages
