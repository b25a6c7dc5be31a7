"""What the pages of agents show beside a customer's message, and the correction of its intent."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from supportbot.triage.models import OTHER, Intent, MessageTriage, in_words
from supportbot.triage.services import correct_intent
from tickets.admin.base import user_of
from tickets.admin.parts import MessagePart, register_message_part
from tickets.models import Conversation
from tickets.models.visibility import visible_by


def show_triage() -> None:
    """On every page with a customer's messages."""
    related = ("triage", "triage__corrected_by")
    register_message_part(MessagePart("triage/admin/message.html", related, _choices))


def _choices() -> list[tuple[str, str]]:
    """The intents that a message may be corrected to, with “other” at the end."""
    names = Intent.objects.filter(is_on=True).values_list("name", flat=True)
    return [
        (name, in_words(name)) for name in sorted(names, key=lambda name: (name == OTHER, name))
    ]


def correct_view(request: HttpRequest, pk: Any) -> HttpResponse:
    """POST: the intent that a message has; back to the page it was shown on."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    triage = get_object_or_404(
        visible_by(
            MessageTriage.objects.select_related("message"),
            user_of(request),
            "message__conversation",
        ),
        pk=pk,
    )
    conversation = triage.message.conversation_id
    if not _may_correct(request):
        raise PermissionDenied
    try:
        intent = request.POST.get("intent", "")
        correct_intent(triage=triage, intent=intent, agent=user_of(request))
    except ValueError as error:
        messages.error(request, str(error))
    else:
        said = f"The intent is “{in_words(intent)}” now. Messages like this one will get it, too."
        messages.success(request, said)
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}):
        back = reverse("admin:tickets_conversation_change", args=[conversation])
    return HttpResponseRedirect(f"{back}#message-{pk}")


def _may_correct(request: HttpRequest) -> bool:
    conversations = admin.site._registry[Conversation]
    return bool(conversations.has_change_permission(request))
