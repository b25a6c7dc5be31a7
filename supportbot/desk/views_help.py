"""What helps agents to write, and the contents of dialogs: fragments of the desk's page."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from knowledge.embedding.model import EmbeddingModelError
from supportbot.automation.similar import similar_solved
from supportbot.desk import assist
from supportbot.desk.access import may_work, ticket_for
from supportbot.desk.forms import MAX_CHARACTERS
from supportbot.desk.grounding import check_words, find_passages, last_question
from supportbot.desk.several import CHOICES
from tickets.admin.base import user_of
from tickets.services.macros import available_macros, preview
from tickets.services.saved_replies import available_replies, render


@require_POST
def check(request: HttpRequest, number: int) -> HttpResponse:
    """What the documents say of each sentence of the agent's own words."""
    ticket = ticket_for(user_of(request), number)
    text = request.POST.get("text", "").replace("\x00", "").strip()[:MAX_CHARACTERS]
    if not text:
        return refused("Write something to check first.", 409)
    try:
        checked = check_words(conversation=ticket.conversation, text=text)
    except EmbeddingModelError:
        return refused("The documents cannot be searched at the moment. Try again soon.", 503)
    return _help(request, "desk/checked.html", checked=checked)


@require_GET
def passages(request: HttpRequest, number: int) -> HttpResponse:
    """Passages to insert: for the words given, or for what the customer asked last."""
    conversation = ticket_for(user_of(request), number).conversation
    words = request.GET.get("q", "").replace("\x00", "").strip() or last_question(conversation)
    try:
        found = find_passages(conversation=conversation, text=words) if words else ()
    except EmbeddingModelError:
        return refused("The documents cannot be searched at the moment. Try again soon.", 503)
    return _help(request, "desk/found.html", passages=found, words=words)


@require_GET
def saved_replies(request: HttpRequest, number: int) -> HttpResponse:
    """Saved replies with the values of this ticket, to insert."""
    user = user_of(request)
    ticket = ticket_for(user, number)
    replies = [
        {"name": one.name, "text": render(saved_reply=one, ticket=ticket, agent=user)}
        for one in available_replies(user)
    ]
    return _help(request, "desk/saved.html", replies=replies)


@require_GET
def macros(request: HttpRequest, number: int) -> HttpResponse:
    """Macros with what each would do to this ticket."""
    user = user_of(request)
    ticket = ticket_for(user, number)
    found = [
        {"macro": one, "steps": preview(macro=one, ticket=ticket, agent=user)}
        for one in available_macros(user).prefetch_related("steps")
    ]
    return _help(request, "desk/macros.html", macros=found)


@require_GET
def similar(request: HttpRequest, number: int) -> HttpResponse:
    """Solved tickets like this one, with what an agent said last."""
    user = user_of(request)
    found = similar_solved(ticket=ticket_for(user, number), user=user)
    return _help(request, "desk/similar.html", similar=found)


@require_GET
def choices(request: HttpRequest, number: int, name: str) -> HttpResponse:
    """What stands in the dialog that merges, splits or links."""
    user = user_of(request)
    ticket = ticket_for(user, number)
    if name not in CHOICES or not may_work(user):
        raise Http404
    return _help(request, f"desk/{name}.html", ticket=ticket, **CHOICES[name](ticket, user))


@require_POST
def summary(request: HttpRequest, number: int) -> HttpResponse:
    """The conversation in a few sentences of a language model."""
    user = user_of(request)
    ticket = ticket_for(user, number)
    if not may_work(user):
        return refused("You may look at tickets, not change them.", 403)
    try:
        found = assist.summarise(ticket.conversation)
    except assist.AssistError as error:
        return refused(str(error), 503)
    return _help(request, "desk/summary.html", summary=found)


@require_http_methods(["GET", "POST"])
def reword(request: HttpRequest, number: int) -> HttpResponse:
    """How the agent's text can be reworded; posted, the text reworded that way."""
    user = user_of(request)
    ticket_for(user, number)
    if not may_work(user):
        return refused("You may look at tickets, not change them.", 403)
    if request.method == "GET":
        return _help(request, "desk/wishes.html", wishes=assist.WISHES_IN_WORDS)
    text = request.POST.get("text", "").replace("\r\n", "\n").replace("\x00", "")
    try:
        found = assist.reword(text, request.POST.get("wish", ""))
    except ValueError as error:
        return refused(str(error), 409)
    except assist.AssistError as error:
        return refused(str(error), 503)
    return _help(request, "desk/reworded.html", reworded=found)


def _help(request: HttpRequest, template: str, **context: Any) -> JsonResponse:
    return JsonResponse({"html": render_to_string(template, context, request=request)})


def refused(text: str, status: int, **more: Any) -> JsonResponse:
    """What cannot be done, as a sentence for the agent."""
    return JsonResponse({"problem": text, **more}, status=status)
