"""Two-factor log-in: a code of an authenticator app (TOTP, RFC 6238), or a recovery code.

django-otp keeps the keys, slows down who guesses, and takes a code once.
"""

from __future__ import annotations

import secrets
from typing import Any

import segno
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils.crypto import salted_hmac
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from supportbot.accounts.sessions import end_sessions
from tickets.services import audit

EVERYBODY = "all"
RECOVERY_CODES = 10
_RECOVERY_CHARACTERS = 10
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another
_APP_DIGITS = 6


def is_on(user: User) -> bool:
    return bool(TOTPDevice.objects.filter(user=user, confirmed=True).exists())


def is_required(user: User) -> bool:
    """Whether a role of the user's asks for it. A superuser is an administrator."""
    roles = set(settings.ACCOUNTS.two_factor_roles)
    if not roles:
        return False
    if EVERYBODY in roles or (user.is_superuser and "Administrator" in roles):
        return True
    return user.groups.filter(name__in=roles).exists()


def begin_set_up(user: User) -> TOTPDevice:
    """The key that the user's app is to take over. The same until it is confirmed."""
    if is_on(user):
        raise ValueError("Two-factor log-in is on already.")
    found, _ = TOTPDevice.objects.get_or_create(
        user=user, confirmed=False, defaults={"name": "app"}
    )
    return found


def picture_of(device: TOTPDevice) -> str:
    """The QR code of the key, as a data: address of an SVG picture."""
    return str(segno.make(device.config_url).svg_data_uri(scale=5, border=3, light="#fff"))


def confirm(user: User, code: str) -> list[str]:
    """Turn it on, if the code is that of the app. The recovery codes; empty if it is not."""
    with transaction.atomic():
        device = TOTPDevice.objects.select_for_update().filter(user=user, confirmed=False).first()
        if device is None or not device.verify_token(_plain(code)):
            return []
        device.confirmed = True
        device.save(update_fields=["confirmed"])
        audit.record(action="account.two_factor_on", target=user, actor=user)
        return _new_codes(user)


def is_right(user: User, code: str) -> bool:
    """Whether it is a code of the user's app or a recovery code. Either is good once: a second
    request with the same one waits for the first."""
    code = _plain(code)
    by_app = len(code) == _APP_DIGITS and code.isdecimal()
    model: Any = TOTPDevice if by_app else StaticDevice
    with transaction.atomic():
        device = model.objects.select_for_update().filter(user=user, confirmed=True).first()
        if device is None or not device.verify_token(code if by_app else _hashed(code)):
            return False
        if not by_app:
            left = device.token_set.count()
            audit.record(action="account.recovery_code_used", target=user, actor=user, left=left)
        return True


def renew_codes(user: User) -> list[str]:
    """New recovery codes; the old ones are worth nothing any more."""
    with transaction.atomic():
        audit.record(action="account.recovery_codes_renewed", target=user, actor=user)
        return _new_codes(user)


def turn_off(*, user: User, actor: User) -> None:
    """Forget the app and the recovery codes. Somebody else's reset ends the user's sessions."""
    with transaction.atomic():
        TOTPDevice.objects.filter(user=user).delete()
        StaticDevice.objects.filter(user=user).delete()
        audit.record(action="account.two_factor_off", target=user, actor=actor)
        if actor.pk != user.pk:
            end_sessions(user=user, actor=actor)


def codes_left(user: User) -> int:
    device = StaticDevice.objects.filter(user=user).first()
    return device.token_set.count() if device is not None else 0


def _new_codes(user: User) -> list[str]:
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name="recovery")
    made = [
        "".join(secrets.choice(_LETTERS) for _ in range(_RECOVERY_CHARACTERS))
        for _ in range(RECOVERY_CODES)
    ]
    for code in made:
        device.token_set.create(token=_hashed(code))
    return [f"{code[:5]}-{code[5:]}" for code in made]


def _plain(code: str) -> str:
    return code.replace(" ", "").replace("-", "").lower()


def _hashed(code: str) -> str:
    """Recovery codes are kept as passwords are: what is stored opens nothing."""
    return salted_hmac("accounts.recovery", code, algorithm="sha256").hexdigest()[:16]
