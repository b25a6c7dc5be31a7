"""The answer cache in the admin: what is given again, how often, and how often that was wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, cast

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Count, Max, Min, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import display

from knowledge.admin.base import ReadOnlyAdmin
from supportbot.answers.cache import NAME
from supportbot.answers.models import AnswerRun, CacheCheck, CachedAnswer
from tickets.admin.base import VisibleRows, local_time, shortened, time_column, user_of
from tickets.models.visibility import visible_by

DAYS = 30
LIST_CHARACTERS = 100
KEPT_SINCE = time_column("created_at", "kept since")


@dataclass(frozen=True)
class Figures:
    """Of the last DAYS days. A miss is an answer that was written from the documents. `wrong_most`
    is the upper end of the 95% interval (Clopper and Pearson, 1934)."""

    hits: int
    misses: int
    checked: int
    wrong: int
    entries: int
    oldest: Any

    @property
    def hit_rate(self) -> float:
        return 100 * self.hits / (self.hits + self.misses or 1)

    @property
    def wrong_rate(self) -> float:
        return 100 * self.wrong / (self.checked or 1)

    @property
    def wrong_most(self) -> float:
        from scipy import stats  # takes half a second

        interval = stats.binomtest(self.wrong, self.checked).proportion_ci(method="exact")
        return 100 * float(interval.high)


def figures(user: User) -> Figures:
    """Of what the user may see."""
    since = timezone.now() - timedelta(days=DAYS)
    seen = visible_by(AnswerRun.objects.all(), user, "conversation")
    runs = seen.filter(created_at__gte=since, outcome=AnswerRun.Outcome.ANSWERED)
    runs = runs.exclude(delivery=AnswerRun.Delivery.COMPARED)
    hits = runs.filter(route=NAME).count()
    checked = visible_by(CacheCheck.objects.all(), user, "new_run__conversation")
    checks = checked.filter(created_at__gte=since)
    answers = visible_by(CachedAnswer.objects.all(), user, "run__conversation")
    kept = answers.aggregate(count=Count("pk"), oldest=Min("created_at"))
    return Figures(
        hits=hits,
        misses=runs.exclude(route__in=[NAME, "curated"]).count(),
        checked=checks.count(),
        wrong=checks.filter(agrees=False).count(),
        entries=kept["count"],
        oldest=kept["oldest"],
    )


@admin.register(CachedAnswer)
class CachedAnswerAdmin(VisibleRows, ModelAdmin):  # type: ignore[misc]  # no types
    conversation_path = "run__conversation"
    list_per_page = 50
    """Deleting one here only means that the next customer's answer is written anew."""

    list_display = ("question_text", "audience", "hits", "last_hit", KEPT_SINCE, "written_by")
    list_filter = ("reader", "created_at")
    list_before_template = "answers/admin/cache.html"
    list_select_related = ("run",)
    search_fields = ("question",)
    search_help_text = "Words of the question"
    fields = (
        *("question", "answer", "reader", "day"),
        *(KEPT_SINCE, time_column("checked_at", "passages last checked")),
        "written_by",
    )
    readonly_fields = ("answer", "written_by")

    def get_queryset(self, request: HttpRequest) -> QuerySet[CachedAnswer]:
        seen = visible_by(AnswerRun.objects.all(), user_of(request), "conversation")
        given = seen.filter(source_run=OuterRef("run"), route=NAME).order_by()
        counted = given.values("source_run")
        answers: QuerySet[CachedAnswer] = super().get_queryset(request)
        return answers.annotate(
            hit_count=Subquery(counted.annotate(count=Count("pk")).values("count")),
            hit_last=Subquery(counted.annotate(last=Max("created_at")).values("last")),
        )

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        context = {"figures": figures(user_of(request)), "days": DAYS, **(extra_context or {})}
        return cast(HttpResponse, super().changelist_view(request, context))

    @display(description="question", ordering="question")  # type: ignore[untyped-decorator]
    def question_text(self, answer: CachedAnswer) -> str:
        return shortened(answer.question)

    @display(description="for", ordering="reader")  # type: ignore[untyped-decorator]
    def audience(self, answer: CachedAnswer) -> str:
        return answer.get_reader_display()

    @display(description="given again", ordering="hit_count")  # type: ignore[untyped-decorator]
    def hits(self, answer: Any) -> str:
        count = answer.hit_count or 0
        return "once" if count == 1 else f"{count:,} times"

    @display(description="last given", ordering="hit_last")  # type: ignore[untyped-decorator]
    def last_hit(self, answer: Any) -> SafeString | str:
        return local_time(answer.hit_last) if answer.hit_last else "never"

    @display(description="written by")  # type: ignore[untyped-decorator]
    def written_by(self, answer: CachedAnswer) -> SafeString:
        return _run_link(answer.run, answer.run.route)

    @display(description="answer")  # type: ignore[untyped-decorator]
    def answer(self, answer: CachedAnswer) -> str:
        return " ".join(sentence["text"] for sentence in answer.sentences)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(CacheCheck)
class CacheCheckAdmin(VisibleRows, ReadOnlyAdmin):
    conversation_path = "new_run__conversation"
    list_per_page = 50
    list_display = ("question_text", "result", "cached", "new", time_column("created_at", "when"))
    list_filter = ("agrees", "created_at")
    list_select_related = ("cached_run", "new_run")
    search_fields = ("question",)
    actions = None
    LABELS: ClassVar[dict[str, str]] = {"Agrees": "success", "Rests on something else": "danger"}

    @display(description="question")  # type: ignore[untyped-decorator]
    def question_text(self, check: CacheCheck) -> str:
        return shortened(check.question)

    @display(description="result", label=LABELS, ordering="agrees")  # type: ignore[untyped-decorator]
    def result(self, check: CacheCheck) -> str:
        return "Agrees" if check.agrees else "Rests on something else"

    @display(description="given")  # type: ignore[untyped-decorator]
    def cached(self, check: CacheCheck) -> SafeString:
        return _run_link(check.cached_run, "The cached answer's run")

    @display(description="written anew")  # type: ignore[untyped-decorator]
    def new(self, check: CacheCheck) -> SafeString:
        return _run_link(check.new_run, "The new answer's run")


def _run_link(run: AnswerRun, text: str) -> SafeString:
    url = reverse("admin:answers_answerrun_change", args=[run.pk])
    return format_html('<a class="sb-link" href="{}">{}</a>', url, text)
