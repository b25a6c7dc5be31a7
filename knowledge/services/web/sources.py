"""Web sources as editors handle them: adding, changing, refreshing, stopping and deleting them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from knowledge.models import Audience, Collection, Document, DocumentVersion, WebPage, WebSource
from knowledge.models.documents import default_locale
from knowledge.services.ingestion.documents import DEFAULT_COLLECTION
from knowledge.services.lifecycle.changes import Step
from knowledge.services.lifecycle.publishing import Terms, change_terms
from knowledge.services.web.pages import retire_documents
from knowledge.services.web.queue import wake_sync
from knowledge.web import visits
from knowledge.web.addresses import AddressRefusedError, Resolver, addresses_of, resolve
from knowledge.web.extraction import LANGUAGE_TAG
from knowledge.web.fetching import FetchError, check_url, host_of, port_of

Kind, Status = WebSource.Kind, WebSource.Status

MOST_PAGES = 50_000
MOST_HOURS = 24 * 365
_MOST_HOSTS = 20  # of a list; each is asked for its address before it is saved


class WebSourceRefusedError(ValueError):
    """The source cannot be saved. `str()` is a sentence for an editor, `field` what it is about."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


@dataclass(frozen=True)
class Wanted:
    """What an editor asks for, as it was typed in. `urls` is for a list, one address per line."""

    kind: str = Kind.PAGE
    url: str = ""
    urls: str = ""
    collection: str = ""
    audience: str = Audience.PUBLIC
    locale: str = ""
    refresh_hours: int = 24
    max_pages: int = 500
    publish: bool = True
    active: bool = True


@dataclass(frozen=True)
class CheckedSource:
    """A source that can be saved, made by check_web_source. Addresses are as they are fetched."""

    kind: WebSource.Kind
    addresses: list[str] = field(repr=False)
    collection: str
    audience: Audience
    locale: str
    refresh_hours: int
    max_pages: int
    publish: bool
    active: bool


def check_web_source(
    wanted: Wanted, *, existing: WebSource | None = None, resolver: Resolver = resolve
) -> CheckedSource:
    """Raw input → CheckedSource. Raises WebSourceRefusedError; changes nothing.

    `existing` is the source that is being changed. The hosts are looked up, nothing is fetched.
    """
    kind = Kind(wanted.kind)
    addresses = _check_addresses(kind, wanted)
    _check_hosts(kind, addresses, resolver)
    if not 0 <= wanted.refresh_hours <= MOST_HOURS:
        raise WebSourceRefusedError("refresh_hours", "Write hours from 0 (by hand) to 8760.")
    if not 1 <= wanted.max_pages <= MOST_PAGES:
        raise WebSourceRefusedError("max_pages", "Write a number of pages from 1 to 50,000.")
    if len(addresses) > wanted.max_pages:
        raise WebSourceRefusedError(
            "max_pages", f"The list has {len(addresses)} addresses. Allow at least as many pages."
        )
    locale = wanted.locale.strip() or default_locale()
    if not LANGUAGE_TAG.fullmatch(locale):
        raise WebSourceRefusedError("locale", "Write a language tag such as en or pt-BR.")
    collection = existing.collection.name if existing else wanted.collection.strip()
    checked = CheckedSource(
        kind=kind,
        addresses=addresses,
        collection=(collection or DEFAULT_COLLECTION)[:100],
        audience=Audience(wanted.audience),
        locale=locale,
        refresh_hours=wanted.refresh_hours,
        max_pages=wanted.max_pages,
        publish=wanted.publish,
        active=wanted.active,
    )
    _check_new(checked, existing)
    return checked


def _check_addresses(kind: WebSource.Kind, wanted: Wanted) -> list[str]:
    field = "urls" if kind == Kind.LIST else "url"
    lines = wanted.urls.split() if kind == Kind.LIST else [wanted.url.strip()]
    if not any(lines):
        raise WebSourceRefusedError(field, "Write an address such as https://shop.example/help.")
    addresses: dict[str, None] = {}
    for number, line in enumerate(lines, start=1):
        try:
            addresses[check_url(line)] = None
        except FetchError as error:
            place = f"Line {number}: " if kind == Kind.LIST else ""
            raise WebSourceRefusedError(field, f"{place}{error}") from error
    return list(addresses)


def _check_hosts(kind: WebSource.Kind, addresses: list[str], resolver: Resolver) -> None:
    field = "urls" if kind == Kind.LIST else "url"
    hosts = list(dict.fromkeys((host_of(url), port_of(url)) for url in addresses))
    for host, port in hosts[:_MOST_HOSTS]:
        try:
            addresses_of(host, port, resolver=resolver, allowed=settings.WEB_ALLOWED_PRIVATE_HOSTS)
        except AddressRefusedError:
            raise WebSourceRefusedError(
                field,
                f"“{host}” has a private address, which is not fetched from. If it is a host of "
                "your own, ask the operator to name it in SUPPORTBOT_WEB_ALLOWED_PRIVATE_HOSTS.",
            ) from None
        except (OSError, UnicodeError):
            raise WebSourceRefusedError(
                field, f"There is no host named “{host}”. Check the address."
            ) from None


def _check_new(checked: CheckedSource, existing: WebSource | None) -> None:
    if checked.kind == Kind.LIST:
        return
    same = WebSource.objects.filter(
        kind=checked.kind, url=checked.addresses[0], collection__name=checked.collection
    )
    if (same.exclude(pk=existing.pk) if existing else same).exists():
        raise WebSourceRefusedError(
            "url", f"This address is a source of the collection “{checked.collection}” already."
        )


@transaction.atomic
def create_web_source(
    *, checked: CheckedSource, created_by: AbstractBaseUser | None = None
) -> WebSource:
    """Save a source; its first run begins at once."""
    collection, _ = Collection.objects.get_or_create(name=checked.collection)
    source = WebSource.objects.create(
        **_columns(checked),
        collection=collection,
        next_run_at=timezone.now(),
        created_by_id=created_by.pk if created_by is not None else None,
    )
    wake_sync()
    return source


@transaction.atomic
def change_web_source(
    *, source: WebSource, checked: CheckedSource, by: AbstractBaseUser | None = None
) -> None:
    """Save changed terms. Another audience goes for what was read before as well, at once."""
    locked = WebSource.objects.select_for_update().get(pk=source.pk)
    columns = _columns(checked)
    listed_anew = ("kind", "url", "urls", "max_pages")
    if any(getattr(locked, name) != columns[name] for name in listed_anew):
        locked.next_run_at = timezone.now()
    elif locked.refresh_hours != checked.refresh_hours and locked.status == Status.IDLE:
        locked.next_run_at = _next_run(locked, checked.refresh_hours)
    if locked.audience != checked.audience:
        _change_audience(locked, checked.audience, by)
    for name, value in columns.items():
        setattr(locked, name, value)
    locked.save(update_fields=[*columns, "next_run_at"])
    source.refresh_from_db()
    wake_sync()


def _columns(checked: CheckedSource) -> dict[str, object]:
    is_list = checked.kind == Kind.LIST
    return {
        "kind": checked.kind,
        "url": "" if is_list else checked.addresses[0],
        "urls": "\n".join(checked.addresses) if is_list else "",
        "audience": checked.audience,
        "locale": checked.locale,
        "refresh_hours": checked.refresh_hours,
        "max_pages": checked.max_pages,
        "publish": checked.publish,
        "active": checked.active,
    }


def _next_run(source: WebSource, hours: int) -> dt.datetime | None:
    if not hours:
        return None
    return (source.last_finished_at or timezone.now()) + dt.timedelta(hours=hours)


def _change_audience(source: WebSource, audience: Audience, by: AbstractBaseUser | None) -> None:
    retired = DocumentVersion.State.RETIRED
    for version in (
        DocumentVersion.objects.filter(document__web_pages__source=source)
        .exclude(state=retired)
        .select_related("document")
        .defer("markdown", "page_starts")
        .distinct()
    ):
        terms = Terms(audience, version.effective_from, version.effective_until)
        change_terms(version=version, terms=terms, step=Step(by=by))


def refresh_web_source(*, source: WebSource) -> bool:
    """Begin a run now, or anew where one is under way. False when the source is switched off."""
    changed = WebSource.objects.filter(pk=source.pk, active=True).update(next_run_at=timezone.now())
    if changed:
        visits.forget_robots([source.url] if source.url else source.urls.split())
        wake_sync()
    return bool(changed)


def stop_web_source(*, source: WebSource) -> bool:
    """End the run that is under way; what it has read stays. False when there is none."""
    now = timezone.now()
    hours = dt.timedelta(hours=source.refresh_hours)
    return bool(
        WebSource.objects.filter(pk=source.pk, status=Status.RUNNING).update(
            status=Status.IDLE,
            last_finished_at=now,
            next_run_at=now + hours if hours else None,
            lease_token=None,
            lease_until=None,
            attempts=0,
        )
    )


@transaction.atomic
def delete_web_source(*, source: WebSource, retire: bool) -> int:
    """Delete a source. Its documents stay as they are, or their versions are retired.

    Returns how many documents it had.
    """
    WebSource.objects.select_for_update().get(pk=source.pk)
    pages = WebPage.objects.filter(source=source)
    documents = Document.objects.filter(web_pages__in=pages).distinct().count()
    if retire:
        retire_documents(pages, f"The web source “{source}” was deleted with its documents.")
    source.delete()
    return documents
