"""Lists come in pages: by number as always, or by cursor where `cursor` is asked for."""

from __future__ import annotations

from typing import Any

from rest_framework.pagination import CursorPagination, LimitOffsetPagination
from rest_framework.request import Request
from rest_framework.response import Response


class Cursors(CursorPagination):
    """Newest first; what is added meanwhile shifts nothing."""

    ordering = "-pk"
    page_size = 50
    max_page_size = 500
    page_size_query_param = "limit"


class Pages(LimitOffsetPagination):
    """`?limit=&offset=`, 50 at a time unless asked, never more than 500; `?cursor=`, empty for the
    first page, reads on from where one was, however much is added meanwhile."""

    default_limit = 50
    max_limit = 500

    def paginate_queryset(
        self, queryset: Any, request: Request, view: Any = None
    ) -> list[Any] | None:
        self.cursors = Cursors() if "cursor" in request.query_params else None
        if self.cursors is None:
            return super().paginate_queryset(queryset, request, view)
        self.cursors.ordering = getattr(view, "cursor_ordering", Cursors.ordering)
        return self.cursors.paginate_queryset(queryset, request, view)

    def get_paginated_response(self, data: Any) -> Response:
        if self.cursors is None:
            return super().get_paginated_response(data)
        return self.cursors.get_paginated_response(data)

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        cursor = {
            "name": "cursor",
            "in": "query",
            "required": False,
            "description": "Empty for the first page by cursor; then as `next` says.",
            "schema": {"type": "string"},
        }
        return [*super().get_schema_operation_parameters(view), cursor]
