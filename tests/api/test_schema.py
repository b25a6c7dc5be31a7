"""The OpenAPI schema is whole, and every staff endpoint in it is closed to outsiders."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from supportbot.api import visitor_tokens
from tests.api.conftest import ApiOf
from tickets.models import Customer

FOR_VISITORS = (
    *("/api/v1/visitors/", "/api/v1/conversations/", "/api/v1/messages/", "/api/v1/files/"),
    "/api/v1/help/",
    "/api/v1/sites/",  # how the widget looks, which any page may read
)
BY_SIGNATURE = ("/api/v1/mail/incoming/",)  # tests/mail/test_pages.py
METHODS = ("get", "post", "put", "patch", "delete")


def _schema() -> dict[str, Any]:
    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return schema


def _staff_operations() -> list[tuple[str, str]]:
    return [
        (method, path)
        for path, operations in _schema()["paths"].items()
        for method in METHODS
        if method in operations and not path.startswith(FOR_VISITORS + BY_SIGNATURE)
    ]


def _rest_paths(patterns: list[URLPattern | URLResolver], before: str = "/") -> Iterator[str]:
    for entry in patterns:
        path = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _rest_paths(entry.url_patterns, path)
        elif path.startswith("/api/v1/"):
            yield path


STAFF = _staff_operations()


def test_the_schema_is_made_without_a_warning(tmp_path: Any) -> None:
    call_command(
        "spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yml")
    )


def test_the_schema_is_served_to_everybody(db: None) -> None:
    response = APIClient().get("/api/v1/schema/", HTTP_ACCEPT="application/json")
    assert response.status_code == 200
    assert b"/api/v1/conversations/" in response.content


def test_every_rest_url_stands_in_the_schema() -> None:
    # Routers write their URLs as regular expressions, with a second form for “.json”.
    routed = {
        path
        for path in _rest_paths(get_resolver().url_patterns)
        if "format" not in path and "schema" not in path
    }
    described = _schema()["paths"]
    assert len(routed) == len(described)
    assert len(described) >= 17


def test_there_are_staff_endpoints_to_try() -> None:
    assert {path.split("/")[3] for _, path in STAFF} >= {
        "documents",
        "search",
        "tickets",
        "drafts",
        "runs",
        "audit",
    }


@pytest.mark.parametrize(("method", "path"), STAFF)
def test_outsiders_are_refused_at_every_staff_endpoint(
    api_of: ApiOf, eve: User, ada: Customer, method: str, path: str
) -> None:
    url = path.replace("{id}", str(uuid.uuid4()))
    colleague = User.objects.create_user("new", is_staff=True)  # staff, without any permission
    visitor = APIClient()
    visitor.credentials(HTTP_AUTHORIZATION=f"Bearer {visitor_tokens.issue(ada.pk).token}")
    forged = APIClient()
    forged.credentials(HTTP_AUTHORIZATION="Token 0123456789")
    clients = {
        401: [APIClient(), visitor, forged],
        403: [api_of(eve), api_of(colleague)],
    }
    for status, refused in clients.items():
        for client in refused:
            response = getattr(client, method)(url)
            assert response.status_code == status, response.content
            assert response.json()["code"] in {
                "not_authenticated",
                "authentication_failed",
                "permission_denied",
            }


@pytest.mark.parametrize(("method", "path"), STAFF)
def test_nobody_gets_in_whose_account_is_switched_off(
    api_of: ApiOf, admin_user: User, method: str, path: str
) -> None:
    client = api_of(admin_user)
    User.objects.update(is_active=False)
    assert getattr(client, method)(path.replace("{id}", "1")).status_code == 401
