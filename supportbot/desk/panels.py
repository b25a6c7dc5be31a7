"""What stands beside the conversation: drafts, replies on their way, the ticket and its customer.

Each panel is drawn into a fragment with a fingerprint, so that a page gets only what has changed.
"""

from __future__ import annotations

import difflib
import zlib
from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpRequest
from django.template.loader import render_to_string

from supportbot.answers.models import AnswerRun
from supportbot.answers.verdict_words import explain_verdicts
from supportbot.desk.access import may_work
from supportbot.desk.assist import may_summarise
from supportbot.desk.models import OutgoingReply
from supportbot.desk.timeline import read_writing
from tickets.admin.desk import status_buttons
from tickets.models import Category, Conversation, Draft, Rating, Tag, Team, Ticket
from tickets.services.custom_fields import fields_of
from tickets.services.links import linked_to
from tickets.services.memory import facts_of
from tickets.services.readers import may_see
from tickets.services.sla import status_of
from tickets.states import CONVERSATION_TRANSITIONS

PANELS = ("head", "drafts", "writing", "outgoing", "details")
TAGS = 200  # that are suggested
EARLIER = 10  # conversations of the customer that are listed
_State = Conversation.State


def draw_panels(
    request: HttpRequest, user: User, ticket: Ticket, known: dict[str, str] | None = None
) -> dict[str, Any]:
    """Name → fingerprint and HTML of each panel whose fingerprint the page does not know."""
    context = {**ticket_context(user, ticket)}
    found = {}
    for name in PANELS:
        html = render_to_string(f"desk/{name}.html", context, request=request)
        state = format(zlib.crc32(html.encode()), "x")
        if known is None or known.get(name) != state:
            found[name] = {"state": state, "html": html}
    return found


def ticket_context(user: User, ticket: Ticket) -> dict[str, Any]:
    conversation = ticket.conversation
    drafts = list(_drafts_of(ticket))
    pending = [draft for draft in drafts if draft.status == Draft.Status.PENDING]
    speaks = CONVERSATION_TRANSITIONS[conversation.state]
    return {
        "ticket": ticket,
        "conversation": conversation,
        "customer": conversation.customer,
        "can_change": may_work(user),
        "pending": [
            _with_verdicts(draft, runs) for runs in [_runs_of(pending)] for draft in pending
        ],
        "decided": [
            {"draft": draft, "changes": changes_of(draft)}
            for draft in drafts
            if draft.status != Draft.Status.PENDING
        ][:20],
        "outgoing": list(
            ticket.outgoing.filter(status=OutgoingReply.Status.WAITING)
            .select_related("agent")
            .prefetch_related("files")
        ),
        "writing": read_writing(ticket),
        "status_buttons": status_buttons(ticket),
        "can_take_over": _State.AGENT in speaks and conversation.agent_id != user.pk,
        "can_requeue": conversation.state == _State.AGENT,
        "can_suggest": conversation.mode == Conversation.Mode.SUGGEST
        and conversation.state != _State.CLOSED,
        "can_summarise": may_summarise(conversation),
        "clocks": status_of(ticket),
        "rating": Rating.objects.filter(ticket=ticket).exclude(score=None).first(),
        "linked": linked_to(ticket, user),
        "can_give_back": _State.BOT in speaks,
        "modes": Conversation.Mode.choices,
        "priorities": Ticket.Priority.choices,
        "categories": list(Category.objects.all()),
        "teams": list(Team.objects.visible_to(user)),
        "custom_fields": fields_of(ticket),
        "tags": list(ticket.tags.all()),
        "known_tags": list(Tag.objects.all()[:TAGS]),
        "followers": list(ticket.followers.order_by("first_name", "username")),
        "facts": list(facts_of(conversation.pk)),
        "agents": may_see(ticket).order_by("first_name", "username"),
        "earlier": list(
            Conversation.objects.visible_to(user)
            .filter(customer=conversation.customer_id)
            .exclude(pk=conversation.pk)
            .prefetch_related("tickets")
            .order_by("-created_at")[:EARLIER]
        ),
        "user": user,
    }


def _drafts_of(ticket: Ticket) -> Any:
    drafts = ticket.drafts.select_related("question", "decided_by", "reply")
    return drafts.prefetch_related("question__joined").order_by("created_at")


def _runs_of(drafts: Sequence[Draft]) -> dict[Any, AnswerRun]:
    runs = AnswerRun.objects.filter(pk__in=[draft.run_id for draft in drafts])
    return {run.pk: run for run in runs.only("pk", "verdicts", "route", "model")}


def _with_verdicts(draft: Draft, runs: dict[Any, AnswerRun]) -> dict[str, Any]:
    """The draft with the sentences that the checks stopped, and why."""
    run = runs.get(draft.run_id)
    verdicts = explain_verdicts(run.verdicts) if run is not None else []
    return {
        "draft": draft,
        "run": run,
        "stopped": [verdict for verdict in verdicts if not verdict["kept"]],
    }


def changes_of(draft: Draft) -> list[tuple[str, str]]:
    """What an agent changed before sending: (kept, removed or added, words) in order; [] if
    nothing."""
    if draft.reply is None or draft.reply.text.strip() == draft.text.strip():
        return []
    before, after = draft.text.split(), draft.reply.text.split()
    changes = list[tuple[str, str]]()
    matcher = difflib.SequenceMatcher(a=before, b=after, autojunk=False)
    for tag, a_from, a_to, b_from, b_to in matcher.get_opcodes():
        if tag == "equal":
            changes.append(("kept", " ".join(before[a_from:a_to])))
            continue
        if a_to > a_from:
            changes.append(("removed", " ".join(before[a_from:a_to])))
        if b_to > b_from:
            changes.append(("added", " ".join(after[b_from:b_to])))
    return changes
