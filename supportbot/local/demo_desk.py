"""The demo company's customers, conversations and tickets: demo/desk.json, played through the same
services and the same pipeline as real ones, and then moved to when they are said to have happened.
"""

from __future__ import annotations

import datetime as dt
import json
from asyncio import CancelledError
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from asgiref.sync import async_to_sync
from django.contrib.auth.models import Permission, User
from django.db import transaction
from django.utils import timezone

from supportbot.answers.models import AnswerRun
from supportbot.answers.receive import IncomingMessage, accept_message
from supportbot.answers.runner import execute
from tickets.models import (
    Category,
    Conversation,
    Customer,
    Draft,
    Event,
    Macro,
    MacroStep,
    Message,
    SavedReply,
    Tag,
    Ticket,
)
from tickets.services.conversations import start_conversation
from tickets.services.details import add_tag, change_category, change_priority
from tickets.services.drafts import approve_draft, reject_draft, send_reply
from tickets.services.handover import request_person
from tickets.services.messages import add_customer_message, give_feedback
from tickets.services.notes import add_note
from tickets.services.tickets import assign, change_status, ensure_ticket

STORY_FILE = Path(__file__).parent / "demo" / "desk.json"
ATTEMPTS = 3
BETWEEN = dt.timedelta(minutes=4)  # two events of a story
Step = dict[str, Any]


@dataclass
class Story:
    """A conversation while it is played."""

    conversation: Conversation
    agents: list[User]
    said: int = field(default=0)

    @property
    def ticket(self) -> Ticket:
        return self.conversation.tickets.get()

    @property
    def draft(self) -> Draft:
        return self.ticket.drafts.get(status=Draft.Status.PENDING)

    def agent(self, step: Step) -> User:
        return self.agents[step.get("agent", 0)]


def seed_desk() -> int:
    """Play the stories into a desk that is empty; returns how many. Customers get their addresses
    at the end, so that nothing of this is sent by e-mail."""
    if Customer.objects.exists() or Conversation.objects.exists():
        return 0
    demo = json.loads(STORY_FILE.read_text("utf-8"))
    agents = [_agent(entry) for entry in demo["agents"]]
    for entry in demo["saved_replies"]:
        SavedReply.objects.get_or_create(name=entry["name"], defaults={"text": entry["text"]})
    for entry in demo["macros"]:
        _add_macro(entry)
    for entry in demo["stories"]:
        _play(entry, agents)
    for entry in demo["stories"]:
        known = Customer.objects.filter(external_id=entry["customer"]["id"])
        known.update(email=entry["customer"]["email"])
    return len(demo["stories"])


def _add_macro(entry: dict[str, Any]) -> None:
    macro, created = Macro.objects.get_or_create(
        name=entry["name"], defaults={"about": entry["about"]}
    )
    for position, step in enumerate(entry["steps"] if created else []):
        tag = Tag.objects.get_or_create(name=step["tag"])[0] if "tag" in step else None
        one = MacroStep(macro=macro, **{**step, "tag": tag, "position": position})
        one.full_clean()
        one.save()


def _agent(entry: dict[str, str]) -> User:
    """A colleague to assign to, who cannot log in."""
    agent, created = User.objects.get_or_create(
        username=entry["username"],
        defaults={
            "first_name": entry["first_name"],
            "last_name": entry["last_name"],
            "is_staff": True,
        },
    )
    if created:
        agent.set_unusable_password()
        agent.save(update_fields=["password"])
        agent.user_permissions.set(Permission.objects.filter(content_type__app_label="tickets"))
    return agent


def _play(entry: dict[str, Any], agents: list[User]) -> None:
    who = entry["customer"]
    customer = Customer.objects.create(external_id=who["id"], name=who["name"])
    channel = entry.get("channel", Conversation.Channel.CHAT)
    conversation = start_conversation(customer=customer, channel=channel)
    if mode := entry.get("mode"):
        conversation.mode = mode
        conversation.save(update_fields=["mode"])
    story = Story(conversation, agents)
    for step in entry["steps"]:
        STEPS[step["do"]](story, step)
        conversation.refresh_from_db()
    _move(conversation, timezone.now() - dt.timedelta(hours=entry["hours_ago"]))


# -- The steps ------------------------------------------------------------------------------------
def _ask(story: Story, step: Step) -> None:
    """The customer asks, and the bot answers, drafts or hands over, whatever it makes of it."""
    story.said += 1
    accepted = accept_message(
        conversation=story.conversation,
        incoming=IncomingMessage(text=step["text"], client_id=f"demo-{story.said}"),
    )
    if subject := step.get("subject"):
        ensure_ticket(conversation=story.conversation, subject=subject)
    if accepted.run is not None:
        _answer(accepted.run)


def _answer(run: AnswerRun) -> None:
    """On a slow machine an attempt may lose its lease; it is then made again, as the server
    does."""
    for _ in range(ATTEMPTS):
        with suppress(CancelledError):
            async_to_sync(execute)(run.pk)
        if not AnswerRun.objects.unfinished().filter(pk=run.pk).exists():
            return


def _say(story: Story, step: Step) -> None:
    """The customer says something to a person."""
    story.said += 1
    add_customer_message(
        conversation=story.conversation, text=step["text"], client_id=f"demo-{story.said}"
    )


def _rate(story: Story, step: Step) -> None:
    answers = story.conversation.messages.filter(author=Message.Author.BOT)
    if (answer := answers.order_by("-seq").first()) is not None:
        give_feedback(message=answer, value=step["value"], comment=step.get("comment", ""))


def _person(story: Story, step: Step) -> None:
    request_person(conversation=story.conversation)


def _approve(story: Story, step: Step) -> None:
    """As the bot wrote it, unless the step says otherwise or the bot found nothing."""
    draft = story.draft
    text = step.get("text") or draft.text or step["without_draft"]
    approve_draft(draft=draft, agent=story.agent(step), text=text)


def _reject(story: Story, step: Step) -> None:
    reject_draft(draft=story.draft, agent=story.agent(step), reason=step["reason"])


def _reply(story: Story, step: Step) -> None:
    send_reply(ticket=story.ticket, agent=story.agent(step), text=step["text"])


def _status(story: Story, step: Step) -> None:
    change_status(
        ticket=story.ticket,
        status=step["value"],
        agent=story.agent(step),
        reason=step.get("reason", ""),
    )


def _assign(story: Story, step: Step) -> None:
    assign(ticket=story.ticket, assignee=story.agent(step), agent=story.agent(step))


def _note(story: Story, step: Step) -> None:
    add_note(ticket=story.ticket, author=story.agent(step), text=step["text"])


def _priority(story: Story, step: Step) -> None:
    change_priority(ticket=story.ticket, priority=step["value"], agent=story.agent(step))


def _tag(story: Story, step: Step) -> None:
    tag, _ = Tag.objects.get_or_create(name=step["value"])
    add_tag(ticket=story.ticket, tag=tag, agent=story.agent(step))


def _category(story: Story, step: Step) -> None:
    category, _ = Category.objects.get_or_create(name=step["value"])
    change_category(ticket=story.ticket, category=category, agent=story.agent(step))


STEPS: dict[str, Callable[[Story, Step], None]] = {
    "ask": _ask,
    "say": _say,
    "rate": _rate,
    "person": _person,
    "approve": _approve,
    "reject": _reject,
    "reply": _reply,
    "status": _status,
    "assign": _assign,
    "note": _note,
    "priority": _priority,
    "tag": _tag,
    "category": _category,
}


# -- Time -----------------------------------------------------------------------------------------
@transaction.atomic
def _move(conversation: Conversation, begin: dt.datetime) -> None:
    """Let it have happened from `begin` on, an event every few minutes. The audit log keeps the
    real times: nobody may change it."""
    now, moments = timezone.now(), {}
    events = list(Event.objects.filter(conversation=conversation).order_by("seq"))
    shown = [event for event in events if event.type not in {"run.status", "answer.sentence"}]
    step = min(BETWEEN, (now - begin) / (len(shown) + 1))
    moment = begin
    for event in events:
        if event in shown:
            moment += step
        event.created_at = moments[event.seq] = moment
        if message := event.payload.get("message"):
            message["created_at"] = moment.isoformat().replace("+00:00", "Z")
    Event.objects.bulk_update(events, ["created_at", "payload"])
    for message in conversation.messages.all():
        Message.objects.filter(pk=message.pk).update(created_at=moments[message.seq])
        AnswerRun.objects.filter(question=message).update(created_at=moments[message.seq])
        Draft.objects.filter(question=message).update(created_at=moments[message.seq])
    changes = [event.created_at for event in events if event.type == "ticket.changed"]
    if changes:
        conversation.tickets.update(
            created_at=changes[0], status_changed_at=changes[-1], updated_at=changes[-1]
        )
    said = conversation.messages.order_by("-seq").values_list("created_at", flat=True).first()
    Conversation.objects.filter(pk=conversation.pk).update(
        created_at=begin, updated_at=moment, last_message_at=said
    )
    Customer.objects.filter(pk=conversation.customer_id).update(created_at=begin)
