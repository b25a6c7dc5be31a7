"""Drafts, customers and the audit log: lists that lead to the right page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from itertools import islice
from typing import Any, ClassVar

from asgiref.sync import sync_to_async
from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.core.handlers.asgi import ASGIRequest
from django.db.models import Case, Count, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from tickets.admin.audit import details_of, names_in, words_of
from tickets.admin.audit_filters import ActionFilter, ActorFilter, AreaFilter, WhenFilter
from tickets.admin.base import RecordAdmin, labels, shortened, time_column, user_of
from tickets.admin.conversations import with_last_words
from tickets.models import AuditEntry, Conversation, Customer, Draft
from tickets.services import audit
from tickets.services.audit_export import FORMATS, export_parts
from tickets.services.erasure import erase_customer
from tickets.services.names import people_called, staff_name
from tickets.services.sign_out import sign_out

CONTENT_TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl"}
ROWS_AT_ONCE = 500
LINKED = {"ticket", "conversation", "customer", "draft"}  # what entries of the log lead to


@admin.register(Draft)
class DraftAdmin(RecordAdmin):
    """Drafts are decided on their ticket's page; this is the list, those that wait first."""

    list_display = (
        "question_text",
        "status_label",
        "customer",
        "decider",
        time_column("created_at", "written"),
    )
    list_filter = ("status", "created_at")
    list_select_related = ("question", "decided_by", "ticket__conversation__customer")
    search_fields = ("question__text", "text")
    search_help_text = "Words of the question or of the draft"
    actions = None
    LABELS: ClassVar = labels(
        [
            (Draft.Status.PENDING, "warning"),
            (Draft.Status.APPROVED, "success"),
            (Draft.Status.REJECTED, "danger"),
            (Draft.Status.WITHDRAWN, "info"),
        ]
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Draft]:
        drafts: QuerySet[Draft] = super().get_queryset(request).visible_to(user_of(request))
        return drafts

    def get_ordering(self, request: HttpRequest) -> Any:
        waiting = When(status=Draft.Status.PENDING, then=Value(0))
        return (Case(waiting, default=Value(1)).asc(), "-created_at")

    def page_url(self, draft: Draft) -> str:
        url = reverse("admin:tickets_ticket_change", args=[draft.ticket_id])
        return f"{url}#draft-{draft.pk}"

    def render_page(
        self, request: HttpRequest, found: Any, *, status: int = 200, **extra: Any
    ) -> HttpResponse:
        return HttpResponseRedirect(self.page_url(found))

    @display(description="question")  # type: ignore[untyped-decorator]
    def question_text(self, draft: Draft) -> str:
        return shortened(draft.question.text)

    @display(description="status", ordering="status", label=LABELS)  # type: ignore[untyped-decorator]
    def status_label(self, draft: Draft) -> tuple[str, str]:
        return draft.status, draft.get_status_display()

    @display(description="customer")  # type: ignore[untyped-decorator]
    def customer(self, draft: Draft) -> str:
        return str(draft.ticket.conversation.customer)

    @display(description="decided by", ordering="decided_by")  # type: ignore[untyped-decorator]
    def decider(self, draft: Draft) -> str:
        return staff_name(draft.decided_by) if draft.decided_by else "-"


@admin.register(Customer)
class CustomerAdmin(RecordAdmin):
    list_display = ("__str__", "email", "conversation_count", time_column("created_at", "since"))
    list_filter = ("created_at",)
    search_fields = ("=id", "name", "email")
    search_help_text = "Name or e-mail address"
    actions = None
    page_template = "tickets/admin/customer.html"

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.sign_out_view)
        return [
            path("<uuid:pk>/sign-out/", view, name="tickets_customer_sign_out"),
            path(
                "<uuid:pk>/erase/",
                self.admin_site.admin_view(self.erase_view),
                name="tickets_customer_erase",
            ),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Customer]:
        user = user_of(request)
        customers: QuerySet[Customer] = super().get_queryset(request).visible_to(user)
        own = Conversation.objects.visible_to(user).filter(customer=OuterRef("pk")).order_by()
        held = own.values("customer").annotate(number=Count("pk")).values("number")
        return customers.annotate(held=Coalesce(Subquery(held), 0))

    @display(description="conversations", ordering="held")  # type: ignore[untyped-decorator]
    def conversation_count(self, customer: Customer) -> int:
        return int(getattr(customer, "held", 0))

    def page_context(self, request: HttpRequest, found: Any) -> dict[str, Any]:
        audit.record_view(target=found, actor=user_of(request))
        seen = found.conversations.visible_to(user_of(request))
        conversations = with_last_words(seen.prefetch_related("tickets"))
        return {
            "customer": found,
            "conversations": list(conversations),
            "can_erase": may_erase(request),
        }

    def sign_out_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """POST: refuse every token that the customer has."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        customer = get_object_or_404(Customer.objects.visible_to(user_of(request)), pk=pk)
        if not self.has_change_permission(request, customer):
            raise PermissionDenied
        sign_out(customer=customer, agent=user_of(request))
        messages.success(request, f"{customer} is signed out on every device.")
        return HttpResponseRedirect(reverse("admin:tickets_customer_change", args=[pk]))

    def erase_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """What will go, and, once the name is typed, its erasure."""
        customer = get_object_or_404(self.get_queryset(request), pk=pk)
        if not may_erase(request):
            raise PermissionDenied
        typed, reason = request.POST.get("name", ""), request.POST.get("reason", "")[:500]
        problem = ""
        if request.method == "POST":
            try:
                user = user_of(request)
                erase_customer(customer=customer, agent=user, confirmation=typed, reason=reason)
            except ValueError as error:
                problem = str(error)
            else:
                messages.success(request, "The customer and everything they said are erased.")
                return HttpResponseRedirect(reverse("admin:tickets_customer_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Erase a customer",
            "customer": customer,
            "problem": problem,
            "typed": typed,
            "reason": reason,
        }
        status = 400 if problem else 200
        return TemplateResponse(request, "tickets/admin/erase.html", context, status=status)


def _in_turn(request: HttpRequest, parts: Iterator[str]) -> Iterator[str] | AsyncIterator[str]:
    """Of a plain iterator Django under ASGI would first make a list."""
    return _one_by_one(parts) if isinstance(request, ASGIRequest) else parts


async def _one_by_one(parts: Iterator[str]) -> AsyncIterator[str]:
    while chunk := await sync_to_async(lambda: "".join(islice(parts, ROWS_AT_ONCE)))():
        yield chunk


def may_erase(request: HttpRequest) -> bool:
    return user_of(request).has_perm("tickets.delete_customer")


@admin.register(AuditEntry)
class AuditEntryAdmin(RecordAdmin):
    """The database refuses to change entries; this page does not offer it either."""

    list_display = (
        time_column("created_at", "when"),
        *("who", "words", "target", "details"),
    )
    list_display_links = None
    list_filter = (AreaFilter, ActionFilter, WhenFilter, ActorFilter)
    search_fields = ("actor_name", "object_id", "action")
    search_help_text = "Person, or number or kind of what was changed"
    list_before_template = "tickets/admin/audit_export.html"
    actions = None

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.export_view)
        name = "tickets_auditentry_export"
        return [path("export/<slug:form>/", view, name=name), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEntry]:
        entries: QuerySet[AuditEntry] = super().get_queryset(request).visible_to(user_of(request))
        return entries

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        query = request.GET.copy()
        query.pop("p", None)  # every page of what is listed
        context = {**(extra_context or {}), "query": query.urlencode()}
        return super().changelist_view(request, context)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        rows = list(changelist.result_list)
        names = names_in(rows)
        for row in rows:
            row.names = names
        changelist.result_list = rows
        return changelist

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry], search_term: str
    ) -> tuple[QuerySet[AuditEntry], bool]:
        """People also by the names that the list shows."""
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        people = people_called(search_term)
        return (found | queryset.filter(actor__in=people) if people else found), may_repeat

    def export_view(self, request: HttpRequest, form: str) -> HttpResponseBase:
        """What the list shows with the same filters and search, oldest first."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if form not in FORMATS:
            raise Http404
        try:
            entries = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters as error:
            raise Http404 from error
        response = StreamingHttpResponse(
            _in_turn(request, export_parts(entries, form)), content_type=CONTENT_TYPES[form]
        )
        response["Content-Disposition"] = f'attachment; filename="audit.{form}"'
        return response

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description="who", ordering="actor_name")  # type: ignore[untyped-decorator]
    def who(self, entry: Any) -> SafeString | str:
        """As they are called now; the log holds the name they logged in with then."""
        name: str = entry.names.get(entry.actor_id, entry.actor_name)
        if name == entry.actor_name:
            return name
        return format_html('<span title="Log-in name: {}">{}</span>', entry.actor_name, name)

    @display(description="action", ordering="action")  # type: ignore[untyped-decorator]
    def words(self, entry: AuditEntry) -> str:
        return words_of(entry)

    @display(description="of", ordering="object_type")  # type: ignore[untyped-decorator]
    def target(self, entry: AuditEntry) -> SafeString | str:
        """The kind of what was changed, and its number: a link where there is a page."""
        number = f"#{entry.object_id}" if entry.object_id.isdecimal() else entry.object_id[:8]
        words = f"{entry.object_type} {number}".strip()
        if entry.object_type not in LINKED:
            return words
        url = reverse(f"admin:tickets_{entry.object_type}_change", args=[entry.object_id])
        return format_html(
            '<a class="sb-link" href="{}" title="{}">{}</a>', url, entry.object_id, words
        )

    @display(description="details")  # type: ignore[untyped-decorator]
    def details(self, entry: Any) -> str:
        return details_of(entry, entry.names)

    def render_page(
        self, request: HttpRequest, found: Any, *, status: int = 200, **extra: Any
    ) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:tickets_auditentry_changelist"))
