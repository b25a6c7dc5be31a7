"""The log-in page, and the page on which people see to their own account."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.views import LoginView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_POST
from unfold.forms import AuthenticationForm

from supportbot.accounts import lockout, two_factor
from supportbot.accounts.forms import CodeForm
from supportbot.accounts.second_step import ask_for_second
from supportbot.accounts.sessions import end_sessions, sessions_of
from tickets.admin.base import user_of

LOCKED = 429


class LogInForm(AuthenticationForm):  # type: ignore[misc]  # unfold carries no types
    retry_seconds = 0
    error_messages: ClassVar = {
        **AuthenticationForm.error_messages,
        "invalid_login": "This username and password do not belong together, or may not log in "
        "here. Capital letters count in both.",
    }

    def get_invalid_login_error(self) -> ValidationError:
        if not getattr(self.request, "axes_locked_out", False):
            return super().get_invalid_login_error()  # type: ignore[no-any-return]
        name = str(self.cleaned_data.get("username", ""))
        words, self.retry_seconds = lockout.words_for(self.request, name)
        return ValidationError(words, code="locked_out")


class LogInView(LoginView):
    """The admin's, which tells who is locked out for how long."""

    authentication_form = LogInForm
    template_name = "accounts/log_in.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "GET" and admin.site.has_permission(request):
            return HttpResponseRedirect(reverse("admin:index"))
        return super().dispatch(request, *args, **kwargs)  # type: ignore[return-value]

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        return {
            **admin.site.each_context(self.request),
            **super().get_context_data(**given),
            "title": "Log in",
            "subtitle": None,
            "app_path": self.request.get_full_path(),
            "username": self.request.user.get_username(),
            "openid": settings.OPENID if settings.OPENID.is_on else None,
            "next": self.get_redirect_url(),
        }

    def form_valid(self, form: Any) -> HttpResponse:
        user = form.get_user()
        if not (two_factor.is_on(user) or two_factor.is_required(user)):
            return super().form_valid(form)
        ask_for_second(self.request, user, self.get_success_url())
        return redirect("account:code")

    def form_invalid(self, form: Any) -> HttpResponse:
        response = super().form_invalid(form)
        if form.retry_seconds:
            response.status_code = LOCKED
            response["Retry-After"] = str(form.retry_seconds)
        return response


def account(request: HttpRequest) -> HttpResponse:
    """Two-factor log-in, and where I am signed in."""
    user = user_of(request)
    context = {
        **admin.site.each_context(request),
        "title": "Your account",
        "is_on": two_factor.is_on(user),
        "form": CodeForm(auto_id="id_%s"),
        "is_required": two_factor.is_required(user),
        "codes_left": two_factor.codes_left(user),
        "sessions": sessions_of(user),
        "this_session": request.session.session_key,
    }
    return TemplateResponse(request, "accounts/account.html", context)


@require_POST
def sign_out_everywhere(request: HttpRequest) -> HttpResponse:
    """End every session of mine but this one."""
    user = user_of(request)
    count = end_sessions(user=user, actor=user, kept=request.session.session_key)
    ended = "1 session was" if count == 1 else f"{count} sessions were"
    messages.success(request, f"{ended} ended. You are signed in here alone.")
    return redirect("account:home")
