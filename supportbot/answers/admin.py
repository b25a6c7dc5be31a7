"""Answer runs in the admin, read-only: why the bot said what it said."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path
from unfold.decorators import display

from supportbot.answers.admin_again import again_context, again_view
from supportbot.answers.admin_cache import CacheCheckAdmin, CachedAnswerAdmin
from supportbot.answers.admin_compare import compare_two, compare_view
from supportbot.answers.admin_guardrails import FiredRuleAdmin, fired_in, stopped_lately
from supportbot.answers.admin_model_calls import calls_of
from supportbot.answers.admin_promote import promote_view
from supportbot.answers.admin_recall import CitesFilter, asked_for, recall_view
from supportbot.answers.models import AnswerRun
from supportbot.answers.spending import notices
from supportbot.answers.verdict_words import explain_policy, explain_verdicts
from supportbot.configuration.current import current_content
from tickets.admin.base import RecordAdmin, VisibleRows, time_column
from tickets.admin.notices import register_notices

__all__ = ["AnswerRunAdmin", "CacheCheckAdmin", "CachedAnswerAdmin", "FiredRuleAdmin"]

Outcome = AnswerRun.Outcome
QUESTION_CHARACTERS = 100
TIMELINE_WIDTH = 600  # in the drawing's own units; the page scales it
ROW_HEIGHT = 22

register_notices(lambda _: notices())
register_notices(stopped_lately)


@dataclass(frozen=True)
class Bar:
    """One stage in the timeline; x and width in units of TIMELINE_WIDTH."""

    stage: str
    start_ms: int
    end_ms: int
    x: float
    width: float
    y: int


def draw_timeline(stages: list[dict[str, Any]]) -> list[Bar]:
    """Stages in the order they began, to scale. Stages that stream overlap."""
    end = max((stage["end_ms"] for stage in stages), default=0) or 1
    scale = TIMELINE_WIDTH / end
    return [
        Bar(
            stage=stage["stage"],
            start_ms=stage["start_ms"],
            end_ms=stage["end_ms"],
            x=round(stage["start_ms"] * scale, 1),
            width=round(max((stage["end_ms"] - stage["start_ms"]) * scale, 2), 1),
            y=row * ROW_HEIGHT,
        )
        for row, stage in enumerate(sorted(stages, key=lambda s: (s["start_ms"], -s["end_ms"])))
    ]


@admin.register(AnswerRun)
class AnswerRunAdmin(VisibleRows, RecordAdmin):
    page_template = "answers/admin/run.html"
    list_display = (
        "asked",  # not question_text: Django would show the field of that name, mostly empty
        "outcome_label",
        "route",
        "first_sentence",
        "total",
        time_column("created_at", "asked"),
    )
    list_filter = (CitesFilter, "outcome", "route", "status", "delivery", "created_at")
    list_before_template = "answers/admin/citing.html"
    list_select_related = ("question",)
    search_fields = ("question__text", "question_text", "model")
    search_help_text = "Words of the question, or a model"
    list_per_page = 50
    actions = (compare_two,)
    LABELS: ClassVar[dict[str, str]] = {
        Outcome.ANSWERED.value: "success",
        Outcome.NO_ANSWER.value: "warning",
        Outcome.HANDED_OVER.value: "info",
        Outcome.FAILED.value: "danger",
    }

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(recall_view)
        again = self.admin_site.admin_view(partial(again_view, site=self))
        compare = self.admin_site.admin_view(partial(compare_view, site=self))
        return [
            path("recall/<str:cites>/", view, name="answers_answerrun_recall"),
            path("<uuid:pk>/again/", again, name="answers_answerrun_again"),
            path("compare/", compare, name="answers_answerrun_compare"),
            path(
                "promote/",
                self.admin_site.admin_view(promote_view),
                name="answers_answerrun_promote",
            ),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        context = {**(extra_context or {}), "citing": asked_for(request)}
        return super().changelist_view(request, context)

    def get_queryset(self, request: HttpRequest) -> QuerySet[AnswerRun]:
        runs: QuerySet[AnswerRun] = super().get_queryset(request)
        return runs.select_related("question")

    @display(description="question")  # type: ignore[untyped-decorator]
    def asked(self, run: AnswerRun) -> str:
        text = run.question_text if run.question is None else run.question.text
        if len(text) <= QUESTION_CHARACTERS:
            return text
        return f"{text[: QUESTION_CHARACTERS - 1]}…"

    @display(description="outcome", ordering="outcome", label=LABELS)  # type: ignore[untyped-decorator]
    def outcome_label(self, run: AnswerRun) -> tuple[str, str]:
        return run.outcome, run.get_outcome_display() or run.get_status_display()

    @display(description="first sentence", ordering="first_sentence_ms")  # type: ignore[untyped-decorator]
    def first_sentence(self, run: AnswerRun) -> str:
        return _milliseconds(run.first_sentence_ms)

    @display(description="total", ordering="total_ms")  # type: ignore[untyped-decorator]
    def total(self, run: AnswerRun) -> str:
        return _milliseconds(run.total_ms)

    def page_context(self, request: HttpRequest, found: AnswerRun) -> dict[str, Any]:
        """The page “Why this answer”."""
        return {
            "title": "Why this answer",
            "run": found,
            "timeline": draw_timeline(found.stages),
            "timeline_height": len(found.stages) * ROW_HEIGHT,
            "verdicts": explain_verdicts(found.verdicts),
            "policy": explain_policy(found.policy),
            "answerability_min": _answerability_min(found),
            "routes": explain_routes(found),
            "calls": calls_of(found),
            **again_context(request, found),
            **fired_in(request, found),
        }

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def explain_routes(run: AnswerRun) -> list[dict[str, str]]:
    """The routes of the decision in their order, then those left out, each with what became of it.
    Tried twice, the last time counts."""
    became = {one["route"]: one["became"] for one in run.routing.get("tried", [])}
    details = {one["route"]: one["detail"] for one in run.fallbacks}
    rows = []
    for one in run.routing.get("candidates", []):
        ended = became.get(one["route"], "not needed").replace("_", " ")
        detail = details.get(one["route"])
        rows.append({**one, "became": f"{ended}: {detail}" if detail else ended})
    left_out = [{**one, "became": "left out"} for one in run.routing.get("left_out", [])]
    return rows + left_out


def _answerability_min(run: AnswerRun) -> float:
    if run.configuration is not None:
        return run.configuration.parsed.answerability_min
    return current_content().answerability_min


def _milliseconds(value: int | None) -> str:
    return "-" if value is None else f"{value:,} ms"
