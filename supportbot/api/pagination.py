"""Lists come in pages."""

from __future__ import annotations

from rest_framework.pagination import LimitOffsetPagination


class Pages(LimitOffsetPagination):
    """`?limit=&offset=`, 50 at a time unless asked, never more than 500."""

    default_limit = 50
    max_limit = 500
