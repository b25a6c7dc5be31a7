"""Evaluation runs in the admin: quality over time, and what one run found. Nothing is changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from unfold.admin import ModelAdmin
from unfold.decorators import display

from supportbot.evaluation import charts
from supportbot.evaluation.models import EvaluationRun
from supportbot.evaluation.names import (
    ANSWER_ARMS,
    ANSWER_MEASURES,
    ANSWERS,
    ARMS,
    FUSED,
    GROUNDING_ARMS,
    GROUNDING_MEASURES,
    MEASURES,
    RERANKED,
)

DRAWN_RUNS = 500  # over all folders
# In the order of the page.
_ARMS = tuple(dict.fromkeys((*ARMS, *ANSWER_ARMS, *GROUNDING_ARMS)))
_MEASURES = tuple(dict.fromkeys((*MEASURES, *ANSWER_MEASURES, *GROUNDING_MEASURES)))


@admin.register(EvaluationRun)
class EvaluationRunAdmin(ModelAdmin):  # type: ignore[misc]  # unfold carries no types
    list_display = ("data", "name", "quality", "questions", "index_model", "code", "created_at")
    list_display_links = ("data", "created_at")
    list_filter = ("name", "data", "created_at")
    list_before_template = "evaluation/admin/charts.html"
    list_per_page = 50
    actions = None
    show_add_link = False

    @display(description="quality")  # type: ignore[untyped-decorator]
    def quality(self, run: EvaluationRun) -> str:
        """Of what the product does."""
        figures = (charts.figure_of(run, arm) for arm in (RERANKED, FUSED, ANSWERS))
        figure = next(filter(None, figures), None)
        return f"{figure['value']:.3f} {charts.measure_of(run)}" if figure else "–"

    @display(description="code", ordering="code_version")  # type: ignore[untyped-decorator]
    def code(self, run: EvaluationRun) -> str:
        return run.code_version or "–"

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The list, below a chart for each folder; with a filter on one, below its chart alone."""
        runs = EvaluationRun.objects.all()
        if data := request.GET.get("data"):
            runs = runs.filter(data=data)
        context = {**(extra_context or {}), "charts": charts.draw_runs(runs[:DRAWN_RUNS])}
        context |= {"plot": charts}
        return cast(HttpResponse, super().changelist_view(request, context))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """What one run found."""
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET", "HEAD"])
        run = self.get_object(request, object_id)
        if run is None:
            redirect = self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
            return cast(HttpResponse, redirect)
        if not self.has_view_permission(request, run):
            raise PermissionDenied
        request.current_app = self.admin_site.name
        bins = run.figures.get("reliability", [])
        arms = run.figures.get("arms", {})
        measures = _measures(arms)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": run,
            "title": f"{run.name.capitalize()} on {run.data}",
            "run": run,
            "measures": measures,
            "arms": [_row(name, arm, measures) for name, arm in _in_order(arms)],
            "differences": [
                (base, [(name, found[name]) for name in ANSWER_MEASURES if name in found])
                for base, found in _in_order(run.figures.get("differences", {}))
            ],
            "settings": [(name, _in_words(value)) for name, value in _in_order(run.settings)],
            "bins": bins,
            "calibration": charts.draw_calibration(bins),
            "side": charts.SIDE,
        }
        return TemplateResponse(request, "evaluation/admin/run.html", context)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _in_order(by_arm: dict[str, Any]) -> list[tuple[str, Any]]:
    """The database keeps the keys of JSON in an order of its own."""
    order = {name: number for number, name in enumerate(_ARMS)}
    return sorted(by_arm.items(), key=lambda item: (order.get(item[0], len(order)), item[0]))


def _measures(arms: dict[str, Any]) -> list[str]:
    """Those that any arm has a figure of."""
    return [name for name in _MEASURES if any(name in a for a in arms.values())]


def _row(name: str, arm: dict[str, Any], measures: Sequence[str]) -> dict[str, Any]:
    return {
        "name": name,
        "figures": [arm.get(measure) for measure in measures],
        "p50_ms": arm.get("p50_ms"),
        "p95_ms": arm.get("p95_ms"),
    }


def _in_words(settings: Any) -> str:
    if not isinstance(settings, dict):
        return str(settings)
    return ", ".join(f"{name} {value}" for name, value in settings.items())
