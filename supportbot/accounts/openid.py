"""Sign-in by OpenID Connect. django-allauth speaks the protocol; who may come in is decided here.

Nobody signs up: whoever is let in is a user already, connected or of the same verified address, or
has an address of a domain that the installation names. The steps of allauth that would follow are
never taken: the log-in is that of a password, with its second factor and its audit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import structlog
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialApp
from allauth.socialaccount.providers.openid_connect import views as allauth_views
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from supportbot.accounts import second_step, two_factor
from supportbot.accounts.addresses import client_address
from tickets.services import audit

log = structlog.get_logger(__name__)
PROVIDER = "openid_connect"
ID = "openid"  # of the one provider that there is
_BACKEND = "django.contrib.auth.backends.ModelBackend"
FAILED = "The sign-in did not work. Try again; if it fails again, tell whoever runs supportbot."
CANCELLED = "The sign-in was cancelled."


class RefusedError(Exception):
    """`str()` is a sentence for whoever tried."""


@dataclass(frozen=True)
class Claims:
    """What the provider says of somebody. `email` is empty unless it is verified."""

    subject: str
    email: str
    first_name: str
    last_name: str
    groups: tuple[str, ...]
    has_two_factors: bool


# -- The addresses --------------------------------------------------------------------------------
@never_cache
@require_POST
def start(request: HttpRequest, provider_id: str) -> HttpResponse:
    """POST: on to the provider."""
    return _if_on(allauth_views.login, request, provider_id)


@never_cache
@require_GET
def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Back from it."""
    return _if_on(allauth_views.callback, request, provider_id)


def _if_on(view: Any, request: HttpRequest, provider_id: str) -> HttpResponse:
    if not settings.OPENID.is_on:
        raise Http404
    try:
        response: HttpResponse = view(request, provider_id=provider_id)
    except Exception:
        # The provider may be away, or answer what is no OpenID Connect.
        log.exception("openid_failed")
        return _refused(request, FAILED)
    return response


class Adapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth carries no types
    def list_apps(self, request: HttpRequest, **_: Any) -> list[SocialApp]:
        """The provider of the settings; nothing comes from the database."""
        chosen = settings.OPENID
        if not chosen.is_on:
            return []
        app = SocialApp(
            provider=PROVIDER,
            provider_id=ID,
            name=chosen.name,
            client_id=chosen.client_id,
            secret=chosen.secret,
            settings={"server_url": chosen.issuer, "oauth_pkce_enabled": True},
        )
        return [app]

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """The provider has said who it is. Always ends with a response of ours."""
        then = str(sociallogin.state.get("next") or "")
        try:
            claims = claims_of(sociallogin.account.extra_data)
            user = sign_in(claims)
        except RefusedError as error:
            _note_failure(request)
            raise ImmediateHttpResponse(_refused(request, str(error))) from error
        raise ImmediateHttpResponse(_go_on(request, user, claims, then))

    def on_authentication_error(
        self, request: HttpRequest, provider: Any, error: Any = None, **given: Any
    ) -> None:
        cancelled = str(error) == "cancelled"
        if not cancelled:
            log.warning("openid_failed", error=str(given.get("exception") or error))
            _note_failure(request)
        raise ImmediateHttpResponse(_refused(request, CANCELLED if cancelled else FAILED))


def _go_on(request: HttpRequest, user: User, claims: Claims, then: str) -> HttpResponse:
    """Signed in, or asked for a second factor, unless the provider has asked for two."""
    user.backend = _BACKEND  # as authenticate() would
    wanted = two_factor.is_on(user) or two_factor.is_required(user)
    second_step.ask_for_second(request, user, then)
    if wanted and not claims.has_two_factors:
        return redirect("account:code")
    step = second_step.SecondStep(user, _BACKEND, then)
    then = second_step.finish(request, step, verified=claims.has_two_factors)
    return redirect(then or "admin:index")


def _refused(request: HttpRequest, text: str) -> HttpResponse:
    messages.error(request, text)
    return redirect("admin:login")


def _note_failure(request: HttpRequest) -> None:
    audit.record(
        action="account.log_in_failed", target=User(), name="", address=client_address(request)
    )


# -- Who may come in ------------------------------------------------------------------------------
def claims_of(data: dict[str, Any]) -> Claims:
    """Of the ID token, and of the user info where that says more. Raises RefusedError."""
    token, more = data.get("id_token") or {}, data.get("userinfo") or {}
    if not token.get("sub") or (more and more.get("sub") != token["sub"]):
        raise RefusedError(FAILED)
    said = {**token, **more}
    is_verified = said.get("email_verified") in {True, "true"} or settings.OPENID.trusts_addresses
    groups = said.get(settings.OPENID.groups_claim) or ()
    amr = token.get("amr") or ()
    return Claims(
        subject=str(token["sub"]),
        email=str(said.get("email") or "").strip() if is_verified else "",
        first_name=str(said.get("given_name") or "")[:150],
        last_name=str(said.get("family_name") or "")[:150],
        groups=tuple(str(one) for one in ([groups] if isinstance(groups, str) else groups)),
        has_two_factors="mfa" in ([amr] if isinstance(amr, str) else amr),
    )


@transaction.atomic
def sign_in(claims: Claims) -> User:
    """The user whom the claims are of, with the roles that the groups give. Raises RefusedError."""
    known = SocialAccount.objects.filter(provider=ID, uid=claims.subject).select_related("user")
    account = known.first()
    user: User = account.user if account is not None else _user_of_address(claims)
    if not (user.is_active and user.is_staff):
        raise RefusedError("Your account is switched off. Ask an administrator.")
    if account is None:
        SocialAccount.objects.create(user=user, provider=ID, uid=claims.subject)
        audit.record(action="account.connected", target=user, actor=user)
    _give_roles(user, claims)
    return user


def _user_of_address(claims: Claims) -> User:
    if not claims.email:
        raise RefusedError(
            f"{settings.OPENID.name} has not verified your e-mail address, so that it says nothing "
            "of who you are here."
        )
    found = list(User.objects.filter(email__iexact=claims.email)[:2])
    if len(found) > 1:
        raise RefusedError("Several accounts have your address. Ask an administrator.")
    if found:
        return found[0]
    domain = claims.email.rpartition("@")[2].lower()
    if domain not in settings.OPENID.domains:
        raise RefusedError(f"Nobody here has the address {claims.email}. Ask an administrator.")
    if User.objects.filter(username__iexact=claims.email).exists():
        raise RefusedError("Another account is called like your address. Ask an administrator.")
    user = User.objects.create_user(
        claims.email[:150],
        email=claims.email,
        first_name=claims.first_name,
        last_name=claims.last_name,
        is_staff=True,
    )
    audit.record(action="account.created", target=user, email_domain=domain)
    return user


def _give_roles(user: User, claims: Claims) -> None:
    """The roles that a group stands for are those of the provider; others stay as they are."""
    roles: dict[str, str] = settings.OPENID.roles
    if not roles:
        return
    wanted = {role for group, role in roles.items() if group in claims.groups}
    held = set(user.groups.filter(name__in=roles.values()).values_list("name", flat=True))
    if wanted == held:
        return
    user.groups.remove(*Group.objects.filter(name__in=held - wanted))
    user.groups.add(*Group.objects.filter(name__in=wanted - held))
    audit.record(
        action="account.roles_changed", target=user, before=sorted(held), after=sorted(wanted)
    )


@transaction.atomic
def disconnect(*, user: User, actor: User) -> bool:
    """Forget which account of the provider it is; False if there was none."""
    count, _ = SocialAccount.objects.filter(user=user).delete()
    if count:
        audit.record(action="account.disconnected", target=user, actor=actor)
    return bool(count)
