"""Pages of two-factor log-in: the code after the password, set-up, recovery codes, turning off."""

from __future__ import annotations

from base64 import b32encode
from typing import Any, cast

from axes.handlers.proxy import AxesProxyHandler
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from supportbot.accounts import lockout, two_factor
from supportbot.accounts.forms import CodeForm
from supportbot.accounts.second_step import VERIFIED, SecondStep, finish, pending
from tickets.admin.base import user_of

LOCKED = 429
OUTSIDE, INSIDE = "unfold/layouts/unauthenticated.html", "admin/base_site.html"
WRONG = "This code is not right, or was used already. Wait for the next one of your app."
SLOW = "This code is not right. After some wrong codes, wait a moment before you try again."


@sensitive_post_parameters()
@never_cache
def code(request: HttpRequest) -> HttpResponse:
    """Asked after the password, from those who have set two-factor log-in up."""
    step = pending(request)
    if step is None:
        messages.warning(request, "That took too long. Log in again.")
        return redirect("admin:login")
    if not two_factor.is_on(step.user):
        return redirect("account:set_up")
    form = CodeForm(request.POST or None)
    form.fields["code"].widget.attrs["autofocus"] = True
    status = 200
    if request.method == "POST" and form.is_valid():
        problem, status = _refusal(request, step.user, form.cleaned_data["code"])
        if not problem:
            return redirect(finish(request, step) or "admin:index")
        form.add_error("code", problem)
    return _page(request, "accounts/code.html", status, form=form, title="Enter your code")


def _refusal(request: HttpRequest, user: User, typed: str) -> tuple[str, int]:
    """Why the code does not open the account; empty if it does."""
    name = {"username": user.get_username()}
    if AxesProxyHandler.is_allowed(request, name):
        if two_factor.is_right(user, typed):
            return "", 200
        # Wrong codes count like wrong passwords.
        user_login_failed.send(sender=__name__, credentials=name, request=request)
    if not AxesProxyHandler.is_allowed(request, name):
        return lockout.words_for(request, user.get_username())[0], LOCKED
    return SLOW, 200


@sensitive_post_parameters()
@never_cache
def set_up(request: HttpRequest) -> HttpResponse:
    """For who is signed in, and for who must set it up before."""
    step = pending(request)
    signed_in = admin.site.has_permission(request)
    if not signed_in and step is None:
        return redirect("admin:login")
    user = user_of(request) if signed_in else cast(SecondStep, step).user
    if two_factor.is_on(user):
        return redirect("account:home" if signed_in else "account:code")
    device = two_factor.begin_set_up(user)
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        codes = two_factor.confirm(user, form.cleaned_data["code"])
        if codes:
            if signed_in:
                request.session[VERIFIED] = True
            then = "" if signed_in else finish(request, cast(SecondStep, step))
            return _codes_page(request, codes, then)
        form.add_error("code", WRONG)
    return _page(
        request,
        "accounts/set_up.html",
        layout=INSIDE if signed_in else OUTSIDE,
        form=form,
        picture=two_factor.picture_of(device),
        key=_in_fours(device),
        required=two_factor.is_required(user),
        title="Set up two-factor log-in",
    )


def _in_fours(device: Any) -> str:
    key = b32encode(device.bin_key).decode().rstrip("=")
    return " ".join(key[at : at + 4] for at in range(0, len(key), 4))


@require_POST
@never_cache
def renew_codes(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    if not two_factor.is_on(user):
        return redirect("account:home")
    if not _may_change(request, user):
        return redirect("account:home")
    return _codes_page(request, two_factor.renew_codes(user), "")


@require_POST
def turn_off(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    if two_factor.is_required(user):
        messages.error(request, "Your role asks for two-factor log-in. It stays on.")
    elif two_factor.is_on(user) and _may_change(request, user):
        two_factor.turn_off(user=user, actor=user)
        messages.success(request, "Two-factor log-in is off. Your password alone logs you in.")
    return redirect("account:home")


def _may_change(request: HttpRequest, user: User) -> bool:
    """Who walks by a screen that was left open has no code."""
    right = two_factor.is_right(user, request.POST.get("code", "")[:20])
    if not right:
        messages.error(request, SLOW)
    return right


def _codes_page(request: HttpRequest, codes: list[str], then: str) -> HttpResponse:
    title = "Keep your recovery codes"
    return _page(request, "accounts/codes.html", codes=codes, then=then, title=title)


def _page(request: HttpRequest, template: str, status: int = 200, **given: Any) -> HttpResponse:
    context = {**admin.site.each_context(request), "layout": OUTSIDE, **given}
    return TemplateResponse(request, template, context, status=status)
