"""Who a request comes from: a visitor (`Authorization: Bearer …`) or staff (`Token …`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.contrib.auth.models import User
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import (
    BaseAuthentication,
    TokenAuthentication,
    get_authorization_header,
)
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from knowledge.models import Audience
from supportbot.api.visitor_tokens import BadTokenError, Visitor, read_token, was_revoked
from tickets.models import Customer

if TYPE_CHECKING:  # DRF's views import this module
    from rest_framework.views import APIView


class StaffTokenAuthentication(TokenAuthentication):
    """DRF's own token; `manage.py token USER` prints one."""


class VisitorAuthentication(BaseAuthentication):
    """Sets `request.user` to the Customer of a visitor token, `request.auth` to the Visitor."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        scheme, _, token = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            return None
        try:
            visitor = read_token(token.strip())
            customer = Customer.objects.get(pk=visitor.customer_id)
            if was_revoked(token.strip(), customer):
                raise BadTokenError
        except (BadTokenError, Customer.DoesNotExist) as error:
            raise AuthenticationFailed(
                "The visitor token is not valid or has expired. Get a new one from visitors/."
            ) from error
        return customer, visitor

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class VisitorScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describes a visitor's token in the OpenAPI schema."""

    target_class = VisitorAuthentication
    name = "visitorToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


class IsVisitor(BasePermission):
    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.user, Customer)


def customer_of(request: Request) -> Customer:
    """Who asks, behind IsVisitor."""
    return cast("Customer", request.user)


def audience_of(request: Request) -> Audience:
    """Whose documents they may read, behind IsVisitor."""
    return cast("Visitor", request.auth).audience


def agent_of(request: Request) -> User:
    """Who asks, behind HasRight."""
    return cast("User", request.user)
