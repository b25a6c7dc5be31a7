"""Long answers in parts: sent as they are made, so that none is held in memory whole."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence

from asgiref.sync import sync_to_async
from django.core.files import File
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse

PART_BYTES = 64 * 1024


def stream(
    request: HttpRequest, parts: Iterator[bytes], *, content_type: str
) -> StreamingHttpResponse:
    """Of a plain iterator Django under ASGI would first make a list."""
    content = _in_turn(parts) if isinstance(request, ASGIRequest) else parts
    return StreamingHttpResponse(content, content_type=content_type)


async def _in_turn(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    while (part := await sync_to_async(lambda: next(parts, None))()) is not None:
        yield part


def csv_parts(rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """Rows as CSV in parts of PART_BYTES or a little more."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    for row in rows:
        writer.writerow(row)
        if buffer.tell() >= PART_BYTES:
            yield _taken(buffer)
    yield _taken(buffer)


def file_parts(file: File[bytes]) -> Iterator[bytes]:
    """The bytes of an open file, which is closed at the end."""
    with file:
        while part := file.read(PART_BYTES):
            yield part


def _taken(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()
