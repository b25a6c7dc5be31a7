"""Full-text search over tickets: subject, customer, notes, messages; what one may see alone.

Words are stemmed as in English; other languages are found by their exact words. The last word may
be unfinished, as while somebody types. Quotes, OR and a minus work as in web searches. “14” finds
what has this word, and ticket 14; “#14” finds the ticket alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser
from django.contrib.postgres.search import (
    SearchHeadline,
    SearchQuery,
    SearchQueryCombinable,
    SearchRank,
    SearchVector,
)
from django.db.models import CharField, F, OuterRef, Q, QuerySet, Subquery

from tickets.models import Message, Note, Ticket

CONFIG = "english"
LONGEST = 200  # characters of a query
CANDIDATES = 300  # the newest that match are ranked
BEGIN, END = "\x02", "\x03"  # around a found word; no text in PostgreSQL's JSON has them
_NUMBER = re.compile(r"#?(\d{1,18})\Z")
_UNFINISHED = re.compile(r"(?P<head>.*?)(?P<word>\w{2,})\Z", re.DOTALL)


@dataclass(frozen=True)
class TicketHit:
    """`parts` are a stretch of the text: (words, whether they are what was looked for)."""

    ticket: Ticket
    parts: list[tuple[str, bool]]

    @property
    def snippet(self) -> str:
        return "".join(words for words, _ in self.parts)


def search_tickets(*, user: AbstractBaseUser, text: str, limit: int = 20) -> list[TicketHit]:
    """The tickets that fit, best first; a number finds its ticket."""
    wanted = " ".join(text.replace("\x00", " ").split())[:LONGEST]
    if not wanted:
        return []
    visible = Ticket.objects.visible_to(user)
    newest = _matching(visible, wanted).order_by("-pk").values("pk")[:CANDIDATES]
    query = _query(wanted)
    rank = SearchRank(F("search__document"), query)
    ranked = Ticket.objects.filter(pk__in=newest).annotate(rank=rank)
    number = _number(wanted)
    found = list(ranked.order_by("-rank", "-pk").values_list("pk", flat=True)[:limit])
    if number in found:
        found = [number, *(pk for pk in found if pk != number)]
    return _hits(found, query)


def matching(tickets: QuerySet[Ticket], text: str) -> QuerySet[Ticket]:
    """Those of the tickets that fit; all of them for an empty text."""
    wanted = " ".join(text.replace("\x00", " ").split())[:LONGEST]
    return _matching(tickets, wanted) if wanted else tickets


def _matching(tickets: QuerySet[Ticket], wanted: str) -> QuerySet[Ticket]:
    number = _number(wanted)
    if number is None:
        return tickets.filter(search__document=_query(wanted))
    if wanted.startswith("#"):
        return tickets.filter(pk=number)
    return tickets.filter(Q(search__document=_query(wanted)) | Q(pk=number))


def _number(wanted: str) -> int | None:
    found = _NUMBER.match(wanted)
    return int(found[1]) if found is not None else None


def _query(wanted: str) -> SearchQueryCombinable:
    whole = SearchQuery(wanted, config=CONFIG, search_type="websearch")
    found = _UNFINISHED.match(wanted)
    if found is None or wanted.count('"') % 2:
        return whole
    unfinished: SearchQueryCombinable = SearchQuery(
        f"'{found['word']}':*", config="simple", search_type="raw"
    )
    if head := found["head"].strip():
        if head.endswith(("-", '"')):
            return whole
        unfinished = SearchQuery(head, config=CONFIG, search_type="websearch") & unfinished
    return whole | unfinished


def _hits(found: list[int], query: SearchQueryCombinable) -> list[TicketHit]:
    """In one query for all of them: from each the message, or the note, that fits best."""
    headline = SearchHeadline(
        "text",
        query,
        config=CONFIG,
        start_sel=BEGIN,
        stop_sel=END,
        max_words=24,
        min_words=10,
    )
    fit = SearchRank(SearchVector("text", config=CONFIG), query)
    said = Message.objects.filter(conversation=OuterRef("conversation_id"))
    noted = Note.objects.filter(ticket=OuterRef("pk"))
    tickets = Ticket.objects.filter(pk__in=found).annotate(
        said=Subquery(
            said.annotate(fit=fit, headline=headline)
            .order_by("-fit", "-seq")
            .values("headline")[:1],
            output_field=CharField(),
        ),
        noted=Subquery(
            noted.annotate(fit=fit, headline=headline)
            .order_by("-fit", "-pk")
            .values("headline")[:1],
            output_field=CharField(),
        ),
    )
    rows = {row.pk: row for row in tickets.select_related("conversation__customer", "assignee")}
    return [TicketHit(rows[pk], _parts(_better(rows[pk]))) for pk in found if pk in rows]


def _better(row: Ticket) -> str:
    """The stretch with a found word in it; from the messages, if in both or neither."""
    said, noted = (getattr(row, name) or "" for name in ("said", "noted"))
    return noted if BEGIN in noted and BEGIN not in said else said


def _parts(headline: str) -> list[tuple[str, bool]]:
    parts: list[tuple[str, bool]] = []
    for piece in " ".join(headline.split(" ")).split(BEGIN):
        found, mark, rest = piece.partition(END)
        parts += [(found, True), (rest, False)] if mark else [(piece, False)]
    return [(words, is_found) for words, is_found in parts if words]
