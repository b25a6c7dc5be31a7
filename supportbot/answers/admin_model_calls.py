"""Calls of models in the admin, read-only: the list of all, and those of one run."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from knowledge.admin.base import ReadOnlyAdmin
from supportbot.answers.models import AnswerRun, ModelCall
from supportbot.answers.route_trial import WORDS
from tickets.admin.base import VisibleRows, time_column

OUTCOMES = {
    **WORDS,
    ModelCall.COMPLETE: "The answer came whole.",
    "cancelled": "It was not waited for any more, or the customer left.",
    "": "It has not ended, or its process died.",
}


@admin.register(ModelCall)
class ModelCallAdmin(VisibleRows, ReadOnlyAdmin):
    conversation_path = "run__conversation"
    list_display = (
        *(time_column("created_at", "when"), "operation", "route", "model", "outcome_label"),
        *("tokens", "price", "time", "run_link"),
    )
    list_filter = ("operation", "outcome", "route", "created_at")
    search_fields = ("model", "=run__id")
    search_help_text = "A model, or the id of a run"
    list_per_page = 50
    actions = None
    show_add_link = False
    exclude = ("messages",)
    readonly_fields = ("as_sent",)
    LABELS: ClassVar[dict[str, str]] = {ModelCall.COMPLETE: "success", "not ended": "info"}

    @display(description="outcome", ordering="outcome", label=LABELS)  # type: ignore[untyped-decorator]
    def outcome_label(self, call: ModelCall) -> str:
        return call.outcome.replace("_", " ") or "not ended"

    @display(description="tokens in, out")  # type: ignore[untyped-decorator]
    def tokens(self, call: ModelCall) -> str:
        about = "about " if call.is_estimate else ""
        return f"{about}{call.tokens_in:,}, {call.tokens_out:,}"

    @display(description="cost", ordering="cost")  # type: ignore[untyped-decorator]
    def price(self, call: ModelCall) -> str:
        return f"{call.cost:.6f} {call.currency}" if call.cost else "-"

    @display(description="time", ordering="total_ms")  # type: ignore[untyped-decorator]
    def time(self, call: ModelCall) -> str:
        return "-" if call.total_ms is None else f"{call.total_ms:,} ms"

    @display(description="run")  # type: ignore[untyped-decorator]
    def run_link(self, call: ModelCall) -> str | SafeString:
        if call.run_id is None:
            return "-"
        link = reverse("admin:answers_answerrun_change", args=[call.run_id])
        return format_html('<a class="sb-link" href="{}">Why this answer</a>', link)

    @display(description="messages as sent")  # type: ignore[untyped-decorator]
    def as_sent(self, call: ModelCall) -> SafeString:
        parts = (f"{message['role']}\n{message['content']}" for message in call.messages)
        return format_html('<div class="sb-prose sb-sent"><pre>{}</pre></div>', "\n\n".join(parts))


def calls_of(run: AnswerRun) -> list[dict[str, Any]]:
    """The calls of a run in order, each with its outcome in words."""
    return [
        {"call": call, "words": OUTCOMES.get(call.outcome, call.outcome)}
        for call in run.model_calls.order_by("id")
    ]
