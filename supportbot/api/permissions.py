"""Which staff may do what over REST: Django's model permissions, the same that rule the admin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

if TYPE_CHECKING:  # DRF's views import this module
    from rest_framework.views import APIView


class HasRight(BasePermission):
    """Staff who hold the permission that the view's `rights` name for the request's method.

    A method that `rights` do not name is refused, so that a new one is closed until it is opened.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        rights: dict[str, str] = getattr(view, "rights", {})
        method = "GET" if request.method in {"HEAD", "OPTIONS"} else str(request.method)
        needed = rights.get(method)
        user = request.user
        return bool(needed and getattr(user, "is_staff", False) and user.has_perm(needed))
