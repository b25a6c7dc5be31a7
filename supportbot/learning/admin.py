"""Unanswered questions in the admin: the list of groups, and a page for each of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.safestring import SafeString
from unfold.decorators import display

from supportbot.answers.errors import AnswerError
from supportbot.learning.admin_edits import edits_view
from supportbot.learning.admin_proposals import ProposalAdmin
from supportbot.learning.filters import OpenUnlessAsked
from supportbot.learning.groups import (
    ask_again,
    begin_curated_answer,
    begin_document,
    dismiss_group,
    groups_for,
    questions_for,
    reopen_group,
)
from supportbot.learning.models import QuestionGroup
from tickets.admin.base import RecordAdmin, labels, local_time, shortened, user_of

__all__ = ["ProposalAdmin", "QuestionGroupAdmin"]
ON_A_PAGE = 50
_Status = QuestionGroup.Status


class StatusFilter(OpenUnlessAsked):
    open_as = "Unanswered"
    others: ClassVar = [
        (_Status.ANSWERED.value, "Answered now"),
        (_Status.DISMISSED.value, "Dismissed"),
    ]


@admin.register(QuestionGroup)
class QuestionGroupAdmin(RecordAdmin):
    page_template = "learning/admin/group.html"
    list_before_template = "learning/admin/above_groups.html"
    list_display = ("question", "times", "week", "week_before", "last", "status_label")
    list_filter = (StatusFilter,)
    list_per_page = ON_A_PAGE
    search_fields = ("pk",)  # for the box alone: see get_search_results
    search_help_text = "Words of a question"
    actions = None
    LABELS: ClassVar = labels(
        [(_Status.OPEN, "warning"), (_Status.ANSWERED, "success"), (_Status.DISMISSED, "info")]
    )

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.change_group_view)
        name = "learning_questiongroup_do"
        edits = self.admin_site.admin_view(partial(edits_view, site=self.admin_site))
        return [
            path("<int:pk>/do/<slug:verb>/", view, name=name),
            path("edited-answers/", edits, name="learning_questiongroup_edits"),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[QuestionGroup]:
        return groups_for(user_of(request))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Words of questions that the user may see."""
        if not (wanted := search_term.strip()):
            return queryset, False
        found = questions_for(user_of(request))
        for word in wanted.split():
            found = found.filter(text__icontains=word)
        return queryset.filter(pk__in=found.values("group")), False

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        return ("-this_week", "-asked", "-pk")  # a check refuses annotations in `ordering`

    @display(description="asked first as")  # type: ignore[untyped-decorator]
    def question(self, group: Any) -> str:
        return shortened(group.words)

    @display(description="asked", ordering="asked")  # type: ignore[untyped-decorator]
    def times(self, group: Any) -> int:
        return int(group.asked)

    @display(description="this week", ordering="this_week")  # type: ignore[untyped-decorator]
    def week(self, group: Any) -> str:
        return f"{group.this_week} {trend_of(group.this_week, group.last_week)}".strip()

    @display(description="week before", ordering="last_week")  # type: ignore[untyped-decorator]
    def week_before(self, group: Any) -> int:
        return int(group.last_week)

    @display(description="last asked", ordering="last_asked")  # type: ignore[untyped-decorator]
    def last(self, group: Any) -> SafeString:
        return local_time(group.last_asked)

    @display(description="state", label=LABELS)  # type: ignore[untyped-decorator]
    def status_label(self, group: QuestionGroup) -> tuple[str, str]:
        return group.status, group.get_status_display()

    def page_context(self, request: HttpRequest, found: Any) -> dict[str, Any]:
        user = user_of(request)
        rows = questions_for(user).filter(group=found).select_related("run")
        page = Paginator(rows, ON_A_PAGE).get_page(request.GET.get("page"))
        return {
            "title": shortened(found.words),
            "page": page,
            "closed_itself": found.status == _Status.ANSWERED and found.closed_by_id is None,
            "trend": trend_of(found.this_week, found.last_week),
            "may_begin_document": user.has_perm("knowledge.add_document"),
            "may_begin_curated": user.has_perm("knowledge.add_curatedanswer"),
        }

    def change_group_view(self, request: HttpRequest, pk: int, verb: str) -> HttpResponse:
        """POST: one of VERBS."""
        if verb not in self.VERBS:
            return HttpResponse(status=404)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        group = get_object_or_404(self.get_queryset(request), pk=pk)
        right, act = self.VERBS[verb]
        may_change = self.has_change_permission(request, group)
        if not may_change or (right and not request.user.has_perm(right)):
            raise PermissionDenied
        try:
            return act(self, request, group)
        except (ValueError, AnswerError) as error:
            messages.error(request, str(error))
            return _to_page(group)

    def _dismiss(self, request: HttpRequest, group: QuestionGroup) -> HttpResponse:
        dismiss_group(group=group, by=user_of(request))
        messages.success(request, "Dismissed. “Put back” on its page undoes it.")
        return _to_page(group)

    def _reopen(self, request: HttpRequest, group: QuestionGroup) -> HttpResponse:
        reopen_group(group=group, by=user_of(request))
        messages.success(request, "It is among the unanswered questions again.")
        return _to_page(group)

    def _ask_again(self, request: HttpRequest, group: QuestionGroup) -> HttpResponse:
        results = ask_again(group=group, by=user_of(request))
        fresh = get_object_or_404(self.get_queryset(request), pk=group.pk)
        return self.render_page(
            request, fresh, results=results, answered=sum(one.is_answered for one in results)
        )

    def _document(self, request: HttpRequest, group: QuestionGroup) -> HttpResponse:
        document = begin_document(group=group, by=user_of(request))
        messages.success(
            request,
            "The draft has the questions as headings. Write the answers with “Correct the text”, "
            "and submit or publish it then.",
        )
        url = reverse("admin:knowledge_document_change", args=[document.pk])
        return HttpResponseRedirect(url)

    def _curated(self, request: HttpRequest, group: QuestionGroup) -> HttpResponse:
        answer = begin_curated_answer(group=group, by=user_of(request))
        messages.success(
            request,
            "Write the answer and name the documents it rests on. Whoever has the right to publish "
            "switches it on.",
        )
        url = reverse("admin:knowledge_curatedanswer_change", args=[answer.pk])
        return HttpResponseRedirect(url)

    VERBS: ClassVar[dict[str, tuple[str, Callable[..., HttpResponse]]]] = {
        "dismiss": ("", _dismiss),
        "reopen": ("", _reopen),
        "ask-again": ("", _ask_again),
        "document": ("knowledge.add_document", _document),
        "curated": ("knowledge.add_curatedanswer", _curated),
    }


def trend_of(this_week: int, last_week: int) -> str:
    """More or fewer than in the week before; "" for as many."""
    if this_week == last_week:
        return ""
    return "(more)" if this_week > last_week else "(fewer)"


def _to_page(group: QuestionGroup) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("admin:learning_questiongroup_change", args=[group.pk]))
