"""The page of edited answers: which documents' drafts agents change, and why."""

from __future__ import annotations

import datetime as dt

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.utils import timezone

from supportbot.learning.edits import APPROVED, EDITED, REJECTED, edits_by_document, read_drafts
from tickets.admin.base import user_of

RIGHTS = ("tickets.view_draft", "knowledge.view_document")
DAYS = (30, 90, 365)
OUTCOMES = (EDITED, REJECTED, APPROVED)
ON_A_PAGE = 50


def edits_view(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """`?days=` how far back; with `?document=` the drafts that cited it, of one `?outcome=`."""
    if request.method not in {"GET", "HEAD"}:
        return HttpResponseNotAllowed(["GET", "HEAD"])
    if not request.user.has_perms(RIGHTS):
        raise PermissionDenied
    asked = request.GET.get("days", "")
    days = int(asked) if asked in map(str, DAYS) else DAYS[1]
    rows = edits_by_document(user=user_of(request), since=timezone.now() - dt.timedelta(days=days))
    outcome = request.GET.get("outcome", "")
    context = {
        **site.each_context(request),
        "title": "Edited answers",
        "days": days,
        "choices": DAYS,
        "outcome": outcome if outcome in OUTCOMES else "",
        "outcomes": OUTCOMES,
    }
    if "document" in request.GET:
        chosen = next((r for r in rows if str(r.document.pk) == request.GET["document"]), None)
        if chosen is None:
            raise Http404
        held = [d for d in chosen.decisions if outcome not in OUTCOMES or d.outcome == outcome]
        context |= {"chosen": chosen, "title": f"Edited answers: {chosen.document}"}
        context["page"] = page = Paginator(held, ON_A_PAGE).get_page(request.GET.get("page"))
        context["drafts"] = read_drafts(list(page.object_list))
    else:
        context["page"] = Paginator(rows, ON_A_PAGE).get_page(request.GET.get("page"))
    request.current_app = site.name
    return TemplateResponse(request, "learning/admin/edits.html", context)
