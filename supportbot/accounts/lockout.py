"""Lock-out: after some wrong passwords an account is closed to the address they came from.

django-axes counts. Here are the words, the audit, and what may be kept of a name that was typed.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

from axes.models import AccessAttempt
from axes.signals import user_locked_out
from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import QuerySet, Sum
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from supportbot.accounts.addresses import valid_address
from tickets.services import audit

UNKNOWN = "unknown:"
NAME_CHARACTERS = 150


def connect() -> None:
    user_locked_out.connect(_locked_out, dispatch_uid="audit.locked_out")


def name_to_keep(request: HttpRequest | None, credentials: dict[str, Any] | None) -> str:
    """The account's name; of a name that nobody has a fingerprint: it may be a password that was
    typed into the wrong field."""
    typed = str((credentials or {}).get("username") or "")
    if not typed and request is not None:
        typed = request.POST.get("username", "")
    typed = typed.replace("\0", "")
    if User.objects.filter(username=typed[:NAME_CHARACTERS]).exists():
        return typed
    return UNKNOWN + salted_hmac("accounts.lockout", typed).hexdigest()[:16]


def lock_outs(now: dt.datetime | None = None) -> QuerySet[Any]:
    """Attempts that still count."""
    since = (now or timezone.now()) - settings.ACCOUNTS.lockout
    attempts: QuerySet[Any] = AccessAttempt.objects.filter(attempt_time__gte=since)
    return attempts


def failures(attempt: AccessAttempt) -> int:
    """Of the account at that address, whatever browsers said they were."""
    same = lock_outs().filter(username=attempt.username, ip_address=attempt.ip_address)
    return same.aggregate(sum=Sum("failures_since_start"))["sum"] or 0


def words_for(request: HttpRequest, name: str) -> tuple[str, int]:
    """What to tell who is locked out, and the seconds until the next attempt is taken."""
    now = timezone.now()
    kept = name_to_keep(None, {"username": name})
    last = (
        lock_outs(now)
        .filter(username=kept, ip_address=valid_address(request))
        .order_by("-attempt_time")
        .first()
    )
    ends = (last.attempt_time if last else now) + settings.ACCOUNTS.lockout
    seconds = max(1, math.ceil((ends - now).total_seconds()))
    minutes = math.ceil(seconds / 60)
    when = "a minute" if minutes == 1 else f"{minutes} minutes"
    words = (
        "There were too many failed log-ins to this account from your address. "
        f"Try again in {when}, or ask an administrator to unlock it."
    )
    return words, seconds


def unlock(*, attempt: AccessAttempt, actor: User) -> None:
    """Let the account log in from that address again. The browsers used there count together."""
    same = AccessAttempt.objects.filter(username=attempt.username, ip_address=attempt.ip_address)
    same.delete()
    known = User.objects.filter(username=attempt.username).first()
    audit.record(
        action="account.unlocked",
        target=known or User(),
        actor=actor,
        name=known.username if known else "",
        address=attempt.ip_address or "",
    )


def _locked_out(sender: Any, request: HttpRequest, username: str, **_: Any) -> None:
    """Once for each lock-out: further tries are not counted, and tell nothing new."""
    counted = getattr(request, "axes_failures_since_start", 0)
    if counted != settings.ACCOUNTS.tries:
        return
    known = User.objects.filter(username=username).first()
    audit.record(
        action="account.locked_out",
        target=known or User(),
        name=known.username if known else "",
        address=valid_address(request) or "",
        failures=counted,
    )
