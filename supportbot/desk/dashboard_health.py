"""How the parts are doing, for the admin's home page: each with a sentence when it is ill."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Count, Q
from django.urls import reverse

from supportbot.answers.model_calls import CANCELLED, OVER_BUDGET
from supportbot.answers.models import ModelCall
from supportbot.api.health import readiness
from supportbot.configuration.current import current_content
from supportbot.mail.models import Mailbox
from supportbot.webhooks.models import WebhookEndpoint
from tickets.models import ChannelMode, Conversation, OutgoingEmail
from tickets.models.visibility import visible_by
from tickets.services.modes import configured_mode

NAMES = {"postgresql": "Database", "redis": "Redis", "worker": "Worker"}
_NO_FAULT = ("", ModelCall.COMPLETE, CANCELLED, OVER_BUDGET)
_NOT_SENT = (OutgoingEmail.Status.FAILED, OutgoingEmail.Status.BOUNCED)


@dataclass(frozen=True)
class Part:
    """`problem` is empty while it works; `link` leads to where it is seen to."""

    words: str
    problem: str = ""
    link: str = ""


def parts_of(user: User, today: dt.datetime) -> list[Part]:
    """What this user may see: servers, e-mail, language models, webhooks."""
    parts = [
        Part(NAMES.get(name, name), "" if result == "ok" else result)
        for name, result in readiness.glance().checks.items()
    ]
    if user.has_perm("tickets.view_outgoingemail"):
        parts += _mail(user, today)
    if user.has_perm("answers.view_modelcall"):
        parts += _models(user, today)
    if user.has_perm("webhooks.view_webhookendpoint"):
        parts += _webhooks()
    return parts


def switched(user: User) -> list[str]:
    """Channels in which the bot does something else than configured, in words."""
    if not user.has_perm("tickets.view_conversation"):
        return []
    rows = ChannelMode.objects.exclude(mode="")
    label = {mode.value: mode.label for mode in Conversation.Mode}
    return [
        f"{row}: {label[row.mode].lower()}, switched by hand."
        for row in rows
        if row.mode != configured_mode(row.channel)
    ]


def _mail(user: User, today: dt.datetime) -> list[Part]:
    parts = []
    if settings.MAIL.sends:
        sent = visible_by(OutgoingEmail.objects.all(), user, "conversation")
        lost = sent.filter(status__in=_NOT_SENT, created_at__gte=today).count()
        problem = (
            f"{lost} e-mail{'s' if lost != 1 else ''} of today did not arrive." if lost else ""
        )
        link = reverse("admin:tickets_outgoingemail_changelist")
        parts.append(Part("E-mail out", problem, link))
    if settings.MAIL.imap:
        box = Mailbox.objects.order_by("-last_poll_at").first()
        link = reverse("admin:mail_incomingemail_changelist")
        parts.append(Part("E-mail in", box.last_error if box is not None else "", link))
    return parts


def _models(user: User, today: dt.datetime) -> list[Part]:
    seen = visible_by(ModelCall.objects.all(), user, "run__conversation")
    calls = seen.filter(created_at__gte=today).order_by()
    rows = calls.values_list("route").annotate(
        total=Count("pk"), wrong=Count("pk", filter=~Q(outcome__in=_NO_FAULT))
    )
    counts = {route: (total, wrong) for route, total, wrong in rows}
    link = reverse("admin:answers_modelcall_changelist")
    parts = []
    for route in current_content().routes:
        total, wrong = counts.get(route.name, (0, 0))
        if route.enabled:
            problem = f"{wrong} of {total} calls of today failed." if wrong else ""
            parts.append(Part(f"Model route {route.name}", problem, link))
    return parts


def _webhooks() -> list[Part]:
    link = reverse("admin:webhooks_webhookendpoint_changelist")
    parts = []
    for endpoint in WebhookEndpoint.objects.all():
        problem = endpoint.disabled_reason
        if not problem and endpoint.is_on and endpoint.failing_since is not None:
            problem = "Its deliveries fail at the moment and are tried again."
        if endpoint.is_on or problem:
            parts.append(Part(f"Webhook {endpoint}", problem, link))
    return parts
