"""The signed address that a reply goes to: `support+TOKEN@shop.example`.

The token names the conversation and proves that we wrote it. It has letters and digits in lower
case alone, since mail servers may change the case of what stands before the @.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from email.utils import parseaddr
from uuid import UUID

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

_ID_CHARACTERS = 26
_MAC_BYTES = 10


def reply_address(conversation_id: UUID) -> str:
    """Where replies to the conversation go."""
    user, _, domain = parseaddr(settings.MAIL.reply_to)[1].rpartition("@")
    token = _encode(conversation_id.bytes) + _mac(conversation_id, settings.SECRET_KEY)
    return f"{user}+{token}@{domain}"


def find_conversation_id(addresses: Iterable[str]) -> UUID | None:
    """The conversation of the first address with a token that is ours."""
    for address in addresses:
        local = address.rpartition("@")[0].lower()
        found = _read_token(local.rpartition("+")[2]) if "+" in local else None
        if found is not None:
            return found
    return None


def is_ours(address: str) -> bool:
    """Whether the address is the one that we send from or read, with or without a token."""
    user, _, domain = address.lower().rpartition("@")
    plain = f"{user.partition('+')[0]}@{domain}"
    mail = settings.MAIL
    return plain in {parseaddr(own)[1].lower() for own in (mail.from_address, mail.reply_to) if own}


def _read_token(token: str) -> UUID | None:
    try:
        found = UUID(bytes=_decode(token[:_ID_CHARACTERS]))
    except (ValueError, binascii.Error):
        return None
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    macs = [_mac(found, key) for key in keys]
    given = token[_ID_CHARACTERS:]
    return found if any(constant_time_compare(given, mac) for mac in macs) else None


def _mac(conversation_id: UUID, key: str | bytes) -> str:
    signed = salted_hmac("supportbot.mail.reply", conversation_id.bytes, key, algorithm="sha256")
    return _encode(signed.digest()[:_MAC_BYTES])


def _encode(content: bytes) -> str:
    return base64.b32encode(content).decode().rstrip("=").lower()


def _decode(text: str) -> bytes:
    return base64.b32decode(text.upper() + "=" * (-len(text) % 8))
