"""Log-ins, failed log-ins, log-outs, new passwords and edited knowledge, in the audit log."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models.signals import post_save
from django.http import HttpRequest

from supportbot.accounts.addresses import client_address
from supportbot.accounts.sessions import describe
from tickets.services import audit

NAME_CHARACTERS = 150


def connect() -> None:
    user_logged_in.connect(_logged_in, dispatch_uid="audit.logged_in")
    user_logged_out.connect(_logged_out, dispatch_uid="audit.logged_out")
    user_login_failed.connect(_log_in_failed, dispatch_uid="audit.log_in_failed")
    post_save.connect(_password_changed, sender=User, dispatch_uid="audit.password")
    post_save.connect(_knowledge_edited, sender=LogEntry, dispatch_uid="audit.knowledge")


def _logged_in(sender: Any, request: HttpRequest | None, user: User, **_: Any) -> None:
    address = client_address(request)
    if request is not None:
        describe(request, address)
    audit.record(action="account.logged_in", target=user, actor=user, address=address)


def _logged_out(
    sender: Any, request: HttpRequest | None, user: User | None = None, **_: Any
) -> None:
    if user is not None:
        audit.record(action="account.logged_out", target=user, actor=user)


def _log_in_failed(
    sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any
) -> None:
    """Of a name that nobody has, too: then the entry is of no account."""
    name = str(credentials.get("username", ""))[:NAME_CHARACTERS]
    known = User.objects.filter(username=name).first()
    audit.record(
        action="account.log_in_failed",
        target=known if known is not None else User(),
        # What was typed may be a password in the wrong field: only names that exist are kept.
        name=name if known is not None else "",
        address=client_address(request),
    )


def _password_changed(sender: Any, instance: User, created: bool, **_: Any) -> None:
    # Set by set_password alone, not by a log-in that hashes a password anew.
    if created or getattr(instance, "_password", None) is None:
        return
    actor = getattr(instance, "changed_by", instance)
    audit.record(action="account.password_changed", target=instance, actor=actor)


def _knowledge_edited(sender: Any, instance: LogEntry, **_: Any) -> None:
    """Collections, web sources and curated answers are edited in forms of an app that knows nothing
    of the audit log. Documents have a history of their own."""
    if instance.content_type is None or instance.content_type.app_label != "knowledge":
        return
    model = instance.content_type.model_class()
    if model is None:
        return
    action = {1: "setting.added", 2: "setting.changed", 3: "setting.removed"}[instance.action_flag]
    audit.record(
        action=action,
        target=model(pk=instance.object_id),
        actor=instance.user,
        name=f"{instance.content_type.name} {instance.object_id}",
        fields=instance.get_change_message(),
    )
