"""A site's secret in the admin: a new one, shown once, and the end of the old ones."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.debug import sensitive_variables

from supportbot.widget.models import Site, SiteSecret
from supportbot.widget.site_secrets import (
    NewerSecretError,
    end_old_secrets,
    make_secret,
    secrets_in_force,
    text_of,
)
from tickets.admin.base import user_of

OVERLAPS = {
    "0": "not at all: it ends now",
    "1": "1 hour",
    "24": "1 day",
    "168": "1 week",
    "720": "30 days",
}


class NewSecretForm(forms.Form):
    hours = forms.ChoiceField(choices=list(OVERLAPS.items()), required=False)
    after = forms.IntegerField(required=False)


def secrets_of(site_id: str) -> list[SiteSecret]:
    """Those that count now, newest first."""
    try:
        return list(secrets_in_force(Site(pk=UUID(str(site_id)))))
    except (ValueError, ValidationError):
        return []


@sensitive_variables("context")
def new_view(admin: Any, request: HttpRequest, site_id: UUID) -> HttpResponseBase:
    """Asks how long the old one still counts; then shows the new one, this once."""
    site = _changeable(admin, request, site_id)
    newest = secrets_in_force(site).first()
    context = {
        **_context(admin, request, site),
        "newest": newest,
        "overlaps": list(OVERLAPS.items()),
        "title": f"New secret for {site}" if newest else f"Secret for {site}",
    }
    if request.method == "POST":
        form = NewSecretForm(request.POST)
        if not form.is_valid():
            messages.error(request, "Choose how long the old secret still counts.")
            return _back(site)
        hours = int(form.cleaned_data["hours"] or 0)
        overlap, after = dt.timedelta(hours=hours), form.cleaned_data["after"]
        try:
            made = make_secret(site=site, overlap=overlap, after=after, by=user_of(request))
        except NewerSecretError:
            messages.warning(request, "A secret has been made already. Nothing was changed.")
            return _back(site)
        context["secret"] = text_of(made)
    return TemplateResponse(request, "widget/admin/secret.html", context)


def end_view(admin: Any, request: HttpRequest, site_id: UUID) -> HttpResponseBase:
    """The old secrets are worth nothing from now on."""
    site = _changeable(admin, request, site_id)
    if request.method != "POST":
        context = {**_context(admin, request, site), "title": f"End the old secrets of {site}"}
        return TemplateResponse(request, "widget/admin/end_secrets.html", context)
    ended = end_old_secrets(site=site, by=user_of(request))
    said = "Only the newest secret counts now." if ended else "There is no old secret any more."
    messages.success(request, said)
    return _back(site)


def _changeable(admin: Any, request: HttpRequest, site_id: UUID) -> Site:
    site = get_object_or_404(Site, pk=site_id)
    if not admin.has_change_permission(request, site):
        raise PermissionDenied
    return site


def _context(admin: Any, request: HttpRequest, site: Site) -> dict[str, Any]:
    return {**admin.admin_site.each_context(request), "opts": admin.opts, "original": site}


def _back(site: Site) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("admin:widget_site_change", args=[site.pk]))
