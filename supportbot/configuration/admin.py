"""The configuration in the admin: drafts, what they change, publication, roll-back, and trials."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, cast

from asgiref.sync import async_to_sync
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin
from unfold.decorators import display

from supportbot.answers.route_trial import try_routes
from supportbot.configuration import services
from supportbot.configuration.content import Configuration
from supportbot.configuration.current import current, is_from_environment
from supportbot.configuration.diff import differences
from supportbot.configuration.forms import (
    ConfigurationForm,
    RouteForms,
    RouteFormSet,
    initial_of,
    initial_of_routes,
)
from supportbot.configuration.models import Activation, AnswerConfiguration
from supportbot.configuration.services import ConfigurationError
from supportbot.llm.presets import presets
from tickets.admin.base import time_column
from tickets.services.names import full_name

LIST = "admin:configuration_answerconfiguration_changelist"
PAGE = "admin:configuration_answerconfiguration_change"
MAY_PUBLISH = "configuration.publish_answerconfiguration"
STATES = {"In effect": "success", "Draft": "info", "Earlier": "", "Never in effect": ""}


@admin.register(AnswerConfiguration)
class AnswerConfigurationAdmin(ModelAdmin):  # type: ignore[misc]  # unfold carries no types
    list_display = ("version", "state", "note", "author_label", time_column("created_at", "made"))
    list_before_template = "configuration/admin/above_list.html"
    actions = None
    show_add_link = False
    list_per_page = 50

    class Media:
        css: ClassVar = {"all": ["knowledge/desk.css"]}

    def get_urls(self) -> list[Any]:
        views: list[tuple[str, str, Callable[..., HttpResponse]]] = [
            ("begin/", "begin", begin),
            ("environment/", "environment", to_environment),
            ("try/", "try", try_all),
            ("<int:pk>/begin/", "begin_from", begin),
            ("<int:pk>/drop/", "drop", drop),
            ("<int:pk>/publish/", "publish", publish),
            ("<int:pk>/roll-back/", "roll_back", roll_back),
        ]
        own = [
            path(
                route,
                self.admin_site.admin_view(require_POST(partial(view, self))),
                name=f"configuration_answerconfiguration_{name}",
            )
            for route, name, view in views
        ]
        return [*own, *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[AnswerConfiguration]:
        found: QuerySet[AnswerConfiguration] = super().get_queryset(request)
        return found.select_related("author").prefetch_related("activations")

    @display(description="version", ordering="id")  # type: ignore[untyped-decorator]
    def version(self, row: AnswerConfiguration) -> str:
        return str(row)

    @display(description="state", label=STATES)  # type: ignore[untyped-decorator]
    def state(self, row: AnswerConfiguration) -> str:
        return state_of(row)

    @display(description="author")  # type: ignore[untyped-decorator]
    def author_label(self, row: AnswerConfiguration) -> str:
        return (row.author and full_name(row.author)) or row.author_name or row.get_origin_display()

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        context = {
            **(extra_context or {}),
            "in_effect": AnswerConfiguration.objects.get(pk=current().id),
            "from_environment": is_from_environment(),
            "activations": Activation.objects.select_related("configuration")[:5],
            **rights(request, self),
        }
        return cast(HttpResponse, super().changelist_view(request, context))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        if row is None:
            redirect = self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
            return cast(HttpResponse, redirect)
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        if row.is_draft and self.has_change_permission(request, row):
            return cast(HttpResponse, edit(self, request, row))
        return self.page(request, "version", row)

    def page(
        self, request: HttpRequest, name: str, row: AnswerConfiguration, **context: Any
    ) -> HttpResponse:
        """A page of one version, from configuration/admin/NAME.html."""
        request.current_app = self.admin_site.name
        compared = compared_with(request, row)
        shared = {
            **self.admin_site.each_context(request),
            **rights(request, self),
            "opts": self.opts,
            "media": self.media,
            "title": f"{row}, draft" if row.is_draft else str(row),
            "version": row,
            "state": state_of(row),
            "compared": compared,
            "changes": differences(compared.parsed, row.parsed),
            "others": AnswerConfiguration.objects.exclude(pk=row.pk)[:50],
            "content": row.parsed,
        }
        return TemplateResponse(request, f"configuration/admin/{name}.html", {**shared, **context})

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # drafts are begun from a version

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # drafts are dropped, versions stay


def rights(request: HttpRequest, site: AnswerConfigurationAdmin) -> dict[str, bool]:
    return {
        "may_change": site.has_change_permission(request),
        "may_publish": request.user.has_perm(MAY_PUBLISH),
    }


def state_of(row: AnswerConfiguration) -> str:
    if row.is_draft:
        return "Draft"
    if row.pk == current().id:
        return "In effect"
    is_older = row.origin == AnswerConfiguration.Origin.ENVIRONMENT or row.activations.exists()
    return "Earlier" if is_older else "Never in effect"


def compared_with(request: HttpRequest, row: AnswerConfiguration) -> AnswerConfiguration:
    """The version that ?with= names; else the one in effect, or for that one the one before it."""
    asked = request.GET.get("with", "")
    if asked.isdigit() and (found := AnswerConfiguration.objects.filter(pk=int(asked)).first()):
        return found
    if row.pk == current().id and row.based_on is not None:
        return row.based_on
    return AnswerConfiguration.objects.get(pk=current().id)


# -- The draft ------------------------------------------------------------------------------------
def edit(site: AnswerConfigurationAdmin, request: HttpRequest, row: AnswerConfiguration) -> Any:
    """Show the form; save what was sent, add a route from a preset, or publish."""
    if request.method != "POST":
        return _form_page(site, request, row, *_forms_of(row))
    form = ConfigurationForm(request.POST, initial=initial_of(row.parsed, row.note))
    routes = RouteFormSet(request.POST, prefix="routes")
    content = _content(form, routes)
    if content is None:
        return _form_page(site, request, row, form, routes)
    preset = presets().get(request.POST.get("add", ""))
    if preset is not None:
        names = {route.name for route in content.routes}
        name = next(n for n in _names(preset.route.name) if n not in names)
        added = preset.route.model_copy(update={"name": name})
        content = content.model_copy(update={"routes": (*content.routes, added)})
    try:
        row = services.save_draft(
            draft=row, content=content, note=form.cleaned_data["note"], author=user_of(request)
        )
    except ConfigurationError as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(reverse(LIST))
    if preset is not None:
        messages.success(request, f"Added {preset.title}. {preset.note or 'Look at its prices.'}")
    elif "publish" in request.POST:
        return publish(site, request, row.pk)
    else:
        messages.success(request, "Saved. Customers get it once it is published.")
    return HttpResponseRedirect(reverse(PAGE, args=[row.pk]))


def _forms_of(row: AnswerConfiguration) -> tuple[ConfigurationForm, RouteForms]:
    initial = list(initial_of_routes(row.parsed.routes))
    form = ConfigurationForm(initial=initial_of(row.parsed, row.note))
    return form, RouteFormSet(initial=initial, prefix="routes")


def _content(form: ConfigurationForm, routes: RouteForms) -> Configuration | None:
    """What was sent; None if something is wrong with it, which the forms then say."""
    valid = [form.is_valid(), routes.is_valid()]
    return form.configuration(routes.routes) if all(valid) else None


def _names(name: str) -> Any:
    yield name
    yield from (f"{name}-{number}" for number in range(2, 1000))


def _form_page(
    site: AnswerConfigurationAdmin,
    request: HttpRequest,
    row: AnswerConfiguration,
    form: ConfigurationForm,
    routes: RouteForms,
) -> HttpResponse:
    return site.page(request, "draft", row, form=form, routes=routes, presets=presets())


# -- Buttons --------------------------------------------------------------------------------------
def user_of(request: HttpRequest) -> User:
    return cast(User, request.user)


def _may(request: HttpRequest, right: bool) -> None:
    if not right:
        raise PermissionDenied


def begin(site: AnswerConfigurationAdmin, request: HttpRequest, pk: int | None = None) -> Any:
    """A draft from the version in effect, or from another one."""
    _may(request, site.has_change_permission(request))
    source = get_object_or_404(AnswerConfiguration, pk=pk) if pk else None
    draft = services.begin_draft(author=user_of(request), based_on=source)
    return HttpResponseRedirect(reverse(PAGE, args=[draft.pk]))


def drop(site: AnswerConfigurationAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    _may(request, site.has_change_permission(request))
    draft = get_object_or_404(AnswerConfiguration, pk=pk)
    return _done(request, lambda: services.drop_draft(draft=draft), f"{draft} was dropped.")


def publish(site: AnswerConfigurationAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    _may(request, request.user.has_perm(MAY_PUBLISH))
    draft = get_object_or_404(AnswerConfiguration, pk=pk)
    act = partial(services.publish, draft=draft, by=user_of(request))
    return _done(request, act, f"{draft} is in effect. Every process has it within seconds.")


def roll_back(site: AnswerConfigurationAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    _may(request, request.user.has_perm(MAY_PUBLISH))
    version = get_object_or_404(AnswerConfiguration, pk=pk)
    act = partial(services.roll_back, version=version, by=user_of(request))
    return _done(request, act, f"{version} is in effect again.")


def to_environment(site: AnswerConfigurationAdmin, request: HttpRequest) -> HttpResponse:
    _may(request, request.user.has_perm(MAY_PUBLISH))
    act = partial(services.return_to_environment, by=user_of(request))
    return _done(request, act, "The environment decides again.")


def _done(request: HttpRequest, act: Callable[[], Any], words: str) -> HttpResponse:
    try:
        act()
    except ConfigurationError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, words)
    return HttpResponseRedirect(reverse(LIST))


def try_all(site: AnswerConfigurationAdmin, request: HttpRequest) -> HttpResponse:
    """Try the routes of a version, or of the one in effect, for real."""
    _may(request, site.has_change_permission(request))
    asked = request.POST.get("version", "")
    pk = int(asked) if asked.isdigit() else current().id
    row = get_object_or_404(AnswerConfiguration, pk=pk)
    trials = async_to_sync(try_routes)(row.parsed.routes, row.parsed.budgets)
    return site.page(request, "trial", row, trials=trials)
