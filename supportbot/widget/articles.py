"""The documents as help articles: which a visitor may read, what one says, and a search in them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import shorten

from django.db.models import QuerySet
from django.utils import timezone

from knowledge.models import Audience, Document, DocumentVersion, Passage
from knowledge.text.plain import in_one_line
from supportbot.answers.enrich import ids_of_collections
from supportbot.configuration.current import current_content
from supportbot.retrieval.scope import Scope
from supportbot.retrieval.search import search

MOST_ARTICLES = 200
MOST_RESULTS = 8
SEARCHED = 16  # passages; several may be of one section
MIN_COSINE = 0.2  # of a passage without a word of the question
MOST_BELOW = 4.0  # of the reader's score, below the best: further off it is about something else
QUERY_CHARACTERS = 200
SNIPPET_CHARACTERS = 180
ARTICLE_CHARACTERS = 150_000  # of a longer document the beginning is shown
_HEADING = re.compile(r"(#{1,6})\s+(.+?)\s*#*")
_FENCE = re.compile(r"\s{0,3}(?:```|~~~)")


@dataclass(frozen=True)
class Section:
    """A heading, its level from 1, and the Markdown below it. Before the first one it is empty."""

    heading: str
    level: int
    text: str


@dataclass(frozen=True)
class Article:
    id: int
    title: str
    updated_at: dt.datetime
    sections: tuple[Section, ...]


@dataclass(frozen=True)
class Result:
    """A section that fits what was searched; `snippet` are its own words that fit best."""

    document_id: int
    title: str
    heading: tuple[str, ...]
    section: str
    snippet: str


def list_articles(reader: Audience) -> QuerySet[Document]:
    """What the reader may read today, by title."""
    live = Passage.objects.live(timezone.localdate(), reader)
    collections = ids_of_collections(current_content().collections)
    if collections is not None:
        live = live.filter(collection__in=collections)
    documents = Document.objects.filter(
        pk__in=live.values("version__document"), collection__temporary=False
    )
    return documents.order_by("title", "pk")[:MOST_ARTICLES]


def read_article(document_id: int, reader: Audience) -> Article | None:
    """The version in effect today; None if there is none that the reader may read."""
    live = Passage.objects.live(timezone.localdate(), reader)
    collections = ids_of_collections(current_content().collections)
    if collections is not None:
        live = live.filter(collection__in=collections)
    version = (
        DocumentVersion.objects.filter(document=document_id, pk__in=live.values("version"))
        .select_related("document")
        .first()
    )
    if version is None:
        return None
    title = version.document.title
    sections = tuple(_sections(version.markdown[:ARTICLE_CHARACTERS], title))
    return Article(version.document_id, title, version.created_at, sections)


def search_articles(text: str, reader: Audience) -> list[Result]:
    """The sections that fit best, each once."""
    scope = Scope(
        as_of=timezone.localdate(),
        reader=reader,
        collections=ids_of_collections(current_content().collections),
    )
    ranking = search(text[:QUERY_CHARACTERS], scope=scope, limit=SEARCHED)
    best = {read.passage: read for read in reversed(ranking.reading.best_first)}
    highest = max((read.score for read in best.values()), default=0.0)
    found: dict[tuple[int, str], Result] = {}
    for number, passage in enumerate(ranking.passages):
        read = best.get(number)
        is_far = read is not None and read.score < highest - MOST_BELOW
        if is_far or (passage.dense < MIN_COSINE and not passage.lexical):
            continue
        unit = read.unit if read is not None else None
        heading = passage.heading
        if unit is not None and unit.heading and unit.heading not in heading:
            heading = (*heading, unit.heading)
        section = heading[-1] if heading else ""
        found.setdefault(
            (passage.document_id, section),
            Result(
                passage.document_id,
                passage.title,
                heading,
                section,
                shorten(
                    in_one_line(unit.text if unit is not None else passage.text),
                    SNIPPET_CHARACTERS,
                    placeholder="…",
                ),
            ),
        )
    return list(found.values())[:MOST_RESULTS]


def _sections(markdown: str, title: str) -> Iterator[Section]:
    """Without headings that have nothing below them but the title, which stands above it all."""
    heading, level, lines, in_code = "", 1, [], False
    for line in [*markdown.splitlines(), "# "]:
        in_code ^= bool(_FENCE.match(line))
        mark = None if in_code else _HEADING.fullmatch(line)
        if mark is None and line != "# ":
            lines.append(line)
            continue
        text = "\n".join(lines).strip()
        if text or (heading and heading != title):
            yield Section("" if heading == title else heading, level, text)
        if mark is not None:
            heading, level, lines = in_one_line(mark[2].replace("**", "")), len(mark[1]), []
