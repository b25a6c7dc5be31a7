"""Users, groups and API tokens in the admin's look, and the admin's navigation."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from rest_framework.authtoken.admin import TokenAdmin as DrfTokenAdmin
from rest_framework.authtoken.models import TokenProxy
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from knowledge.models import CuratedAnswer
from supportbot.accounts import openid, two_factor
from supportbot.learning.proposals import open_proposals
from tickets.admin.base import user_of
from tickets.admin.desk import waiting_counts
from tickets.admin.settings import SettingAdmin
from tickets.services.notices import unseen_notices

_UNTOLD = {"password", "last_login", "key"}

for model in (User, Group, TokenProxy):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


class AccountAdmin(SettingAdmin):
    """What was changed is in the audit log, secrets aside."""

    def snapshot_of(self, setting: Model) -> dict[str, Any]:
        kept = super().snapshot_of(setting)
        return {name: value for name, value in kept.items() if name not in _UNTOLD}


@admin.register(User)
class UserAdmin(DjangoUserAdmin, AccountAdmin):  # type: ignore[type-arg]
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    actions = ("reset_two_factor", "disconnect")

    @admin.action(description="Reset two-factor log-in", permissions=["change"])
    def reset_two_factor(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        """For who lost the phone and the recovery codes. Only superusers reset superusers."""
        for user in chosen:
            if user.is_superuser and not user_of(request).is_superuser:
                messages.error(request, f"Only a superuser can reset {user.get_username()}.")
                continue
            two_factor.turn_off(user=user, actor=user_of(request))
            messages.success(request, f"{user.get_username()} logs in by password, to set it up.")

    @admin.action(description="Part from the organisation’s sign-in", permissions=["change"])
    def disconnect(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        """For whom the provider calls otherwise now. Their address connects them again."""
        for user in chosen:
            if openid.disconnect(user=user, actor=user_of(request)):
                messages.success(request, f"{user.get_username()} is parted from the sign-in.")
            else:
                messages.info(request, f"{user.get_username()} was not connected.")

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        found = super().get_object(request, object_id, from_field)
        if found is not None:
            found.changed_by = user_of(request)  # who gives it a new password
        return found


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, AccountAdmin):
    pass


@admin.register(TokenProxy)
class TokenAdmin(DrfTokenAdmin, AccountAdmin):
    list_display = ("user", "created")  # the key is a secret: nothing to leave on a screen
    autocomplete_fields = ("user",)


# (group, [(title, icon, model)])
_SECTIONS = [
    (
        "Support",
        [
            ("Tickets", "confirmation_number", "tickets.ticket"),
            ("For you", "notifications", "tickets.agentnotice"),
            ("Drafts", "rate_review", "tickets.draft"),
            ("Conversations", "forum", "tickets.conversation"),
            ("Customers", "group", "tickets.customer"),
            ("E-mail in", "inbox", "mail.incomingemail"),
            ("E-mail out", "outgoing_mail", "tickets.outgoingemail"),
        ],
    ),
    (
        "Knowledge",
        [
            ("Documents", "description", "knowledge.document"),
            ("Curated answers", "verified_user", "knowledge.curatedanswer"),
            ("Unanswered questions", "help", "learning.questiongroup"),
            ("Proposals", "lightbulb", "learning.proposal"),
            ("Web sources", "language", "knowledge.websource"),
            ("Collections", "folder", "knowledge.collection"),
            ("History", "manage_history", "knowledge.documentevent"),
            ("Freshness", "verified", "knowledge.freshnesscheck"),
            ("Embedding indexes", "database", "knowledge.embeddingindex"),
        ],
    ),
    (
        "Answers",
        [
            ("Runs", "route", "answers.answerrun"),
            ("Configuration", "tune", "configuration.answerconfiguration"),
            ("Guardrails", "shield", "answers.firedrule"),
            ("Model calls", "network_intelligence", "answers.modelcall"),
            ("Answer cache", "bolt", "answers.cachedanswer"),
            ("Small talk", "waving_hand", "manners.mannerreply"),
            ("Small talk examples", "format_quote", "manners.mannerexample"),
            ("Intents", "category", "triage.intent"),
            ("Intent examples", "label", "triage.intentexample"),
        ],
    ),
    ("Quality", [("Evaluations", "monitoring", "evaluation.evaluationrun")]),
    (
        "Desk",
        [
            ("Modes of channels", "toggle_on", "tickets.channelmode"),
            ("Saved replies", "quickreply", "tickets.savedreply"),
            ("Macros", "playlist_play", "tickets.macro"),
            ("Rules", "rule_settings", "automation.rule"),
            ("Service levels", "timer", "tickets.slapolicy"),
            ("Teams", "groups", "tickets.team"),
            ("Categories", "folder_open", "tickets.category"),
            ("Tags", "sell", "tickets.tag"),
            ("Custom fields", "edit_note", "tickets.customfield"),
            ("Calendars", "calendar_month", "tickets.businesscalendar"),
            ("Agents", "support_agent", "tickets.agentprofile"),
        ],
    ),
    (
        "System",
        [
            ("Audit log", "history", "tickets.auditentry"),
            ("Sites", "chat", "widget.site"),
            ("Webhooks", "webhook", "webhooks.webhookendpoint"),
            ("Users", "person", "auth.user"),
            ("Lock-outs", "lock_person", "axes.accessattempt"),
            ("API tokens", "key", "authtoken.tokenproxy"),
        ],
    ),
]


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar: what this user may see, with the number of things that wait for somebody."""
    if request.resolver_match is not None and request.resolver_match.app_name == "desk":
        return []  # it has none, and counting is what takes long
    needing_review = CuratedAnswer.objects.needing_review(timezone.localdate())
    waiting = waiting_counts(user_of(request))
    waiting["knowledge.curatedanswer"] = needing_review.count()
    waiting["learning.proposal"] = open_proposals(user_of(request))
    waiting["tickets.agentnotice"] = unseen_notices(user_of(request)).count()
    groups: list[dict[str, Any]] = []
    for title, entries in _SECTIONS:
        items = [
            _item(*entry, waiting.get(entry[2]))
            for entry in entries
            if _may_view(request, entry[2])
        ]
        if title == "Support" and request.user.has_perm("tickets.view_ticket"):
            items.insert(0, {"title": "Desk", "icon": "headset_mic", "link": reverse("desk:desk")})
        groups.append({"title": title, "separator": bool(groups), "items": items})
    return [group for group in groups if group["items"]]


def _item(title: str, icon: str, model: str, waiting: int | None) -> dict[str, Any]:
    link = reverse(f"admin:{model.replace('.', '_')}_changelist")
    return {"title": title, "icon": icon, "link": link, "badge": waiting}


def _may_view(request: HttpRequest, model: str) -> bool:
    registered = {model._meta.label_lower: entry for model, entry in admin.site._registry.items()}
    return model in registered and registered[model].has_view_permission(request)
