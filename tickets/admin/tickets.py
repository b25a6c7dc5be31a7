"""Tickets in the admin: the list of all; one is worked on at the desk."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import path, reverse
from django.utils.safestring import SafeString
from unfold.decorators import display

from tickets.admin.base import RecordAdmin, StaffFilter, labels, local_time, user_of
from tickets.admin.desk import waiting_counts
from tickets.admin.notices import notices
from tickets.models import Draft, Ticket
from tickets.services.names import staff_name
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
        "assigned_to",
        "sla",
        "waiting_drafts",
        "last_activity",
    )
    list_display_links = ("number", "subject")
    list_filter = (
        QueueFilter,
        "priority",
        ("assignee", StaffFilter),
    )
    list_before_template = "tickets/admin/queue.html"
    list_select_related = ("conversation__customer", "assignee")
    search_fields = ("subject",)  # shows the box; get_search_results searches
    search_help_text = "Number, subject, customer, or words of the conversation and its notes"
    ordering = ("-conversation__updated_at",)
    actions = None

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        return [
            path("waiting/", view(self.waiting), name="tickets_ticket_waiting"),
            *super().get_urls(),
        ]

    # -- The queue -------------------------------------------------------------------------------
    def get_queryset(self, request: HttpRequest) -> QuerySet[Ticket]:
        tickets: QuerySet[Ticket] = super().get_queryset(request).visible_to(user_of(request))
        pending = Draft.objects.filter(ticket=OuterRef("pk"), status=Draft.Status.PENDING)
        counted = pending.order_by().values("ticket").annotate(number=Count("pk")).values("number")
        return with_clocks(tickets.annotate(waiting=Coalesce(Subquery(counted), 0)))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Ticket], search_term: str
    ) -> tuple[QuerySet[Ticket], bool]:
        return matching(queryset, search_term, user_of(request)), False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        tabs = queue_tabs(request.GET.get(QueueFilter.parameter_name, ""))
        context = {**(extra_context or {}), "tabs": tabs, "notices": notices(user_of(request))}
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

    @display(description="assignee", ordering="assignee")  # type: ignore[untyped-decorator]
    def assigned_to(self, ticket: Ticket) -> str:
        return staff_name(ticket.assignee) if ticket.assignee else "-"

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

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """A ticket is worked on at the desk."""
        found = self.get_object(request, object_id)
        if found is None:
            missing = self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
            return cast(HttpResponse, missing)
        if not self.has_view_permission(request, found):
            raise PermissionDenied
        return HttpResponseRedirect(reverse("desk:ticket", args=[found.pk]))
