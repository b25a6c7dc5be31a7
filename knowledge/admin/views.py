"""The desk's own views: a version's file, text and pages, the comparison, the steps, undo.

Each parses, asks one function for what to show or to do, and renders.
"""

from __future__ import annotations

import hashlib
import uuid

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotModified,
    HttpResponseRedirect,
    JsonResponse,
    QueryDict,
    StreamingHttpResponse,
)
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.http import content_disposition_header, quote_etag

from knowledge.admin import bulk, listing
from knowledge.admin.base import Desk, ids_in, to_document, user_of
from knowledge.admin.compare import compare_context
from knowledge.admin.history import events_of, history_rows
from knowledge.admin.rendering import DPI, PageNotDrawnError, draw_page
from knowledge.admin.source import read_context
from knowledge.admin.steps import STEPS, note_in
from knowledge.admin.undo import offer_undo, undo_all
from knowledge.admin.warnings import bring_back_warning, dismiss_warning
from knowledge.models import Document, DocumentEvent, VersionWarning
from knowledge.rights import moves_what_is_served
from knowledge.services.lifecycle.changes import Step
from knowledge.streaming import file_parts, stream

POLLED = 200  # documents or versions asked about in one request
EVENTS_PER_PAGE = 50
LEFT_SHOWN = 5  # sentences on what was not changed
WEEK_SECONDS = 7 * 24 * 3600


# -- Looking --------------------------------------------------------------------------------------
def show_progress(desk: Desk, request: HttpRequest) -> HttpResponse:
    """The present cells of the documents in `ids` and of the versions in `versions`, and how many
    documents are in progress."""
    if not desk.has_view_permission(request):
        return JsonResponse({}, status=403)
    documents = listing.with_versions(Document.objects.all()).filter(
        pk__in=ids_in(request.GET.get("ids", ""), POLLED)
    )
    versions = listing.LIGHT_VERSIONS.filter(pk__in=ids_in(request.GET.get("versions", ""), POLLED))
    return JsonResponse(
        {
            "documents": {
                document.pk: {
                    "status": listing.render_status(listing.newest_of(document)),
                    "state": listing.render_state(document),
                    "warnings": listing.render_warnings(document),
                }
                for document in documents
            },
            "versions": {
                version.pk: {
                    "status": "checking" if version.is_awaiting_check else version.status,
                    "html": listing.render_status(version),
                    "done": version.progress_done,
                    "total": version.progress_total,
                }
                for version in versions
            },
            "in_progress": listing.count_in_progress(),
        }
    )


def show_file(desk: Desk, request: HttpRequest, pk: int) -> HttpResponse | StreamingHttpResponse:
    """The stored file, always as a download: it is a stranger's bytes on the admin's origin."""
    version = desk.version(request, pk)
    try:
        content = version.file.open("rb")
    except (FileNotFoundError, ValueError):
        messages.error(
            request, f"The file “{version.file_name}” is no longer stored. Upload it again."
        )
        return to_document(version)
    parts = file_parts(content)
    response = stream(request, parts, content_type="application/octet-stream")
    response["Content-Length"] = str(version.file.size)
    header = content_disposition_header(as_attachment=True, filename=version.file_name)
    response["Content-Disposition"] = str(header)
    response["X-Content-Type-Options"] = "nosniff"
    return response


def show_text(desk: Desk, request: HttpRequest, pk: int) -> HttpResponse:
    """The text as it was read, as plain text."""
    version = desk.version(request, pk)
    response = HttpResponse(version.markdown, content_type="text/plain; charset=utf-8")
    response["X-Content-Type-Options"] = "nosniff"
    return response


def show_page(desk: Desk, request: HttpRequest, pk: int, page: int) -> HttpResponse:
    """One page of a PDF as a picture. A version's file never changes, so browsers keep it."""
    version = desk.version(request, pk)
    if version.media_type != "application/pdf" or not 1 <= page <= len(version.page_starts):
        raise Http404
    etag = quote_etag(hashlib.sha256(f"{version.content_hash} {page} {DPI}".encode()).hexdigest())
    response: HttpResponse
    if request.headers.get("If-None-Match") == etag:
        response = HttpResponseNotModified()
    else:
        try:
            response = HttpResponse(draw_page(version, page), content_type="image/png")
        except PageNotDrawnError as error:
            return HttpResponse(str(error), status=422, content_type="text/plain; charset=utf-8")
    response["ETag"] = etag
    patch_cache_control(response, private=True, max_age=WEEK_SECONDS, immutable=True)
    return response


def show_reading(desk: Desk, request: HttpRequest, pk: int) -> HttpResponse:
    """The source beside the text beside the passages."""
    version = desk.version(request, pk)
    return desk.page(
        request,
        "read",
        title=f"{version.document.title}, version {version.number}",
        document=version.document,
        original=version.document,
        version=version,
        is_nav_sidebar_enabled=False,  # three columns need the width
        is_fullwidth="1",
        **read_context(version, request.GET),
    )


def show_comparison(desk: Desk, request: HttpRequest, pk: int) -> HttpResponse:
    document = desk.document(request, pk)
    context = compare_context(document, request.GET)
    title = f"{document.title}: what changed"
    return desk.page(
        request, "compare", title=title, document=document, original=document, **context
    )


def show_history(desk: Desk, request: HttpRequest, document: Document) -> HttpResponse:
    """Who changed what, the latest first."""
    page = Paginator(events_of(document.pk), EVENTS_PER_PAGE).get_page(request.GET.get("p", "1"))
    return desk.page(
        request,
        "history",
        title=f"{document.title}: history",
        document=document,
        original=document,
        page=page,
        events=history_rows(list(page)),
    )


# -- Changing -------------------------------------------------------------------------------------
def do_step(desk: Desk, request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """POST: one of STEPS on one version. The upload page's script wants the sentence as JSON."""
    desk.require_change(request)
    version, action = desk.version(request, pk), STEPS[name]
    if action.publishes(version):
        desk.require_publisher(request)
    step = Step(by=user_of(request), batch=uuid.uuid4(), note=note_in(request.POST))
    as_json = request.headers.get("Accept") == "application/json"
    try:
        said = action.run(version, step, request.POST)
    except ValueError as error:
        if as_json:
            return JsonResponse({"text": str(error)}, status=409)
        messages.error(request, str(error))
        return to_document(version)
    if as_json:
        return JsonResponse({"text": said})
    if action.undoable and step.batch is not None:
        offer_undo(request, step.batch, said)
    else:
        messages.success(request, said)
    return to_document(version)


def dismiss(desk: Desk, request: HttpRequest, pk: int) -> HttpResponse:
    """POST: set a warning aside."""
    desk.require_change(request)
    warning = _warning(pk)
    if dismiss_warning(warning=warning, by=user_of(request)):
        messages.success(request, "The warning is dismissed.")
    else:
        messages.info(request, "The warning was dismissed before.")
    return to_document(warning.version)


def bring_back(desk: Desk, request: HttpRequest, pk: int) -> HttpResponse:
    """POST: open a dismissed warning again."""
    desk.require_change(request)
    warning = _warning(pk)
    if bring_back_warning(warning=warning, by=user_of(request)):
        messages.success(request, "The warning is back.")
    else:
        messages.info(request, "The warning was not dismissed.")
    return to_document(warning.version)


def _warning(pk: int) -> VersionWarning:
    found = VersionWarning.objects.select_related("version__document")
    return get_object_or_404(found.defer("version__markdown", "version__page_starts"), pk=pk)


def tell_left(request: HttpRequest, left: list[str]) -> None:
    """What was not changed, and why; the first few of many."""
    if not left:
        return
    more = len(left) - LEFT_SHOWN
    said = " ".join(left[:LEFT_SHOWN])
    what = (
        "1 document was left as it was" if len(left) == 1 else f"{len(left)} were left as they were"
    )
    also = f" And {more} more." if more > 0 else ""
    messages.warning(request, f"{what}: {said}{also}")


def do_undo(desk: Desk, request: HttpRequest, **which: uuid.UUID | int) -> HttpResponse:
    """POST: put back what was done together (`batch`), or one step of a history (`pk`)."""
    desk.require_change(request)
    events = DocumentEvent.objects.filter(**which)
    if moves_what_is_served(events):
        desk.require_publisher(request)
    last_first = list(events.order_by("-pk").values_list("pk", flat=True))
    if len(last_first) > 1:
        return bulk.undo_together(request, last_first)
    undone = undo_all(events=events, step=Step(by=user_of(request), batch=uuid.uuid4()))
    if undone.count:
        steps = "1 step" if undone.count == 1 else f"{undone.count} steps"
        messages.success(request, f"Undone: {steps}.")
    elif not undone.left:
        messages.error(request, "There is nothing to undo.")
    tell_left(request, undone.left)
    back = ids_in(request.POST.get("document", ""), 1)
    if back and Document.objects.filter(pk=back[0]).exists():
        return HttpResponseRedirect(reverse("admin:knowledge_document_change", args=back))
    return to_list()


def to_list(query: str = "") -> HttpResponseRedirect:
    """Back to the list, filtered as it was."""
    kept = QueryDict(query).urlencode()
    url = reverse("admin:knowledge_document_changelist")
    return HttpResponseRedirect(f"{url}?{kept}" if kept else url)
