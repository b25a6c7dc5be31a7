"""Two stored runs side by side: chosen in the list of runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from supportbot.answers.models import AnswerRun
from supportbot.answers.verdict_words import explain_verdicts
from tickets.admin.base import user_of
from tickets.models.visibility import visible_by

TWO = 2
SHOWN_PASSAGES = 8


@admin.action(description="Compare two runs side by side")
def compare_two(
    modeladmin: Any, request: HttpRequest, queryset: QuerySet[AnswerRun]
) -> HttpResponse | None:
    """To the page that compares them; a message if there are not two."""
    chosen = [str(pk) for pk in queryset.order_by("created_at").values_list("pk", flat=True)[:3]]
    if len(chosen) != TWO:
        messages.error(request, "Choose two runs to compare them.")
        return None
    query = urlencode([("run", pk) for pk in chosen])
    return HttpResponseRedirect(f"{reverse('admin:answers_answerrun_compare')}?{query}")


@require_safe
def compare_view(request: HttpRequest, site: Any) -> HttpResponse:
    """Both answers with what led to them; what only one of them has is marked."""
    if not site.has_view_permission(request):
        raise PermissionDenied
    request.current_app = site.admin_site.name
    context = {
        **site.admin_site.each_context(request),
        "opts": site.opts,
        "title": "Two runs side by side",
        "sides": _sides(_runs(request.GET.getlist("run"), user_of(request))),
    }
    return TemplateResponse(request, "answers/admin/compare.html", context)


def _runs(asked: Sequence[str], reader: User) -> list[AnswerRun]:
    try:
        keys = [UUID(one) for one in asked]
    except ValueError as error:
        raise Http404("This is not the id of a run.") from error
    found = (
        visible_by(AnswerRun.objects.all(), reader, "conversation")
        .select_related("question", "configuration")
        .in_bulk(keys)
    )
    if len(found) != TWO:
        raise Http404("There are no such two runs.")
    return [found[key] for key in dict.fromkeys(keys)]


def _sides(runs: Sequence[AnswerRun]) -> list[dict[str, Any]]:
    return [_side(run, runs[1 - position]) for position, run in enumerate(runs)]


def _side(run: AnswerRun, other: AnswerRun) -> dict[str, Any]:
    said, cited = _shown(other), {one["passage_id"] for one in other.passages}
    return {
        "run": run,
        "facts": _facts(run, other),
        "verdicts": [
            {**one, "only_here": one["kept"] and (one.get("shown") or one["text"]) not in said}
            for one in explain_verdicts(run.verdicts)
        ],
        "passages": [
            {**one, "only_here": one["passage_id"] not in cited}
            for one in run.passages[:SHOWN_PASSAGES]
        ],
    }


def _shown(run: AnswerRun) -> set[str]:
    return {one.get("shown") or one["text"] for one in run.verdicts if one["kept"]}


def _facts(run: AnswerRun, other: AnswerRun) -> list[tuple[str, str, bool]]:
    """Name, value, and whether the other run has another."""
    mine, theirs = _values(run), _values(other)
    return [(name, value, value != theirs[name]) for name, value in mine.items()]


def _values(run: AnswerRun) -> dict[str, str]:
    answerability = run.retrieval.get("answerability")
    return {
        "Outcome": run.get_outcome_display() or run.get_status_display(),
        "Route": f"{run.route or 'none'}{f', {run.model}' if run.model else ''}",
        "Configuration": f"version {run.configuration_id}" if run.configuration_id else "none",
        "Prompt": f"{run.prompt_name} {run.prompt_hash[:12]}".strip() or "none",
        "Searched as": run.retrieval.get("asked", "") or "not searched",
        "Answerable": "unknown" if answerability is None else f"{answerability:.2f}",
        "First sentence": _milliseconds(run.first_sentence_ms),
        "Total": _milliseconds(run.total_ms),
        "Tokens": f"{run.tokens_in} in, {run.tokens_out} out",
        "Cost": f"{run.cost:.6f}" if run.cost else "nothing",
    }


def _milliseconds(value: int | None) -> str:
    return "none" if value is None else f"{value:,} ms"
