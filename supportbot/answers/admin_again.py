"""“Ask again with…” on the page of a run: then and now, side by side."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.views.decorators.http import require_POST

from supportbot.answers.again import ask_again, routes_to_choose
from supportbot.answers.errors import AnswerError
from supportbot.answers.models import AnswerRun
from supportbot.configuration.current import current
from supportbot.configuration.models import AnswerConfiguration

# It costs money, and shows what customers would not be told.
RIGHT = "configuration.change_answerconfiguration"
MOST_VERSIONS = 30


def again_context(request: HttpRequest, run: AnswerRun) -> dict[str, Any]:
    """What can be chosen; nothing for those who may not, or for a run without a question."""
    if not request.user.has_perm(RIGHT):
        return {}
    chosen = _version(request.POST.get("version", ""))
    return {
        "versions": AnswerConfiguration.objects.all()[:MOST_VERSIONS],
        "chosen": chosen,
        "choices": routes_to_choose(chosen.parsed),
        "chosen_route": request.POST.get("route", ""),
        "chosen_day": request.POST.get("day", ""),
    }


@require_POST
def again_view(request: HttpRequest, pk: UUID, site: Any) -> HttpResponse:
    """Ask the question of the run again, and show both answers."""
    run = get_object_or_404(site.get_queryset(request), pk=pk)
    if not (site.has_view_permission(request, run) and request.user.has_perm(RIGHT)):
        raise PermissionDenied
    context = again_context(request, run)
    try:
        day = dt.date.fromisoformat(context["chosen_day"]) if context["chosen_day"] else None
        route = context["chosen_route"]
        content = context["chosen"].parsed
        context["again"] = async_to_sync(ask_again)(run, content, route=route, day=day)
    except ValueError:
        context["problem"] = "Write the day as 2026-11-28."
    except AnswerError as error:
        context["problem"] = f"It could not be asked again: {error}."
    request.current_app = site.admin_site.name
    shared = {**site.admin_site.each_context(request), "opts": site.opts, "run": run}
    return TemplateResponse(request, "answers/admin/again.html", {**shared, **context})


def _version(asked: str) -> AnswerConfiguration:
    pk = int(asked) if asked.isdigit() else current().id
    return get_object_or_404(AnswerConfiguration, pk=pk)
