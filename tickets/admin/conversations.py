"""Conversations in the admin: by customer and last words, with a mark on what nobody has read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import (
    BooleanField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString
from unfold.decorators import display

from tickets.admin.actions import close, set_mode
from tickets.admin.base import RecordAdmin, labels, local_time, shortened, user_of
from tickets.admin.desk import messages_of
from tickets.admin.parts import message_parts
from tickets.models import Conversation, Message
from tickets.services import audit
from tickets.services.conversations import mark_seen
from tickets.services.memory import facts_of, forget

FOR_PEOPLE = [Conversation.State.WAITING, Conversation.State.AGENT]


def with_last_words(conversations: QuerySet[Conversation]) -> QuerySet[Conversation]:
    """Each with `last_text`, `last_author`, and `is_unread`: whether a person answers it and no
    agent has read what the customer wrote last. What the bot answers marks nothing."""
    said = Message.objects.filter(conversation=OuterRef("pk")).order_by("-seq")
    unread = said.filter(author=Message.Author.CUSTOMER, seq__gt=OuterRef("seen_seq"))
    return conversations.annotate(
        last_text=Subquery(said.values("text")[:1]),
        last_author=Subquery(said.values("author")[:1]),
        is_unread=ExpressionWrapper(
            Q(state__in=FOR_PEOPLE) & Q(Exists(unread)), output_field=BooleanField()
        ),
    )


class UnreadFilter(admin.SimpleListFilter):
    title = "unread"
    parameter_name = "unread"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Unread")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(is_unread=True) if self.value() else queryset


@admin.register(Conversation)
class ConversationAdmin(RecordAdmin):
    list_display = ("customer_name", "last_words", "state_label", "last_message")
    list_display_links = ("customer_name", "last_words")
    list_filter = (UnreadFilter, "state", "mode", "created_at")
    list_select_related = ("customer",)
    search_fields = ("=id", "customer__name", "customer__email", "messages__text")
    search_help_text = "Customer, or words of the conversation"
    ordering = (F("last_message_at").desc(nulls_last=True),)
    actions = None
    page_template = "tickets/admin/conversation.html"
    LABELS: ClassVar = labels(
        [(Conversation.State.WAITING, "warning"), (Conversation.State.AGENT, "info")]
    )

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        return [
            path("<uuid:pk>/mode/", view(self.mode_view), name="tickets_conversation_mode"),
            path("<uuid:pk>/close/", view(self.close_view), name="tickets_conversation_close"),
            path(
                "<uuid:pk>/facts/<int:fact>/delete/",
                view(self.forget_view),
                name="tickets_conversation_forget",
            ),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conversation]:
        return with_last_words(super().get_queryset(request).visible_to(user_of(request)))

    @display(description="customer", ordering="customer__name")  # type: ignore[untyped-decorator]
    def customer_name(self, conversation: Any) -> SafeString | str:
        name = str(conversation.customer)
        if not conversation.is_unread:
            return name
        mark = '<span class="sb-unread" title="Unread"></span><strong>{}</strong>'
        return format_html(mark + '<span class="sb-hidden"> (unread)</span>', name)

    @display(description="last words")  # type: ignore[untyped-decorator]
    def last_words(self, conversation: Any) -> str:
        if conversation.last_text is None:
            return "Nothing has been said yet"
        words = shortened(conversation.last_text)
        if conversation.last_author == Message.Author.CUSTOMER:
            return words
        return f"{Message.Author(conversation.last_author).label}: {words}"

    @display(description="state", ordering="state", label=LABELS)  # type: ignore[untyped-decorator]
    def state_label(self, conversation: Conversation) -> tuple[str, str]:
        return conversation.state, conversation.get_state_display()

    @display(description="last message", ordering="last_message_at")  # type: ignore[untyped-decorator]
    def last_message(self, conversation: Conversation) -> SafeString | str:
        moment = conversation.last_message_at
        return local_time(moment) if moment is not None else "-"

    def page_context(self, request: HttpRequest, found: Any) -> dict[str, Any]:
        audit.record_view(target=found, actor=user_of(request))
        if self.has_change_permission(request, found):
            mark_seen(conversation=found, seq=found.last_seq)
        return {
            "conversation": found,
            "title": f"Conversation with {found.customer}",
            "chat": list(messages_of(found)),
            "message_parts": message_parts(),
            "tickets": list(found.tickets.order_by("-pk")),
            "modes": Conversation.Mode.choices,
            "facts": list(facts_of(found.pk)),
        }

    def mode_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """POST: whether answers are sent at once or wait for review."""
        return self._act(request, pk, lambda one: set_mode(one, user_of(request), request.POST))

    def close_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """POST: end the conversation, and its ticket with it."""
        return self._act(request, pk, lambda one: close(one, user_of(request)))

    def forget_view(self, request: HttpRequest, pk: Any, fact: int) -> HttpResponse:
        """POST: delete a fact the customer gave, and go back to the page it was shown on."""

        def forget_it(conversation: Conversation) -> str:
            forget(fact=get_object_or_404(conversation.facts, pk=fact), actor=user_of(request))
            return "The fact was deleted."

        done = self._act(request, pk, forget_it)
        following = request.POST.get("next", "")
        if isinstance(done, HttpResponseRedirect) and url_has_allowed_host_and_scheme(
            following, {request.get_host()}
        ):
            return HttpResponseRedirect(following)
        return done

    def _act(
        self, request: HttpRequest, pk: Any, do: Callable[[Conversation], str]
    ) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        conversation = get_object_or_404(Conversation.objects.visible_to(user_of(request)), pk=pk)
        if not self.has_change_permission(request, conversation):
            raise PermissionDenied
        try:
            messages.success(request, do(conversation))
        except ValueError as error:
            messages.error(request, str(error))
        return HttpResponseRedirect(reverse("admin:tickets_conversation_change", args=[pk]))
