"""Asks an address as somebody, and says whether they were refused. Nothing it changes stays."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from typing import Any, cast
from unittest.mock import patch

from asgiref.sync import async_to_sync
from django.apps import apps
from django.contrib.admin.utils import quote
from django.contrib.auth.models import AnonymousUser, Group, User
from django.contrib.messages.storage.fallback import FallbackStorage
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connections, models, transaction
from django.http import Http404
from django.test import RequestFactory
from django.urls import resolve
from django.utils import timezone

from supportbot.accounts.permissions import ANYONE, NO_ROLE, VISITOR
from supportbot.accounts.roles import ROLES
from supportbot.accounts.sessions import SessionStore
from supportbot.api import visitor_tokens
from tickets.models import Customer

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
NO_METHOD = 405
BAD_INPUT = {400, 409, 413, 415, 422, 500, 503}
# What the part before a number names.
MODELS = {
    "documents": "knowledge.Document",
    "tickets": "tickets.Ticket",
    "desk": "tickets.Ticket",
    "drafts": "tickets.Draft",
    "customers": "tickets.Customer",
    "saved-replies": "tickets.SavedReply",
    "runs": "answers.AnswerRun",
    "audit": "tickets.AuditEntry",
    "conversations": "tickets.Conversation",
    "messages": "tickets.Message",
    "attachments": "tickets.Attachment",
    "versions": "knowledge.DocumentVersion",
    "events": "knowledge.DocumentEvent",
}


def example(model: type[models.Model], depth: int = 0) -> models.Model | None:
    """A row of the model: one there is, or one made of the least that its columns take."""
    found = model._base_manager.first()
    if found is not None or depth > 3:
        return found
    values: dict[str, Any] = {}
    for field in model._meta.concrete_fields:
        if field.primary_key or field.has_default() or field.null:
            continue
        if isinstance(field, models.ForeignKey):
            values[field.name] = example(cast("Any", field.related_model), depth + 1)
        else:
            values[field.name] = _value(field)
    try:
        with transaction.atomic():
            return model._base_manager.create(**values)
    except (DatabaseError, ValueError, TypeError):
        return None


def _value(field: models.Field[Any, Any]) -> Any:
    if field.choices:
        return cast("Any", field.choices)[0][0]
    kinds: list[tuple[type, Any]] = [
        (models.DateTimeField, timezone.now()),
        (models.DateField, dt.date(2026, 1, 1)),
        (models.BooleanField, False),
        (models.UUIDField, uuid.uuid4()),
        (models.JSONField, {}),
        (models.IntegerField, 1),
        (models.FloatField, 1.0),
        (models.CharField, "x"),
        (models.TextField, "x"),
    ]
    return next((value for kind, value in kinds if isinstance(field, kind)), "")


def path_of(address: str) -> str:
    """The address with something that exists in place of its <parts>."""
    parts = address.strip("/").split("/")
    filled: list[str] = []
    for part in parts:
        if "<" not in part:
            filled.append(part)
        elif part.startswith(("<slug:", "<str:name", "<str:passage", "<path:content", "<str:numb")):
            named = "status" if parts[len(filled) - 1] == "do" else "reply"
            filled.append(named if "name" in part or "slug" in part else "1")
        else:
            row = None if part == "<app_label>" else _named_by(parts)
            filled.append(re.sub(r"<[^>]*>", quote(str(row.pk)) if row else _word(part), part))
    path = "/" + "/".join(filled)
    return path + "/" if address.endswith("/") and path != "/" else path


def _word(part: str) -> str:
    """In place of a row that cannot be made up."""
    if "uuid" in part:
        return str(uuid.UUID(int=1))
    return "tickets" if "app_label" in part else "1"


def _named_by(parts: list[str]) -> models.Model | None:
    last = next(at for at, part in enumerate(parts) if "<" in part)
    if parts[last - 1] in MODELS:
        return example(apps.get_model(MODELS[parts[last - 1]]))
    if parts[0] == "admin" and len(parts) > 2:
        try:
            return example(apps.get_model(parts[1], parts[2]))
        except LookupError:
            pass
    named = next((MODELS[part] for part in parts if part in MODELS), None)
    return example(apps.get_model(named)) if named else None


class Probe:
    """Everybody who asks: the actors of the table."""

    def __init__(self, customer: Customer) -> None:
        example(apps.get_model("knowledge.DocumentVersion"))
        self.token = visitor_tokens.issue(customer.pk).token
        self.users: dict[str, Any] = {ANYONE: AnonymousUser(), VISITOR: AnonymousUser()}
        for role in (NO_ROLE, *ROLES):
            user = User.objects.create_user(role.replace(" ", "-"), is_staff=True)
            if role in ROLES:
                user.groups.add(Group.objects.get(name=role))
            self.users[role] = user

    def status(self, actor: str, method: str, path: str) -> int:
        headers = {"HTTP_AUTHORIZATION": f"Bearer {self.token}"} if actor == VISITOR else {}
        json = path.startswith(("/api/", "/v1/"))
        request: Any = RequestFactory().generic(
            method,
            path,
            b"{}" if json else b"",
            "application/json" if json else "application/x-www-form-urlencoded",
            **cast("Any", headers),
        )
        request.user, request.session = self.users[actor], SessionStore()
        request._messages = FallbackStorage(request)
        request._dont_enforce_csrf_checks = True
        match = resolve(path)
        request.resolver_match = match
        # Views that stream give their connection back; here it is the test's own.
        with patch.object(connections["default"], "close"), transaction.atomic():
            try:
                return _status_of(match, request)
            except PermissionDenied:
                return 403
            except Http404:
                return 404
            except Exception:  # noqa: BLE001  (nothing was sent, which not every form foresees)
                return 500
            finally:
                transaction.set_rollback(True)

    def allowed(self, method: str, path: str) -> frozenset[str] | None:
        """Who gets something or may do something; None if the address knows no such method."""
        found = {
            actor: self.status(actor, method, path)
            for actor in self.users
            if actor != VISITOR or not path.startswith("/admin/")
        }
        if NO_METHOD in found.values():
            return None
        allowed = {actor for actor, status in found.items() if _is_open(method, status)}
        if allowed and path.startswith("/admin/") and ANYONE in allowed:
            allowed.add(VISITOR)
        return frozenset(allowed)


def _is_open(method: str, status: int) -> bool:
    """A GET that leads elsewhere shows nothing; a POST that does has done something. Input that is
    refused for what it is was not refused for who sent it."""
    return status < 300 or status in BAD_INPUT or (status == 302 and method != "GET")


def _status_of(match: Any, request: Any) -> int:
    view = match.func
    if getattr(view, "__code__", None) is not None and view.__code__.co_flags & 0x80:
        view = async_to_sync(view)
    response = view(request, *match.args, **match.kwargs)
    if response.status_code == 302 and "/admin/login/" in response.headers["Location"]:
        return 403
    return int(response.status_code)


def methods_of(address: str) -> tuple[str, ...]:
    """REST has five; pages and their forms have two."""
    return METHODS if address.startswith("/api/") else METHODS[:2]
