"""Tickets in the admin: the queue, and the page where an agent works on one."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    JsonResponse,
)
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import path, reverse
from django.utils.safestring import SafeString
from unfold.decorators import display

from tickets.admin.actions import ACTIONS
from tickets.admin.base import RecordAdmin, labels, local_time, user_of
from tickets.admin.desk import desk_context, news_after, side_context, waiting_counts
from tickets.admin.notices import notices
from tickets.models import Draft, Ticket
from tickets.services import audit
from tickets.services.conversations import mark_seen
from tickets.services.names import display_name
from tickets.services.search import matching
from tickets.services.sla import status_of, with_clocks
from tickets.states import DONE

Status = Ticket.Status
STATUS_LABELS = labels(
    [
        (Status.NEW, "danger"),
        (Status.OPEN, "warning"),
        (Status.REOPENED, "warning"),
        (Status.PENDING, "info"),
        (Status.SOLVED, "success"),
    ]
)
Priority = Ticket.Priority
PRIORITY_LABELS = {"Urgent": "danger", "High": "warning", "Low": "info"}
SLA_LABELS = {"breached": "danger", "soon": "warning", "running": "info"}
LAST_SEQ = 2**31 - 1  # of a PositiveIntegerField


class QueueFilter(admin.SimpleListFilter):
    """Which part of the queue: without a choice, what is unsolved."""

    title = "queue"
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("mine", "Mine"),
            ("unassigned", "Assigned to nobody"),
            *((status.value, str(status.label)) for status in Status),
            ("all", "All"),
        ]

    def choices(self, changelist: Any) -> Any:
        """Django calls the empty choice “All”; here it is what is unsolved."""
        default, *others = super().choices(changelist)
        yield {**default, "display": "Unsolved"}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = self.value()
        if wanted == "all":
            return queryset
        if wanted in Status.values:
            return queryset.filter(status=wanted)
        unsolved = queryset.exclude(status__in=DONE)
        if wanted == "mine":
            return unsolved.filter(assignee=user_of(request))
        if wanted == "unassigned":
            return unsolved.filter(assignee=None)
        return unsolved


def queue_tabs(chosen: str) -> list[dict[str, Any]]:
    """The parts of the queue that agents go between all day, as links above the list."""
    parts = [
        ("", "Unsolved"),
        ("mine", "Mine"),
        ("unassigned", "Assigned to nobody"),
        (Status.SOLVED.value, "Solved"),
        ("all", "All"),
    ]
    return [
        {"value": value, "words": words, "is_chosen": value == chosen} for value, words in parts
    ]


@admin.register(Ticket)
class TicketAdmin(RecordAdmin):
    list_display = (
        "number",
        "subject",
        "urgency",
        "status_label",
        "customer",
        "assignee",
        "sla",
        "waiting_drafts",
        "last_activity",
    )
    list_display_links = ("number", "subject")
    list_filter = (
        QueueFilter,
        "priority",
        ("assignee", admin.RelatedOnlyFieldListFilter),
    )
    list_before_template = "tickets/admin/queue.html"
    list_select_related = ("conversation__customer", "assignee")
    search_fields = ("subject",)  # shows the box; get_search_results searches
    search_help_text = "Number, subject, customer, or words of the conversation and its notes"
    ordering = ("-conversation__updated_at",)
    list_per_page = 50
    actions = None
    page_template = "tickets/admin/ticket.html"

    class Media:
        js: ClassVar = ["tickets/desk.js"]

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        return [
            path("waiting/", view(self.waiting), name="tickets_ticket_waiting"),
            path("<int:pk>/do/<slug:name>/", view(self.act), name="tickets_ticket_do"),
            path("<int:pk>/news/", view(self.news), name="tickets_ticket_news"),
            *super().get_urls(),
        ]

    # -- The queue -------------------------------------------------------------------------------
    def get_queryset(self, request: HttpRequest) -> QuerySet[Ticket]:
        tickets: QuerySet[Ticket] = super().get_queryset(request).visible_to(user_of(request))
        waiting = Count("drafts", filter=Q(drafts__status=Draft.Status.PENDING), distinct=True)
        return with_clocks(tickets.annotate(waiting=waiting))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Ticket], search_term: str
    ) -> tuple[QuerySet[Ticket], bool]:
        return matching(queryset, search_term), False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        tabs = queue_tabs(request.GET.get(QueueFilter.parameter_name, ""))
        context = {**(extra_context or {}), "tabs": tabs, "notices": notices()}
        return super().changelist_view(request, context)

    @display(description="#", ordering="pk")  # type: ignore[untyped-decorator]
    def number(self, ticket: Ticket) -> str:
        return f"#{ticket.pk}"

    @display(description="priority", ordering="priority", label=PRIORITY_LABELS)  # type: ignore[untyped-decorator]
    def urgency(self, ticket: Ticket) -> str:
        return ticket.get_priority_display() if ticket.priority != Priority.NORMAL else ""

    @display(description="status", ordering="status", label=STATUS_LABELS)  # type: ignore[untyped-decorator]
    def status_label(self, ticket: Ticket) -> tuple[str, str]:
        return ticket.status, ticket.get_status_display()

    @display(description="customer", ordering="conversation__customer__name")  # type: ignore[untyped-decorator]
    def customer(self, ticket: Ticket) -> str:
        return str(ticket.conversation.customer)

    @display(description="service level", label=SLA_LABELS)  # type: ignore[untyped-decorator]
    def sla(self, ticket: Ticket) -> tuple[str, str] | str:
        clocks = status_of(ticket)
        return (clocks[0].state, clocks[0].words) if clocks else ""

    @display(description="drafts waiting", ordering="waiting")  # type: ignore[untyped-decorator]
    def waiting_drafts(self, ticket: Ticket) -> str:
        return str(getattr(ticket, "waiting", 0) or "-")

    @display(description="last activity", ordering="conversation__updated_at")  # type: ignore[untyped-decorator]
    def last_activity(self, ticket: Ticket) -> SafeString:
        return local_time(max(ticket.updated_at, ticket.conversation.updated_at))

    def waiting(self, request: HttpRequest) -> HttpResponse:
        """How much waits for an agent, by the address of the list that it stands in."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        counts = {
            reverse(f"admin:{model.replace('.', '_')}_changelist"): count
            for model, count in waiting_counts(user_of(request)).items()
        }
        return JsonResponse(counts)

    # -- The desk --------------------------------------------------------------------------------
    def page_context(self, request: HttpRequest, found: Any) -> dict[str, Any]:
        audit.record_view(target=found.conversation, actor=user_of(request))
        self._note_reader(request, found, found.conversation.last_seq)
        return {**desk_context(found), "seen_as": display_name(user_of(request))}

    def _note_reader(self, request: HttpRequest, ticket: Ticket, seq: int) -> None:
        # Who may not answer the customer has not read it for those who must.
        if self.has_change_permission(request, ticket):
            mark_seen(conversation=ticket.conversation, seq=seq)

    def act(self, request: HttpRequest, pk: int, name: str) -> HttpResponse:
        """Do one of ACTIONS. What cannot be done is said on the page, with what was typed kept."""
        ticket = get_object_or_404(self.get_queryset(request), pk=pk)
        if request.method != "POST":
            return _to_ticket(pk)  # a reload of the page that told of a refusal
        if not self.has_change_permission(request, ticket):
            raise PermissionDenied
        if name not in ACTIONS:
            raise Http404
        try:
            done = ACTIONS[name](ticket, user_of(request), request.POST)
        except ValueError as error:
            messages.error(request, str(error))
            ticket = self.get_queryset(request).get(pk=pk)
            unsent = _unsent(request, ticket)
            return self.render_page(request, ticket, status=409, **unsent)
        messages.success(request, done)
        return _to_ticket(pk)

    def news(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What happened after event `after`, drawn with the page's own templates."""
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        tickets = Ticket.objects.visible_to(user_of(request))
        ticket = get_object_or_404(
            tickets.select_related("conversation__customer", "conversation__agent", "assignee"),
            pk=pk,
        )
        if not self.has_view_permission(request, ticket):
            raise PermissionDenied
        after = request.GET.get("after", "")
        found = news_after(ticket, min(int(after), LAST_SEQ) if _is_number(after) else LAST_SEQ)
        if request.GET.get("seen"):
            self._note_reader(request, ticket, found.seq)
        shown = {int(pk) for pk in request.GET.get("shown", "").split(",") if _is_number(pk)}
        context = {
            **side_context(ticket),
            "can_change": self.has_change_permission(request, ticket),
        }
        draw = partial(render_to_string, request=request)
        return JsonResponse(
            {
                "seq": found.seq,
                "messages": [
                    draw("tickets/admin/message.html", {**context, "message": message})
                    for message in found.messages
                ],
                "drafts": [draft.pk for draft in found.drafts],
                "cards": [
                    draw("tickets/admin/draft.html", {**context, "draft": draft})
                    for draft in found.drafts
                    if draft.pk not in shown
                ],
                "side_state": context["side_state"],
                "side": draw("tickets/admin/ticket_side.html", context),
            }
        )


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _to_ticket(pk: int) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("admin:tickets_ticket_change", args=[pk]))


def _unsent(request: HttpRequest, ticket: Ticket) -> dict[str, Any]:
    """What the agent typed: back in its draft, or, once that is decided, in the free reply."""
    text, number = request.POST.get("text", ""), request.POST.get("draft", "")
    draft = ticket.drafts.filter(pk=number).first() if number.isdecimal() else None
    if draft is not None and draft.status == Draft.Status.PENDING:
        return {"unsent_draft": draft.pk, "unsent_draft_text": text}
    if draft is not None and draft.text.strip() == text.replace("\r\n", "\n").strip():
        return {}  # the draft's own words, which the other agent has decided on already
    return {"unsent": text}
