"""The desk's pages and fragments. All are for signed-in staff who may see tickets."""

from __future__ import annotations

import dataclasses
import uuid
from typing import Any

from django.contrib import admin
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    JsonResponse,
)
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.views.decorators.http import require_GET, require_POST

from supportbot.desk.access import may_work, ticket_for, tickets_for
from supportbot.desk.actions import ACTIONS
from supportbot.desk.assist import is_available
from supportbot.desk.files import describe_files
from supportbot.desk.forms import MAX_CHARACTERS, draft_of
from supportbot.desk.kept import keep_text, kept_texts
from supportbot.desk.models import DeskPreference, KeptText
from supportbot.desk.outgoing import CollisionError
from supportbot.desk.panels import PANELS, draw_panels
from supportbot.desk.queue import VIEWS, asked_from, read_queue, team_counts, view_counts
from supportbot.desk.timeline import Item, Marks, Timeline, read_news, read_timeline
from supportbot.desk.views_help import refused
from tickets.admin.base import user_of
from tickets.admin.parts import message_parts
from tickets.models import Ticket
from tickets.services import audit
from tickets.services.attachments import add_unsent
from tickets.services.availability import is_away, set_away
from tickets.services.conversations import mark_seen
from tickets.services.names import display_name
from tickets.services.notices import mark_notices_seen, unseen_notices

LAST_NUMBER = 2**31 - 1  # of a PositiveIntegerField
NOTICES = 20


@require_GET
def desk(request: HttpRequest, number: int | None = None) -> HttpResponse:
    """The whole page, with a ticket open or none."""
    user = user_of(request)
    tickets_for(user)  # refuses outsiders
    preference = DeskPreference.objects.filter(agent=user).first() or DeskPreference(agent=user)
    context = {
        **admin.site.each_context(request),
        "title": "Desk",
        "preference": preference,
        "is_away": is_away(user),
        "seen_as": display_name(user),
        "can_change": may_work(user),
        "has_model": is_available(),
        **_queue_context(request),
    }
    if number is not None:
        try:
            ticket = ticket_for(user, number)
        except Http404:
            context["missing"] = number
        else:
            context.update(opened=_open(request, ticket), number=number, title=str(ticket))
    request.current_app = admin.site.name
    return TemplateResponse(request, "desk/page.html", context)


def _queue_context(request: HttpRequest) -> dict[str, Any]:
    user, asked = user_of(request), asked_from(request.GET.dict())
    counts = view_counts(user, asked.team)
    return {
        "asked": asked,
        "queue": read_queue(user, asked),
        "views": [(view, counts[view.key]) for view in VIEWS],
        "teams": team_counts(user),
        "notices": list(unseen_notices(user)[:NOTICES]),
    }


@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    """The views with their counts, and a page of entries."""
    context = _queue_context(request)
    return JsonResponse(
        {
            "views": render_to_string("desk/views.html", context, request=request),
            "entries": render_to_string("desk/entries.html", context, request=request),
            "notices": render_to_string("desk/notices.html", context, request=request),
            "more": context["queue"].more,
            "waiting": next(count for view, count in context["views"] if view.key == "answer"),
        }
    )


# -- One ticket -----------------------------------------------------------------------------------
@require_GET
def open_ticket(request: HttpRequest, number: int) -> HttpResponse:
    """Everything of a ticket, for the middle and the right of the page."""
    ticket = ticket_for(user_of(request), number)
    everything = request.GET.get("all") == "yes"
    return JsonResponse(_open(request, ticket, everything=everything))


def _open(request: HttpRequest, ticket: Ticket, *, everything: bool = False) -> dict[str, Any]:
    user = user_of(request)
    audit.record_view(target=ticket.conversation, actor=user)
    timeline = read_timeline(ticket, user, everything=everything)
    _note_reader(user, ticket, timeline.marks.seq)
    kept = kept_texts(agent=user, ticket=ticket)
    return {
        "ticket": ticket.pk,
        "title": str(ticket),
        "conversation": str(ticket.conversation_id),
        "customer": str(ticket.conversation.customer),
        "closed": ticket.status == Ticket.Status.CLOSED,
        "items": _draw_items(request, ticket, timeline),
        "earlier": timeline.has_earlier,
        **dataclasses.asdict(timeline.marks),
        "panels": draw_panels(request, user, ticket),
        "kept": {kind: {"text": one.text, "draft": one.draft_id} for kind, one in kept.items()},
        "files": describe_files(ticket, user),
        "client_id": f"desk-{uuid.uuid4()}",
    }


@require_GET
def news(request: HttpRequest, number: int) -> HttpResponse:
    """What happened behind the page's marks, drawn with the page's own templates."""
    user = user_of(request)
    ticket = ticket_for(user, number)
    seq, entry, note = (_number(request, name) for name in ("seq", "entry", "note"))
    marks = Marks(seq, entry, note)
    found = read_news(ticket, user, marks)
    if request.GET.get("seen"):
        _note_reader(user, ticket, found.marks.seq)
    known = {name: request.GET.get(name, "") for name in PANELS}
    return JsonResponse(
        {
            "items": _draw_items(request, ticket, found),
            **dataclasses.asdict(found.marks),
            "closed": ticket.status == Ticket.Status.CLOSED,
            "panels": draw_panels(request, user, ticket, known),
        }
    )


def _draw_items(request: HttpRequest, ticket: Ticket, timeline: Timeline) -> list[str]:
    parts = message_parts()
    context = {"ticket": ticket, "conversation": ticket.conversation, "message_parts": parts}
    return [
        render_to_string(
            _template_of(item),
            {**context, "item": item, "message": item.message},
            request=request,
        )
        for item in timeline.items
    ]


def _template_of(item: Item) -> str:
    if item.message is not None:
        return "tickets/admin/message.html"
    return "desk/note.html" if item.note is not None else "desk/event.html"


def _number(request: HttpRequest, name: str) -> int:
    """A mark of the page; without a sensible one, nothing is news."""
    raw = request.GET.get(name, "")
    return min(int(raw), LAST_NUMBER) if raw.isascii() and raw.isdecimal() else LAST_NUMBER


def _note_reader(user: Any, ticket: Ticket, seq: int) -> None:
    mark_notices_seen(agent=user, ticket=ticket)
    # Who may not answer the customer has not read it for those who must.
    if may_work(user):
        mark_seen(conversation=ticket.conversation, seq=seq)


@require_POST
def act(request: HttpRequest, number: int, name: str) -> HttpResponse:
    """Do one of ACTIONS. What cannot be done is answered 409 with a sentence for the agent."""
    user = user_of(request)
    ticket = ticket_for(user, number)
    if not may_work(user):
        return refused("You may look at tickets, not change them.", 403)
    if name not in ACTIONS:
        raise Http404
    try:
        done = ACTIONS[name](ticket, user, request.POST)
    except CollisionError as error:
        said = [
            render_to_string(
                "tickets/admin/message.html", {"message": one, "quiet": True}, request=request
            )
            for one in error.messages
        ]
        return refused(str(error), 409, collision=True, messages=said)
    except ValueError as error:
        return refused(str(error), 409)
    return JsonResponse({"said": done.said, **done.more})


@require_POST
def keep(request: HttpRequest, number: int) -> HttpResponse:
    """Keep what the agent has typed so far."""
    user = user_of(request)
    ticket = ticket_for(user, number)
    kind, text = request.POST.get("kind", ""), request.POST.get("text", "")
    if kind not in KeptText.Kind.values or len(text) > MAX_CHARACTERS or not may_work(user):
        return refused("This cannot be kept.", 409)
    chosen = request.POST.get("draft", "")
    try:
        draft = draft_of(ticket, chosen) if chosen else None
    except ValueError:
        draft = None
    keep_text(agent=user, ticket=ticket, kind=kind, text=text.replace("\x00", ""), draft=draft)
    return JsonResponse({"said": "Kept."})


@require_POST
def add_files(request: HttpRequest, number: int) -> HttpResponse:
    """Add files to the reply or the note that the agent is writing."""
    user = user_of(request)
    ticket = ticket_for(user, number)
    if not may_work(user):
        return refused("You may look at tickets, not change them.", 403)
    is_internal = request.POST.get("kind") == KeptText.Kind.NOTE
    problems = []
    for file in request.FILES.getlist("file"):
        try:
            add_unsent(ticket=ticket, agent=user, file=file, is_internal=is_internal)
        except ValueError as error:
            problems.append(str(error))
    problem = " ".join(dict.fromkeys(problems))
    return JsonResponse({"files": describe_files(ticket, user), "problem": problem})


@require_POST
def prefer(request: HttpRequest) -> HttpResponse:
    """How this agent likes the desk."""
    user = user_of(request)
    tickets_for(user)
    chosen = {name: request.POST.get(name) == "yes" for name in ("opens_next", "has_keys")}
    DeskPreference.objects.update_or_create(agent=user, defaults=chosen)
    if may_work(user):
        set_away(agent=user, away=request.POST.get("is_away") == "yes", by=user)
    return JsonResponse({"said": "Your preferences are kept."})
