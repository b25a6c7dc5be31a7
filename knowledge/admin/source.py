"""The source of a version beside its text beside its passages, a part at a time.

A part is some passages in a row and the stretch of text from the first to where the next part
begins, so that a manual of 2,000 pages is looked at without ever being sent whole.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import PurePath
from typing import Any

import charset_normalizer
from django.db.models import Max, Min
from django.db.models.functions import Length, Substr
from django.http import QueryDict
from django.utils.safestring import SafeString

from knowledge.admin.base import number_in
from knowledge.admin.passages import TextRenderer, render_html_file, render_passage
from knowledge.embedding.encoder import get_tokenizer
from knowledge.models import DocumentVersion, EmbeddingIndex, Passage
from knowledge.pages import page_at
from knowledge.reading import HTML_EXTENSIONS, PLAIN_EXTENSIONS

PASSAGES_PER_PART = 20
SOURCE_BYTES = 200_000  # of a text file, shown at once
LINE_EXTENSIONS = frozenset({"csv", "tsv", "json", "xml", "rst", "org", "tex"})


@dataclass(frozen=True)
class Piece:
    """A stretch of text as HTML, and the page that begins with it, if one does."""

    html: SafeString
    page: int | None = None


@dataclass(frozen=True)
class Segment:
    """The text of a passage, or what lies between two (`passage` None), in pieces by page."""

    pieces: list[Piece]
    passage: Passage | None = None


@dataclass(frozen=True)
class ShownPassage:
    passage: Passage
    html: SafeString
    tokens: int | None


@dataclass(frozen=True)
class Source:
    """What the first column shows: `kind` is pages, html, text or download."""

    kind: str
    pages: Sequence[int] = ()
    html: SafeString | None = None
    text: str = ""
    note: str = ""


@dataclass(frozen=True)
class Part:
    """Part `number` (from 1) of `count`: its passages, and the text in [start, end)."""

    number: int
    count: int
    passages: list[Passage]
    start: int
    end: int
    text: str = field(repr=False)


def read_context(version: DocumentVersion, query: QueryDict) -> dict[str, Any]:
    """`?passage=` (an id), `?page=` or `?part=` choose the part; anything odd means the first."""
    part = _part_of(version, query)
    starts = version.page_starts
    first = page_at(starts, part.start)
    last = page_at(starts, max(part.start, part.end - 1))
    return {
        "part": part,
        "segments": list(segments_of(part, starts)),
        "passages": _shown(part.passages),
        "source": _source_of(version, part, range(first or 0, (last or -1) + 1)),
        "first_page": first,
        "last_page": last,
        "page_count": len(starts),
        "chosen_passage": number_in(query.get("passage"), 0),
    }


def _part_of(version: DocumentVersion, query: QueryDict) -> Part:
    passages = Passage.objects.filter(version=version)
    last = passages.aggregate(last=Max("position"))["last"]
    count = 1 if last is None else last // PASSAGES_PER_PART + 1
    number = min(max(1, _wanted_part(version, query)), count)
    low = (number - 1) * PASSAGES_PER_PART
    shown = passages.filter(position__gte=low, position__lt=low + PASSAGES_PER_PART)
    following = passages.filter(position=low + PASSAGES_PER_PART).values_list(
        "char_start", flat=True
    )
    text = DocumentVersion.objects.filter(pk=version.pk)
    first = shown.aggregate(first=Min("char_start"))["first"] or 0
    start = 0 if number == 1 else first
    end = following.first() or text.values_list(Length("markdown"), flat=True)[0] or 0
    stretch = text.values_list(Substr("markdown", start + 1, max(0, end - start)), flat=True)[0]
    rows = list(shown.defer("context").order_by("position"))
    return Part(number, count, rows, start, end, stretch or "")


def _wanted_part(version: DocumentVersion, query: QueryDict) -> int:
    passages = Passage.objects.filter(version=version)
    if "passage" in query:
        passages = passages.filter(pk=number_in(query.get("passage"), 0))
    elif "page" in query:
        page = number_in(query.get("page"), 1)
        # The last that begins before a page may reach into it.
        earlier = passages.filter(page__lt=page).order_by("-position")
        passages = passages.filter(page=page).order_by("position")
        passages = passages if passages.exists() else earlier
    else:
        return number_in(query.get("part"), 1)
    position = passages.values_list("position", flat=True).first()
    return (position or 0) // PASSAGES_PER_PART + 1


def segments_of(part: Part, page_starts: Sequence[int]) -> Iterator[Segment]:
    """The part's text cut where passages begin and end, and within those where pages do."""
    renderer = TextRenderer()
    at = part.start
    for passage in part.passages:
        start = min(max(at, passage.char_start), part.end)
        end = min(max(start, passage.char_end), part.end)
        if pieces := _pieces(renderer, part, page_starts, (at, start)):
            yield Segment(pieces)
        if pieces := _pieces(renderer, part, page_starts, (start, end)):
            yield Segment(pieces, passage)
        at = end
    if pieces := _pieces(renderer, part, page_starts, (at, part.end)):
        yield Segment(pieces)


def _pieces(
    renderer: TextRenderer, part: Part, page_starts: Sequence[int], span: tuple[int, int]
) -> list[Piece]:
    start, end = span
    cuts = {start, end} | {at for at in page_starts if start < at < end}
    edges = sorted(cuts)
    pieces = []
    for low, high in pairwise(edges):
        text = part.text[low - part.start : high - part.start]
        begins = page_at(list(page_starts), low) if low in page_starts else None
        if text.strip() or begins:
            pieces.append(Piece(renderer.render(text), begins))
    return pieces


def _shown(passages: list[Passage]) -> list[ShownPassage]:
    """The passages with their length in tokens of the active embedding model."""
    active = EmbeddingIndex.objects.filter(state=EmbeddingIndex.State.ACTIVE).first()
    tokenizer = get_tokenizer(active.model) if active and passages else None
    return [
        ShownPassage(
            passage=passage,
            html=render_passage(passage.text),
            tokens=len(tokenizer.encode(passage.text, add_special_tokens=False).ids)
            if tokenizer
            else None,
        )
        for passage in passages
    ]


def _source_of(version: DocumentVersion, part: Part, pages: Sequence[int]) -> Source:
    extension = PurePath(version.file_name).suffix.lstrip(".").lower()
    if version.media_type == "application/pdf" and version.page_starts:
        return Source("pages", pages=pages)
    if extension in PLAIN_EXTENSIONS and version.media_type in {"text/markdown", "text/plain"}:
        # Read as it stands in the file, so the same stretch of it is the source.
        return Source("text", text=part.text.strip("\n"))
    if extension in HTML_EXTENSIONS | LINE_EXTENSIONS:
        return _text_source(version, extension)
    return Source("download", note="This kind of file cannot be shown here.")


def _text_source(version: DocumentVersion, extension: str) -> Source:
    try:
        with version.file.open("rb") as file:
            content = file.read(SOURCE_BYTES + 1)
    except (FileNotFoundError, ValueError):
        return Source("download", note="The file is no longer stored. Upload it again.")
    note = "Only the beginning of the file is shown." if len(content) > SOURCE_BYTES else ""
    text = _decode(content[:SOURCE_BYTES])
    if extension in HTML_EXTENSIONS:
        return Source("html", html=render_html_file(text), note=note)
    return Source("text", text=text, note=note)


def _decode(content: bytes) -> str:
    try:
        # Not `final`: the last character may be cut in two.
        return codecs.getincrementaldecoder("utf-8-sig")().decode(content, final=False)
    except UnicodeDecodeError:
        return str(charset_normalizer.from_bytes(content).best() or content.decode("latin-1"))
