"""E-mail in the admin: what came, what went, and how the mailbox is."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.decorators import display

from supportbot.mail.imap import address_of
from supportbot.mail.models import IncomingEmail, Mailbox
from tickets.admin.base import RecordAdmin, labels, local_time, shortened, user_of
from tickets.models import OutgoingEmail
from tickets.models.visibility import visible_by


@admin.register(IncomingEmail)
class IncomingEmailAdmin(RecordAdmin):
    """What was made of each e-mail, below how the mailbox is doing."""

    list_display = ("subject_line", "sender", "status_label", "reason", "ticket", "came")
    list_display_links = None
    list_filter = ("status", "source", "received_at")
    list_select_related = ("conversation",)
    list_before_template = "mail/admin/health.html"
    search_fields = ("subject", "sender", "=mail_id")
    actions = None
    LABELS: ClassVar = labels(
        [
            (IncomingEmail.Status.NEW, "warning"),
            (IncomingEmail.Status.RECEIVED, "success"),
            (IncomingEmail.Status.IGNORED, "info"),
            (IncomingEmail.Status.BOUNCE, "warning"),
            (IncomingEmail.Status.FAILED, "danger"),
        ]
    )

    def get_urls(self) -> list[Any]:
        again = self.admin_site.admin_view(self.again)
        return [
            path("<int:pk>/again/", again, name="mail_incomingemail_again"),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[IncomingEmail]:
        rows: QuerySet[IncomingEmail] = visible_by(
            super().get_queryset(request), user_of(request), "conversation"
        )
        return rows.defer("raw").prefetch_related("conversation__tickets")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        context = {**(extra_context or {}), "health": health()}
        return super().changelist_view(request, context)

    def render_page(
        self, request: HttpRequest, found: Any, *, status: int = 200, **extra: Any
    ) -> HttpResponse:
        if found.conversation_id is None:
            return HttpResponseRedirect(reverse("admin:mail_incomingemail_changelist"))
        target = reverse("admin:tickets_conversation_change", args=[found.conversation_id])
        return HttpResponseRedirect(target)

    @display(description="subject", ordering="subject")  # type: ignore[untyped-decorator]
    def subject_line(self, email: IncomingEmail) -> str:
        return shortened(str(email))

    @display(description="status", ordering="status", label=LABELS)  # type: ignore[untyped-decorator]
    def status_label(self, email: IncomingEmail) -> tuple[str, str]:
        return email.status, email.get_status_display()

    @display(description="ticket")  # type: ignore[untyped-decorator]
    def ticket(self, email: IncomingEmail) -> SafeString | str:
        from django.utils.html import format_html

        if email.conversation is None:
            return "-"
        found = list(email.conversation.tickets.all())
        if not found:
            url = reverse("admin:tickets_conversation_change", args=[email.conversation_id])
            return format_html('<a href="{}">Conversation</a>', url)
        newest = max(found, key=lambda ticket: ticket.pk)
        url = reverse("admin:tickets_ticket_change", args=[newest.pk])
        return format_html('<a href="{}">#{}</a>', url, newest.pk)

    @display(description="came", ordering="received_at")  # type: ignore[untyped-decorator]
    def came(self, email: IncomingEmail) -> SafeString:
        return local_time(email.received_at)

    def again(self, request: HttpRequest, pk: int) -> HttpResponse:
        """POST: deal with an e-mail that failed once more."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_change_permission(request):
            raise PermissionDenied
        row = get_object_or_404(IncomingEmail, pk=pk, status=IncomingEmail.Status.FAILED)
        row.status, row.attempts, row.due_at = IncomingEmail.Status.NEW, 0, timezone.now()
        row.save(update_fields=["status", "attempts", "due_at"])
        messages.success(request, "It is dealt with again within half a minute.")
        return HttpResponseRedirect(reverse("admin:mail_incomingemail_changelist"))


def health() -> dict[str, Any]:
    """How e-mail is doing, in and out."""
    server = settings.MAIL.imap
    box = Mailbox.objects.filter(address=address_of(server)).first() if server else None
    Status = OutgoingEmail.Status  # noqa: N806  an enumeration
    out = OutgoingEmail.objects.aggregate(
        waiting=Count("pk", filter=Q(status=Status.WAITING)),
        stuck=Count("pk", filter=Q(status=Status.SENDING, attempts__gt=1)),
    )
    stuck = OutgoingEmail.objects.filter(status=Status.SENDING, attempts__gt=1)
    return {
        "is_read": server is not None,
        "box": box,
        "sends": settings.MAIL.sends,
        "from": settings.MAIL.from_address,
        "webhook": bool(settings.MAIL.webhook_secret),
        "last_problem": stuck.exclude(error="").values_list("error", flat=True).first(),
        "failed": list(
            IncomingEmail.objects.filter(status=IncomingEmail.Status.FAILED).defer("raw")[:5]
        ),
        **out,
    }


@admin.register(OutgoingEmail)
class OutgoingEmailAdmin(RecordAdmin):
    list_display = ("to", "about", "status_label", "attempts", "error", "due", "sent")
    list_filter = ("status", "created_at")
    list_select_related = ("conversation",)
    search_fields = ("to", "=message_id")
    actions = None
    LABELS: ClassVar = labels(
        [
            (OutgoingEmail.Status.WAITING, "info"),
            (OutgoingEmail.Status.SENDING, "warning"),
            (OutgoingEmail.Status.SENT, "success"),
            (OutgoingEmail.Status.FAILED, "danger"),
            (OutgoingEmail.Status.BOUNCED, "danger"),
        ]
    )

    def render_page(
        self, request: HttpRequest, found: Any, *, status: int = 200, **extra: Any
    ) -> HttpResponse:
        target = reverse("admin:tickets_conversation_change", args=[found.conversation_id])
        return HttpResponseRedirect(target)

    def get_queryset(self, request: HttpRequest) -> QuerySet[OutgoingEmail]:
        rows: QuerySet[OutgoingEmail] = visible_by(
            super().get_queryset(request), user_of(request), "conversation"
        )
        return rows.prefetch_related("parts__message")

    @display(description="says")  # type: ignore[untyped-decorator]
    def about(self, email: OutgoingEmail) -> str:
        return shortened(" … ".join(part.message.text for part in email.parts.all()))

    @display(description="status", ordering="status", label=LABELS)  # type: ignore[untyped-decorator]
    def status_label(self, email: OutgoingEmail) -> tuple[str, str]:
        return email.status, email.get_status_display()

    @display(description="due", ordering="due_at")  # type: ignore[untyped-decorator]
    def due(self, email: OutgoingEmail) -> SafeString:
        return local_time(email.lease_until or email.due_at)

    @display(description="sent", ordering="sent_at")  # type: ignore[untyped-decorator]
    def sent(self, email: OutgoingEmail) -> SafeString | str:
        return local_time(email.sent_at) if email.sent_at else "-"
