"""Doing something with many documents: asking first, starting the job, showing how far it is."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    JsonResponse,
    QueryDict,
)
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from knowledge.admin import listing
from knowledge.admin.base import Desk, ids_in, user_of
from knowledge.models import BulkJob, Document
from knowledge.services.lifecycle import bulk
from knowledge.services.lifecycle.bulk import BULK, MOST_DOCUMENTS, Choice

LISTED = 50  # titles that a confirmation names
LEFT_LISTED = 200  # sentences on what was left as it was
NOT_BEGUN_AFTER = dt.timedelta(seconds=20)


def offer_bulk(
    desk: Desk, request: HttpRequest, queryset: QuerySet[Document], name: str
) -> HttpResponse | None:
    """An action of the list: ask first where readers are touched, else start it at once."""
    action = BULK[name]
    documents = list(queryset.order_by("title", "pk")[: MOST_DOCUMENTS + 1])
    if len(documents) > MOST_DOCUMENTS:
        messages.error(request, f"Choose at most {MOST_DOCUMENTS:,} documents at once.")
        return None
    back = request.GET.urlencode()
    if not action.confirmed:
        return _start(request, name, [document.pk for document in documents], back)
    choices = bulk.plan(action, documents)
    return desk.page(
        request,
        "confirm",
        title=f"{action.verb} documents",
        name=name,
        action=action,
        back=back,
        ids=",".join(str(choice.document.pk) for choice in choices if choice.versions),
        **describe_plan(choices),
    )


def describe_plan(choices: list[Choice]) -> dict[str, Any]:
    """The counts and names that a confirmation shows."""
    today = timezone.localdate()
    versions = [version for choice in choices for version in choice.versions]
    changed = [choice.document for choice in choices if choice.versions]
    later = sum(1 for v in versions if v.effective_from and v.effective_from > today)
    return {
        "changed": changed[:LISTED],
        "count": len(changed),
        "more": max(0, len(changed) - LISTED),
        "left": Counter(choice.reason for choice in choices if not choice.versions).most_common(),
        "left_count": sum(1 for choice in choices if not choice.versions),
        "audiences": Counter(str(v.get_audience_display()) for v in versions).most_common(),
        "versions": len(versions),
        "later": later,
        "replacing": sum(1 for one in changed if listing.in_effect_of(one, today)),
        "warned": sum(1 for one in changed if getattr(one, "open_warnings", 0)),
        "unchecked": sum(1 for version in versions if version.checked_at is None),
    }


def do_bulk(desk: Desk, request: HttpRequest, name: str) -> HttpResponse:
    """POST: what a confirmation asked about, for the documents in `ids`."""
    desk.require_change(request)
    if name not in BULK:
        raise Http404
    if BULK[name].publishes:
        desk.require_publisher(request)
    ids = ids_in(request.POST.get("ids", ""), MOST_DOCUMENTS)
    known = Document.objects.filter(pk__in=ids).order_by("title", "pk")
    return _start(
        request, name, list(known.values_list("pk", flat=True)), request.POST.get("back", "")
    )


def undo_together(request: HttpRequest, event_ids: list[int]) -> HttpResponse:
    """Undo many steps, the last first, by a job."""
    return _start(request, bulk.UNDO, event_ids, "")


def _start(request: HttpRequest, name: str, items: list[int], back: str) -> HttpResponse:
    job = bulk.start_job(action=name, items=items, by=user_of(request))
    url = reverse("admin:knowledge_document_job", args=[job.pk])
    return HttpResponseRedirect(f"{url}?{urlencode({'back': back})}" if back else url)


def show_job(desk: Desk, request: HttpRequest, job: uuid.UUID) -> HttpResponse:
    """How far a job is, and in the end what it did; to the page's script as JSON."""
    if not desk.has_view_permission(request):
        raise Http404
    context = describe_job(get_object_or_404(BulkJob, pk=job))
    if request.headers.get("Accept") == "application/json":
        html = render_to_string("knowledge/admin/job_body.html", context, request)
        return JsonResponse({"finished": context["finished"], "html": html})
    back = QueryDict(request.GET.get("back", "")).urlencode()
    return desk.page(request, "job", title=context["heading"], back=back, **context)


def describe_job(job: BulkJob) -> dict[str, Any]:
    finished = job.finished_at is not None
    action = BULK.get(job.action)
    what = "step" if action is None else "document"
    doing, done = (action.doing, action.done) if action else ("Undoing", "Undone:")
    verb, number = (done, job.changed) if finished else (doing, job.total)
    is_late = job.done == 0 and timezone.now() - job.created_at > NOT_BEGUN_AFTER
    return {
        "job": job,
        "heading": f"{verb} {_count(number, what)}",
        "finished": finished,
        "undoable": finished and job.changed and action is not None and action.undoable,
        "left": job.left[:LEFT_LISTED],
        "left_more": max(0, len(job.left) - LEFT_LISTED),
        "not_begun": not finished and is_late,
    }


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
