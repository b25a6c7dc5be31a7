"""The guardrails page: what fired lately and what agents thought of it, the detectors' cards, a box
to try a message, and what other thresholds would change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, ClassVar, cast

from asgiref.sync import async_to_sync
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST
from unfold.decorators import display

from knowledge.admin.base import ReadOnlyAdmin, number_in, user_of
from supportbot.answers.models import AnswerRun, FiredRule
from supportbot.answers.policy_check import compare, last_messages, try_message
from supportbot.configuration.content import Configuration
from supportbot.configuration.current import current_content
from supportbot.configuration.models import AnswerConfiguration
from supportbot.guardrails.detectors.registry import DETECTORS, thresholds
from supportbot.guardrails.policy.library import rules_for
from supportbot.guardrails.policy.rules import Outcome
from tickets.admin.base import VisibleRows, time_column
from tickets.models.visibility import visible_by
from tickets.services import audit

DAYS = 7
MESSAGES = 200  # stored ones that are looked at again
MOST_VERSIONS = 30
LONGEST = 4000
Opinion = FiredRule.Opinion


def _seen_by(user: User) -> QuerySet[FiredRule]:
    return visible_by(FiredRule.objects.all(), user, "run__conversation")


def stopped_lately(user: User) -> list[str]:
    """For the queue of agents: what rules have blocked in a day and nobody has judged yet."""
    rows = _seen_by(user).filter(
        outcome=Outcome.BLOCK, opinion="", created_at__gte=timezone.now() - timedelta(days=1)
    )
    counts = rows.values_list("rule").annotate(count=Count("pk")).order_by("rule")
    return [
        f"The rule “{rule}” has stopped {count} {'text' if count == 1 else 'texts'} in the last 24 "
        "hours. Look at what it was under Guardrails, and say whether it was right."
        for rule, count in counts
    ]


@admin.action(description="These were right", permissions=["judge"])
def were_right(modeladmin: Any, request: HttpRequest, queryset: QuerySet[FiredRule]) -> None:
    _judge(request, queryset, Opinion.RIGHT)


@admin.action(description="These were false alarms", permissions=["judge"])
def were_false(modeladmin: Any, request: HttpRequest, queryset: QuerySet[FiredRule]) -> None:
    _judge(request, queryset, Opinion.FALSE_ALARM)


def may_judge(request: HttpRequest) -> bool:
    return user_of(request).has_perm("answers.change_firedrule")


def fired_in(request: HttpRequest, run: AnswerRun) -> dict[str, Any]:
    """For the page of a run: its rules that fired, and whether the reader may say what they think
    of them."""
    rows = _seen_by(user_of(request)).filter(run=run).select_related("opinion_by").order_by("id")
    return {"fired": rows, "may_judge": may_judge(request)}


def _judge(request: HttpRequest, queryset: QuerySet[FiredRule], opinion: Opinion) -> None:
    rows = list(queryset.select_related("run"))
    FiredRule.objects.filter(pk__in=[row.pk for row in rows]).update(
        opinion=opinion, opinion_by=user_of(request)
    )
    for row in rows:
        audit.record(
            action="rule.judged", target=row, actor=user_of(request), rule=row.rule, opinion=opinion
        )
    count = len(rows)
    said = "1 was marked." if count == 1 else f"{count} were marked."
    messages.success(request, said)


@admin.register(FiredRule)
class FiredRuleAdmin(VisibleRows, ReadOnlyAdmin):
    conversation_path = "run__conversation"
    list_display = (
        *("rule", "on", "outcome_label", "opinion_label"),
        *(time_column("created_at", "when"), "why"),
    )
    list_filter = ("rule", "stage", "outcome", "opinion", "created_at")
    list_select_related = ("run", "run__question", "opinion_by")
    list_before_template = "answers/admin/guardrails.html"
    search_fields = ("rule", "text", "run__question__text", "run__question_text")
    search_help_text = "A rule, or words of the message or sentence"
    list_per_page = 50
    actions = (were_right, were_false)
    show_add_link = False
    OUTCOMES: ClassVar = {"refuse": "warning", "hand over": "info", "block": "danger"}
    OPINIONS: ClassVar = {"Right": "success", "False alarm": "danger"}

    class Media:
        css: ClassVar = {"all": ["knowledge/desk.css"]}

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        return [
            path("try/", view(self.try_view), name="answers_firedrule_try"),
            path("<int:pk>/judge/", view(self.judge_view), name="answers_firedrule_judge"),
            *super().get_urls(),
        ]

    def has_judge_permission(self, request: HttpRequest) -> bool:
        return may_judge(request)

    @method_decorator(require_POST)
    def judge_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What somebody thinks of one rule that fired, said on the page of its run."""
        if not (self.has_view_permission(request) and may_judge(request)):
            raise PermissionDenied
        rows = _seen_by(user_of(request)).filter(pk=pk)
        row, opinion = get_object_or_404(rows), request.POST.get("opinion")
        if opinion in Opinion.values:
            _judge(request, rows, Opinion(opinion))
        address = reverse("admin:answers_answerrun_change", args=[row.run_id])
        return HttpResponseRedirect(f"{address}#policy-title")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        content = current_content()
        context = {
            "title": "Guardrails",
            "days": DAYS,
            "lately": fired_lately(user_of(request)),
            "cards": cards(content),
            "problem": rules_for(content.policy).problem,
            "versions": AnswerConfiguration.objects.all()[:MOST_VERSIONS],
            **(extra_context or {}),
        }
        return cast(HttpResponse, super().changelist_view(request, context))

    @display(description="on")  # type: ignore[untyped-decorator]
    def on(self, row: FiredRule) -> str:
        text = " ".join((row.text or row.run.asked).split())
        shown = text if len(text) <= 100 else f"{text[:99]}…"  # noqa: PLR2004
        return f"{row.stage}: {shown}"

    @display(description="outcome", ordering="outcome", label=OUTCOMES)  # type: ignore[untyped-decorator]
    def outcome_label(self, row: FiredRule) -> str:
        return row.outcome.replace("_", " ")

    @display(description="agents say", ordering="opinion", label=OPINIONS)  # type: ignore[untyped-decorator]
    def opinion_label(self, row: FiredRule) -> str:
        return row.get_opinion_display() or "nothing yet"

    @display(description="why")  # type: ignore[untyped-decorator]
    def why(self, row: FiredRule) -> SafeString:
        url = reverse("admin:answers_answerrun_change", args=[row.run_id])
        return format_html('<a class="sb-link" href="{}">The run</a>', url)

    def try_view(self, request: HttpRequest) -> HttpResponse:
        """A message before what is in effect and before another version or other thresholds."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        now = current_content()
        other = _other(request, now)
        text = request.POST.get("text", "").strip()[:LONGEST]
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Try the guardrails",
            "text": text,
            "versions": AnswerConfiguration.objects.all()[:MOST_VERSIONS],
            "chosen": number_in(request.POST.get("version"), 0),
            "sliders": _sliders(other),
        }
        if request.method == "POST" and text:
            context["tried"] = [
                ("In effect", async_to_sync(try_message)(text, now)),
                ("As you have chosen", async_to_sync(try_message)(text, other)),
            ]
        if request.method == "POST" and "compare" in request.POST:
            stored = async_to_sync(last_messages)(MESSAGES, user_of(request))
            context["looked_at"] = len(stored)
            changed = async_to_sync(compare)(now, other, stored)
            context["changed"] = changed
            context["kinds"] = Counter(
                (one.before.outcome.words, one.after.outcome.words) for one in changed
            ).most_common()
        return TemplateResponse(request, "answers/admin/try_guardrails.html", context)


def fired_lately(user: User) -> list[dict[str, Any]]:
    """Per rule of the last days: how often it fired where the user may look, and what agents
    thought of it."""
    since = timezone.now() - timedelta(days=DAYS)
    counted: Iterable[Any] = (
        _seen_by(user)
        .filter(created_at__gte=since)
        .order_by()
        .values("rule", "outcome")
        .annotate(
            fired=Count("pk"),
            right=Count("pk", filter=Q(opinion=Opinion.RIGHT)),
            false=Count("pk", filter=Q(opinion=Opinion.FALSE_ALARM)),
        )
    )
    rows = [{**row, "words": row["outcome"].replace("_", " ")} for row in counted]
    return sorted(rows, key=lambda row: -row["fired"])


def cards(content: Configuration) -> list[dict[str, Any]]:
    """The detectors as they are in effect."""
    limits = thresholds(content.thresholds)
    return [
        {
            "name": one.name.replace("_", " "),
            "is_on": one.name not in content.detectors_off,
            "card": one.card,
            "stages": ", ".join(sorted(stage.value for stage in one.stages)),
            "limits": [(kind.replace("_", " "), limits[kind]) for kind in one.thresholds],
        }
        for one in DETECTORS
    ]


def _other(request: HttpRequest, now: Configuration) -> Configuration:
    """The chosen version with the thresholds of the sliders."""
    pk = number_in(request.POST.get("version"), 0)
    row = AnswerConfiguration.objects.filter(pk=pk).first() if pk else None
    content = row.parsed if row else now
    changed = dict(content.thresholds)
    for kind in thresholds({}):
        try:
            value = float(request.POST.get(f"threshold_{kind}", ""))
        except ValueError:
            continue
        if 0 < value <= 1:
            changed[kind] = value
    return content.model_copy(update={"thresholds": changed})


def _sliders(content: Configuration) -> list[tuple[str, str, float]]:
    """Name, label and value of each threshold."""
    limits = thresholds(content.thresholds)
    return [(kind, kind.replace("_", " "), value) for kind, value in limits.items()]
