"""Webhooks in the admin: endpoints, and the log of deliveries."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from supportbot.webhooks.models import WebhookDelivery, WebhookEndpoint
from supportbot.webhooks.outbox import MESSAGE_CREATED
from supportbot.webhooks.sending import deliver_again
from supportbot.webhooks.signing import NoSecretError, secret_of
from tickets.admin.base import RecordAdmin, labels, local_time, user_of
from tickets.services import audit

_AREAS = sorted({name.partition(".")[0] for name in audit.ACTIONS} - {"webhook"})


class EndpointForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = WebhookEndpoint
        fields = ("url", "description", "types", "secret_variable", "covers_private", "is_on")

    def clean_types(self) -> list[str]:
        known = {*audit.ACTIONS, MESSAGE_CREATED, *(f"{area}.*" for area in _AREAS)}
        given = [name.strip() for name in self.cleaned_data["types"] if name.strip()]
        if unknown := sorted(set(given) - known):
            raise forms.ValidationError(
                f"There is no event “{unknown[0]}”. Some that there are: ticket.*, "
                "ticket.status_changed, message.created, draft.created."
            )
        return given


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ModelAdmin):  # type: ignore[misc]  # unfold carries no types
    form = EndpointForm
    list_display = ("__str__", "events", "state", "waiting")
    actions_detail: ClassVar = ["new_secret"]
    LABELS: ClassVar = {"On": "success", "Failing": "warning", "Off": "danger"}

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "url":
            kwargs["assume_scheme"] = "https"
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookEndpoint]:
        found: QuerySet[WebhookEndpoint] = super().get_queryset(request)
        waiting = Count("deliveries", filter=Q(deliveries__status=WebhookDelivery.Status.WAITING))
        return found.annotate(number=waiting)

    @display(description="events")  # type: ignore[untyped-decorator]
    def events(self, endpoint: WebhookEndpoint) -> str:
        return ", ".join(endpoint.types) or "all"

    @display(description="state", label=LABELS)  # type: ignore[untyped-decorator]
    def state(self, endpoint: WebhookEndpoint) -> str:
        if not endpoint.is_on:
            return "Off"
        return "Failing" if endpoint.failing_since else "On"

    @display(description="waiting")  # type: ignore[untyped-decorator]
    def waiting(self, endpoint: Any) -> SafeString:
        url = reverse("admin:webhooks_webhookdelivery_changelist")
        query = f"?endpoint__id__exact={endpoint.pk}"
        return format_html('<a href="{}{}">{} waiting: see all</a>', url, query, endpoint.number)

    def save_model(
        self, request: HttpRequest, obj: WebhookEndpoint, form: Any, change: bool
    ) -> None:
        if obj.is_on:  # whoever switches it on begins afresh
            obj.disabled_reason, obj.failing_since = "", None
        super().save_model(request, obj, form, change)
        audit.record(
            action="webhook.changed" if change else "webhook.created",
            target=obj,
            actor=user_of(request),
            url=obj.url,
            fields=sorted(form.changed_data),
        )
        if not change:
            self._show_secret(request, obj)

    def delete_model(self, request: HttpRequest, obj: WebhookEndpoint) -> None:
        audit.record(action="webhook.deleted", target=obj, actor=user_of(request), url=obj.url)
        super().delete_model(request, obj)

    @action(description="Make a new secret", permissions=["change"])  # type: ignore[untyped-decorator]
    def new_secret(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Replace a made secret; the old one is worth nothing at once."""
        endpoint = get_object_or_404(WebhookEndpoint, pk=object_id)
        page = HttpResponseRedirect(
            reverse("admin:webhooks_webhookendpoint_change", args=[object_id])
        )
        if request.method != "POST":
            # Links are followed by browsers that look ahead, too.
            context = {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "original": endpoint,
                "title": f"New secret for {endpoint}",
            }
            return TemplateResponse(request, "webhooks/admin/new_secret.html", context)
        endpoint.secret_salt = uuid.uuid4()
        endpoint.save(update_fields=["secret_salt"])
        audit.record(action="webhook.secret_changed", target=endpoint, actor=user_of(request))
        self._show_secret(request, endpoint)
        return page

    def _show_secret(self, request: HttpRequest, endpoint: WebhookEndpoint) -> None:
        if endpoint.secret_variable:
            try:
                secret_of(endpoint)
            except NoSecretError as error:
                messages.warning(request, f"{error} Until it is, nothing is delivered.")
            return
        secret = secret_of(endpoint)
        messages.success(request, f"Its secret, which is shown this once: {secret}")


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(RecordAdmin):
    """The log. Every delivery can be sent again."""

    list_display = ("type", "endpoint", "status_label", "attempts", "answer", "made", "again_link")
    list_display_links = None
    list_filter = ("status", "endpoint", "type", "created_at")
    list_select_related = ("endpoint",)
    search_fields = ("=id", "type")
    actions = None
    LABELS: ClassVar = labels(
        [
            (WebhookDelivery.Status.WAITING, "warning"),
            (WebhookDelivery.Status.DELIVERED, "success"),
            (WebhookDelivery.Status.FAILED, "danger"),
        ]
    )

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.again)
        return [path("<uuid:pk>/again/", view, name="webhooks_again"), *super().get_urls()]

    def render_page(
        self, request: HttpRequest, found: Any, *, status: int = 200, **extra: Any
    ) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:webhooks_webhookdelivery_changelist"))

    @display(description="status", ordering="status", label=LABELS)  # type: ignore[untyped-decorator]
    def status_label(self, delivery: WebhookDelivery) -> tuple[str, str]:
        return delivery.status, delivery.get_status_display()

    @display(description="answer")  # type: ignore[untyped-decorator]
    def answer(self, delivery: WebhookDelivery) -> str:
        if delivery.error:
            return delivery.error
        if delivery.response_status is None:
            return "-"
        return f"{delivery.response_status} in {delivery.milliseconds} ms"

    @display(description="made", ordering="created_at")  # type: ignore[untyped-decorator]
    def made(self, delivery: WebhookDelivery) -> SafeString:
        return local_time(delivery.created_at)

    @display(description="")  # type: ignore[untyped-decorator]
    def again_link(self, delivery: WebhookDelivery) -> SafeString:
        # Of the form around the list, which has the token against forgery.
        return format_html(
            '<button class="sb-button" formmethod="post" formaction="{}">Send again</button>',
            reverse("admin:webhooks_again", args=[delivery.pk]),
        )

    def again(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """POST: deliver it once more."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_change_permission(request):
            raise PermissionDenied
        delivery = get_object_or_404(WebhookDelivery, pk=pk)
        deliver_again(delivery=delivery)
        audit.record(
            action="webhook.redelivered",
            target=delivery.endpoint,
            actor=user_of(request),
            delivery=str(pk),
        )
        messages.success(request, "It is sent again within a few seconds.")
        return HttpResponseRedirect(reverse("admin:webhooks_webhookdelivery_changelist"))
