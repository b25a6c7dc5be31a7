"""What an answer does to a page's document: a new version, nothing, or its versions retired.

Everything here runs in the transaction of a step (queue.holding). Documents are changed before
the row of the page, in the order in which deleting a document locks both.
"""

from __future__ import annotations

import hashlib
import io

from django.db.models import Q, QuerySet
from django.utils import timezone

from knowledge.models import Document, DocumentVersion, WebPage
from knowledge.services.ingestion.documents import (
    UploadRefusedError,
    add_version,
    cancel_version,
    check_upload,
)
from knowledge.services.lifecycle.changes import Step
from knowledge.services.lifecycle.publishing import retire_version
from knowledge.web.content import Content
from knowledge.web.fetching import Fetched, FetchError, Kind

State = WebPage.State

MOST_TRIES = 3  # of a page in one run
TIMES_EXCLUDED = 2  # a robots.txt that is wrong for a day must not empty the product
_MOST_ID_CHARACTERS = 300
# States in which a page stands for its document.
_HOLDING = (State.CURRENT, State.DUPLICATE, State.FAILED)
# What is forgotten when versions are retired, so that the page counts as new when it comes back.
_NOTHING_KNOWN = {"etag": "", "last_modified": "", "content_hash": ""}


def keep(page: WebPage) -> None:
    """The site says that nothing has changed since the last time."""
    _save(page, state=State.CURRENT, http_status=304, failures=0, error="")


def take(page: WebPage, answer: Fetched, content: Content) -> None:
    """Make what was read the newest version of the page's document, unless it is that already.

    Raises FetchError (REFUSED) for a file that cannot be accepted.
    """
    page.canonical_url = content.canonical_url
    document: Document | None
    if (owner := _owner_of(page)) is not None:
        document = owner.document
        known = _NOTHING_KNOWN
    else:
        document = _add(page, content)
        known = {
            "etag": answer.etag,
            "last_modified": answer.last_modified,
            "content_hash": content.digest,
        }
    if page.document_id and (document is None or page.document_id != document.pk):
        _retire(page, f"“{page.url}” now leads to another page.")
    _save(
        page,
        state=State.CURRENT if owner is None else State.DUPLICATE,
        canonical_url=content.canonical_url,
        document=document,
        http_status=200,
        failures=0,
        error="",
        **known,
    )


def _add(page: WebPage, content: Content) -> Document:
    source = page.source
    external_id = external_id_of(content.canonical_url)
    if (
        page.document is not None
        and page.content_hash == content.digest
        and page.document.external_id == external_id
    ):
        return page.document
    try:
        upload = check_upload(
            io.BytesIO(content.data),
            file_name=content.file_name,
            collection=source.collection.name,
            external_id=external_id,
            title=content.title,
            audience=source.audience,
            locale=content.locale or source.locale,
            source_url=content.canonical_url,
            publish=source.publish,
        )
    except UploadRefusedError as error:
        raise FetchError(Kind.REFUSED, str(error)) from error
    version, _ = add_version(upload=upload, created_by=source.created_by)
    return version.document


def external_id_of(url: str) -> str:
    """The address, or so much of it that fits, told apart by its hash."""
    if len(url) <= _MOST_ID_CHARACTERS:
        return url
    digest = hashlib.sha256(url.encode()).hexdigest()
    return f"{url[: _MOST_ID_CHARACTERS - len(digest) - 1]}#{digest}"


def _owner_of(page: WebPage) -> WebPage | None:
    """The page that feeds the document instead of this one: the one at the canonical address, or,
    where that is not listed, the first that named it. None when it is this page."""
    others = (
        WebPage.objects.filter(source__collection_id=page.source.collection_id, missed=0)
        .exclude(pk=page.pk)
        .exclude(state__in=[State.GONE, State.EXCLUDED])
        .exclude(state=State.FAILED, document=None)
        .order_by("pk")
    )
    at_address = others.filter(url=page.canonical_url)
    if page.url == page.canonical_url:
        # The same address in another source of the collection.
        return at_address.filter(pk__lt=page.pk).first()
    if (named := at_address.first()) is not None:
        return named
    alike = others.filter(canonical_url=page.canonical_url, state=State.CURRENT).first()
    is_mine = page.state == State.CURRENT and alike is not None and page.pk < alike.pk
    return None if is_mine else alike


def lose(page: WebPage, error: FetchError) -> None:
    """Record that a page could not be had. Only what the site itself says retires anything."""
    match error.kind:
        case Kind.GONE:
            set_gone(page, str(error), status=error.status)
        case Kind.EXCLUDED:
            _exclude(page, str(error))
        case _:
            final = error.kind == Kind.REFUSED
            _save(
                page,
                state=page.state if page.state in {State.GONE, State.EXCLUDED} else State.FAILED,
                http_status=error.status,
                failures=max(page.failures, MOST_TRIES) if final else page.failures,
                error=str(error),
            )


def set_gone(page: WebPage, reason: str, *, status: int | None = None) -> None:
    """The page is gone: its versions are retired, unless another page stands for them."""
    _retire(page, reason)
    _save(page, state=State.GONE, http_status=status, failures=0, error=reason, **_NOTHING_KNOWN)


def _exclude(page: WebPage, reason: str) -> None:
    known = {}
    if page.state == State.EXCLUDED and page.failures >= TIMES_EXCLUDED:
        _retire(page, reason)
        known = _NOTHING_KNOWN
    _save(page, state=State.EXCLUDED, http_status=None, error=reason, **known)


def retire_documents(pages: QuerySet[WebPage], reason: str) -> None:
    """Retire what the pages brought in; for a source that is deleted with its documents."""
    for document in Document.objects.filter(web_pages__in=pages).distinct():
        held = WebPage.objects.filter(document=document, state__in=_HOLDING).exclude(pk__in=pages)
        if not held.exists():
            _retire_document(document, reason)


def _retire(page: WebPage, reason: str) -> None:
    if page.document is None:
        return
    held = WebPage.objects.filter(document=page.document, state__in=_HOLDING).exclude(pk=page.pk)
    if not held.exists():
        _retire_document(page.document, reason)


def _retire_document(document: Document, reason: str) -> None:
    """Nothing of it is served any more, and nothing that is still being read will be."""
    concerned = document.versions.filter(
        Q(state=DocumentVersion.State.PUBLISHED) | Q(status__in=DocumentVersion.IN_PROGRESS)
    )
    for version in concerned.defer("markdown", "page_starts"):
        cancel_version(version=version)
        if version.state == DocumentVersion.State.PUBLISHED:
            retire_version(version=version, step=Step(note=reason))


def _save(page: WebPage, **changes: object) -> None:
    changes["fetched_at"] = timezone.now()
    for name, value in changes.items():
        setattr(page, name, value)
    page.save(update_fields=list(changes))
