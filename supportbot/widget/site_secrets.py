"""The secrets that the servers of sites sign identities with: made, changed and ended.

A secret is made of the installation's key and a salt in the database, as those of webhooks are. It
is shown once, when it is made.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac

from supportbot.widget.models import Site, SiteSecret, UsedIdentity
from tickets.services import audit

PREFIX = "sbid_"
FORGOTTEN_AT_ONCE = 100


class AlreadyUsedError(Exception):
    """Another browser session has used this identity."""


class NewerSecretError(Exception):
    """Somebody else has made a secret meanwhile, or the form was sent twice."""


@dataclass(frozen=True)
class SiteKey:
    """A secret that counts now, and the site whose server has it."""

    site: Site
    text: str


def text_of(secret: SiteSecret) -> str:
    made = salted_hmac(
        "supportbot.widget.identity", secret.salt.bytes, settings.SECRET_KEY, algorithm="sha256"
    )
    return PREFIX + base64.urlsafe_b64encode(made.digest()).decode().rstrip("=")


def secrets_in_force(site: Site) -> QuerySet[SiteSecret]:
    """Newest first; all but the first end by themselves."""
    return site.secrets.filter(_in_force())


def site_keys() -> list[SiteKey]:
    """The secrets of all sites that are online."""
    found = SiteSecret.objects.filter(_in_force(), site__is_online=True).select_related("site")
    return [SiteKey(secret.site, text_of(secret)) for secret in found]


@transaction.atomic
def make_secret(*, site: Site, overlap: dt.timedelta, after: int | None, by: User) -> SiteSecret:
    """A new secret. The ones before count for `overlap` more. `after` is the newest that whoever
    asks has seen. Raises NewerSecretError."""
    Site.objects.select_for_update().get(pk=site.pk)
    newest = site.secrets.first()
    if (newest.pk if newest else None) != after:
        raise NewerSecretError
    end = timezone.now() + overlap
    site.secrets.filter(Q(ends_at=None) | Q(ends_at__gt=end)).update(ends_at=end)
    made = SiteSecret.objects.create(site=site)
    hours = overlap / dt.timedelta(hours=1)
    audit.record(action="site.secret_made", target=site, actor=by, name=site.name, hours=hours)
    return made


@transaction.atomic
def end_old_secrets(*, site: Site, by: User) -> int:
    """End all but the newest now. Returns how many."""
    Site.objects.select_for_update().get(pk=site.pk)
    old = [secret.pk for secret in secrets_in_force(site)[1:]]
    if old:
        site.secrets.filter(pk__in=old).update(ends_at=timezone.now())
        audit.record(action="site.secrets_ended", target=site, actor=by, name=site.name)
    return len(old)


def use_once(*, site: Site, jti: str, session: str, expires_at: dt.datetime) -> None:
    """Take an identity for one browser session, which may show it again: to renew its token, or
    after an answer that got lost. Without a session it counts once. Raises AlreadyUsedError."""
    _forget_expired()
    used, is_new = UsedIdentity.objects.get_or_create(
        site=site,
        jti_hash=_hash(jti),
        defaults={"session_hash": _hash(session), "expires_at": expires_at},
    )
    if not is_new and (not session or used.session_hash != _hash(session)):
        raise AlreadyUsedError


def _forget_expired() -> None:
    expired = UsedIdentity.objects.filter(expires_at__lt=timezone.now())
    with transaction.atomic():
        # Rows that another request forgets are left to it.
        some = list(
            expired.select_for_update(skip_locked=True).values_list("pk")[:FORGOTTEN_AT_ONCE]
        )
        if some:
            UsedIdentity.objects.filter(pk__in=[pk for (pk,) in some]).delete()


def _in_force() -> Q:
    return Q(ends_at=None) | Q(ends_at__gt=timezone.now())


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest() if text else ""
