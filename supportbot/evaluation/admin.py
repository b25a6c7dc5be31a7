"""Evaluation runs in the admin: quality over time, and what one run found. Nothing is changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
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
    GUARDRAIL_MEASURES,
    INJECTION_ARMS,
    INJECTION_MEASURES,
    MEASURES,
    PII_MEASURES,
    RERANKED,
    TRIAGE_ARMS,
    TRIAGE_MEASURES,
)
from tickets.admin.base import RecordAdmin, time_column

DRAWN_RUNS = 500  # over all folders
# In the order of the page.
_ARMS = tuple(dict.fromkeys((*ARMS, *ANSWER_ARMS, *GROUNDING_ARMS, *INJECTION_ARMS, *TRIAGE_ARMS)))
_OF_GUARDRAILS = (*GROUNDING_MEASURES, *INJECTION_MEASURES, *PII_MEASURES, *GUARDRAIL_MEASURES)
_MEASURES = tuple(dict.fromkeys((*MEASURES, *ANSWER_MEASURES, *_OF_GUARDRAILS, *TRIAGE_MEASURES)))


@admin.register(EvaluationRun)
class EvaluationRunAdmin(RecordAdmin):
    page_template = "evaluation/admin/run.html"
    list_display = (
        *("data", "name", "quality", "questions", "index_model", "code"),
        time_column("created_at", "when"),
    )
    list_filter = ("name", "data", "created_at")
    list_before_template = "evaluation/admin/charts.html"
    list_per_page = 50
    actions = None

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
        return super().changelist_view(request, context)

    def page_context(self, request: HttpRequest, found: EvaluationRun) -> dict[str, Any]:
        """What one run found."""
        bins = found.figures.get("reliability", [])
        arms = found.figures.get("arms", {})
        measures = _measures(arms)
        return {
            "title": f"{found.name.capitalize()} on {found.data}",
            "run": found,
            "measures": measures,
            "arms": [_row(name, arm, measures) for name, arm in _in_order(arms)],
            "differences": [
                (base, [(name, by_name[name]) for name in ANSWER_MEASURES if name in by_name])
                for base, by_name in _in_order(found.figures.get("differences", {}))
            ],
            "settings": [(name, _in_words(value)) for name, value in _in_order(found.settings)],
            "bins": bins,
            "calibration": charts.draw_calibration(bins),
            "side": charts.SIDE,
        }

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
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
