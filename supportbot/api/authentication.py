"""Who a request comes from: a visitor (`Authorization: Bearer …`) or staff (`Token …`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework.authentication import (
    BaseAuthentication,
    TokenAuthentication,
    get_authorization_header,
)
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from supportbot.api.visitor_tokens import BadTokenError, read_token
from tickets.models import Customer

if TYPE_CHECKING:  # DRF's views import this module
    from rest_framework.views import APIView


class StaffTokenAuthentication(TokenAuthentication):
    """DRF's own token; `manage.py token USER` prints one."""


class VisitorAuthentication(BaseAuthentication):
    """Sets `request.user` to the Customer of a visitor token."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        scheme, _, token = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            return None
        try:
            customer = Customer.objects.get(pk=read_token(token.strip()))
        except (BadTokenError, Customer.DoesNotExist) as error:
            raise AuthenticationFailed(
                "The visitor token is not valid or has expired. Get a new one from visitors/."
            ) from error
        return customer, None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class IsVisitor(BasePermission):
    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.user, Customer)
