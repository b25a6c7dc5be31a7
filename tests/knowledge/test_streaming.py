"""knowledge.streaming: long answers are made part by part, also for a browser behind ASGI."""

from __future__ import annotations

import io
from collections.abc import Iterator

from django.core.files import File
from django.test import AsyncRequestFactory, RequestFactory

from knowledge.streaming import PART_BYTES, csv_parts, file_parts, stream


def counted(rows: int, made: list[int]) -> Iterator[list[str]]:
    for number in range(rows):
        made.append(number)
        yield [str(number), "x" * 100]


async def test_under_asgi_rows_are_made_as_they_are_sent() -> None:
    made: list[int] = []
    request = AsyncRequestFactory().get("/")
    response = stream(request, csv_parts(counted(5000, made)), content_type="text/csv")
    parts = response.__aiter__()
    first = await anext(parts)
    assert PART_BYTES <= len(first) < 2 * PART_BYTES
    assert len(made) < 1000
    rest = [part async for part in parts]
    assert len(b"".join([first, *rest]).splitlines()) == len(made) == 5000


def test_under_wsgi_too() -> None:
    made: list[int] = []
    response = stream(RequestFactory().get("/"), csv_parts(counted(5000, made)), content_type="x/y")
    parts = iter(response)
    assert next(parts).startswith(b"0,xxx")
    assert len(made) < 1000


def test_a_file_is_read_in_parts_and_closed() -> None:
    file = File(io.BytesIO(b"a" * (PART_BYTES + 1)))
    assert [len(part) for part in file_parts(file)] == [PART_BYTES, 1]
    assert file.closed
