"""Rules in the admin: written, tried on last week's tickets, and only then switched on."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from supportbot.automation.facts import ABOUT
from supportbot.automation.models import Rule
from supportbot.automation.rules import DRY_RUN_DAYS, dry_run, switch_rule
from tickets.admin.base import user_of
from tickets.admin.settings import SettingAdmin
from tickets.models.visibility import hidden_conversations, sees_all, visible_by

SHOWN = 50  # moments of a dry run
FACTS = "Facts: " + "; ".join(f"{name} ({about})" for name, about in sorted(ABOUT.items()))
EXAMPLES = (
    "Examples: priority == 'normal' && text.contains('refund'); amount > 100.0 || 'vip' in tags; "
    "'order' in fields && fields['order'] != ''. "
)


@admin.register(Rule)
class RuleAdmin(SettingAdmin):
    list_display = ("position", "name", "when", "macro", "is_active", "fired", "trial")
    list_display_links = ("name",)
    list_filter = ("is_active", "when")
    list_select_related = ("macro",)
    search_fields = ("name", "condition")
    readonly_fields = ("is_active",)
    fieldsets: ClassVar = [
        (
            None,
            {
                "fields": ["name", "when", "condition", "macro", "position", "is_active"],
                "description": EXAMPLES + FACTS,
            },
        )
    ]

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/dry-run/", view(self.dry_run_view), name="automation_rule_dry_run"),
            path("<int:pk>/switch/", view(self.switch_view), name="automation_rule_switch"),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Rule]:
        rules: QuerySet[Rule] = super().get_queryset(request)
        hidden = hidden_conversations(user_of(request)).values("pk")
        applied = Q(firings__was_applied=True)
        if not sees_all(user_of(request)):
            applied &= ~Q(firings__ticket__conversation__in=hidden)
        return rules.annotate(held=Count("firings", filter=applied, distinct=True))

    def response_add(
        self, request: HttpRequest, obj: Rule, post_url_continue: str | None = None
    ) -> HttpResponse:
        """The dry run is what comes next."""
        super().response_add(request, obj, post_url_continue)
        return HttpResponseRedirect(reverse("admin:automation_rule_dry_run", args=[obj.pk]))

    @display(description="applied", ordering="held")  # type: ignore[untyped-decorator]
    def fired(self, rule: Rule) -> int:
        return int(getattr(rule, "held", 0))

    @display(description="last week")  # type: ignore[untyped-decorator]
    def trial(self, rule: Rule) -> SafeString:
        url = reverse("admin:automation_rule_dry_run", args=[rule.pk])
        return format_html('<a class="sb-link" href="{}">Dry run</a>', url)

    def dry_run_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What the rule would have done; from here it is switched on or off."""
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET", "HEAD"])
        rule = get_object_or_404(self.get_queryset(request), pk=pk)
        if not self.has_view_permission(request, rule):
            raise PermissionDenied
        user = user_of(request)
        found = dry_run(rule, user)
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"Dry run of “{rule}”",
            "rule": rule,
            "run": found,
            "shown": found.fired[:SHOWN],
            "days": DRY_RUN_DAYS,
            "steps": [str(step) for step in rule.macro.steps.all()],
            "firings": visible_by(rule.firings.all(), user_of(request), "ticket__conversation")[
                :10
            ],
            "can_change": self.has_change_permission(request, rule),
        }
        return TemplateResponse(request, "automation/admin/dry_run.html", context)

    def switch_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """POST: switch the rule on (`on` is 1) or off."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        rule = get_object_or_404(Rule, pk=pk)
        if not self.has_change_permission(request, rule):
            raise PermissionDenied
        is_on = request.POST.get("on") == "1"
        try:
            switch_rule(rule=rule, is_on=is_on, agent=user_of(request))
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        except ValueError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, f"The rule is {'on' if is_on else 'off'}.")
        return HttpResponseRedirect(reverse("admin:automation_rule_dry_run", args=[pk]))
