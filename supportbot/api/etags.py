"""ETags of single rows: unchanged ones are not sent again, and nobody overwrites what they have
not seen."""

from __future__ import annotations

import hashlib
from typing import Any

from rest_framework.exceptions import APIException
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response


class ChangedMeanwhileError(APIException):
    status_code = 412
    default_code = "changed_meanwhile"
    default_detail = "It has changed since you read it. Read it again."


def etag_of(data: Any) -> str:
    return f'"{hashlib.sha256(JSONRenderer().render(data)).hexdigest()[:32]}"'


def tagged(request: Request, data: Any) -> Response:
    """The row with its ETag; 304 without it for who has it (RFC 9110, section 13.1.2)."""
    tag = etag_of(data)
    if tag in _given(request, "If-None-Match"):
        return Response(status=304, headers={"ETag": tag})
    return Response(data, headers={"ETag": tag})


def check_unchanged(request: Request, data: Any) -> None:
    """Raises ChangedMeanwhileError when `If-Match` names another state than `data`."""
    given = _given(request, "If-Match")
    if given and "*" not in given and etag_of(data) not in given:
        raise ChangedMeanwhileError


def _given(request: Request, header: str) -> list[str]:
    tags = request.headers.get(header, "").split(",")
    return [tag.strip().removeprefix("W/") for tag in tags if tag.strip()]
