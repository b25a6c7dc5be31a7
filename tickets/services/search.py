"""Full-text search over tickets: subject, customer, notes, messages; what one may see alone.

Words are stemmed as in English; other languages are found by their exact words. The last word may
be unfinished, as while somebody types. Quotes, OR and a minus work as in web searches. “14” finds
what has this word, and ticket 14; “#14” finds the ticket alone.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.contrib.postgres.search import (
    SearchHeadline,
    SearchQuery,
    SearchQueryCombinable,
    SearchQueryField,
    SearchRank,
    SearchVector,
)
from django.db.models import (
    BooleanField,
    CharField,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Cast

from tickets.models import Message, Note, Team, Ticket
from tickets.models.visibility import sees_all

CONFIG = "english"
LONGEST = 200  # characters of a query
CANDIDATES = 300  # the newest that match are ranked
LOG_OF_LENGTH = 1  # PostgreSQL's way to divide a rank by 1 + the logarithm of the length
BEGIN, END = "\x02", "\x03"  # around a found word; no text in PostgreSQL's JSON has them
_NUMBER = re.compile(r"#?(\d{1,18})\Z")
_UNFINISHED = re.compile(r"(?P<head>.*?)(?P<word>\w{2,})\Z", re.DOTALL)


Parts = list[tuple[str, bool]]  # (words, whether they are what was looked for), in order


@dataclass(frozen=True)
class TicketHit:
    """`parts` are a stretch of the text that fits best, `name` is the customer's name."""

    ticket: Ticket
    parts: Parts
    name: Parts

    @property
    def snippet(self) -> str:
        return "".join(words for words, _ in self.parts)


def search_tickets(*, user: AbstractBaseUser, text: str, limit: int = 20) -> list[TicketHit]:
    """The tickets that fit, best first; a number finds its ticket."""
    found = rank_tickets(Ticket.objects.visible_to(user), text, user)[:limit]
    hits = excerpts(found, text)
    return [hits[pk] for pk in found if pk in hits]


def rank_tickets(tickets: QuerySet[Ticket], text: str, user: AbstractBaseUser) -> list[int]:
    """The numbers of those that fit, of what the user may see; at most CANDIDATES, best first: the
    ticket of that number, then by how often and where the words stand, in a short conversation more
    than in a long one; of equals the newest."""
    wanted = _tidied(text)
    if not wanted:
        return []
    newest = _matching(tickets, wanted, user).order_by("-pk").values("pk")[:CANDIDATES]
    rank = SearchRank(F("search__document"), _query(wanted), normalization=Value(LOG_OF_LENGTH))
    ranked = Ticket.objects.filter(pk__in=newest).annotate(rank=rank)
    number = _number(wanted)
    found = list(ranked.order_by("-rank", "-pk").values_list("pk", flat=True))
    if number in found:
        found = [number, *(pk for pk in found if pk != number)]
    return found


def _tidied(text: str) -> str:
    return " ".join(text.replace("\x00", " ").split())[:LONGEST]


def matching(tickets: QuerySet[Ticket], text: str, user: AbstractBaseUser) -> QuerySet[Ticket]:
    """Those of the tickets that fit; all of them for an empty text. `tickets` are what the user may
    see; of other teams' words the search does not even read how many there are."""
    wanted = _tidied(text)
    return _matching(tickets, wanted, user) if wanted else tickets


def _matching(tickets: QuerySet[Ticket], wanted: str, user: AbstractBaseUser) -> QuerySet[Ticket]:
    number = _number(wanted)
    if wanted.startswith("#") and number is not None:
        return tickets.filter(pk=number)
    query = _query(wanted) if sees_all(user) else _query(wanted) & _of_teams(user)
    with_words = Q(_HasWords(query))
    return tickets.filter(with_words if number is None else with_words | Q(pk=number))


class _HasWords(Func):
    """Whether a ticket is among those whose words fit: always by the index, so that the plan says
    nothing of tickets that the user does not see."""

    template = "(%(expressions)s)))"
    arg_joiner = " IN (SELECT tickets_with_words("
    output_field = BooleanField()

    def __init__(self, query: SearchQueryCombinable) -> None:
        super().__init__(F("pk"), query)


class _Literal(SearchQueryCombinable, Cast):  # type: ignore[misc]
    """A query of lexemes as they are stored, past every parser."""

    def __init__(self, text: str) -> None:
        super().__init__(Value(text), SearchQueryField())


def _of_teams(user: AbstractBaseUser) -> SearchQueryCombinable:
    """Tickets of the teams that the user may see, and of none; see the migration
    `search_by_team`."""
    teams = [0, *Team.objects.visible_to(user).values_list("pk", flat=True)]
    return _Literal(" | ".join(f"' {pk}'" for pk in teams))


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


def excerpts(found: Collection[int], text: str) -> dict[int, TicketHit]:
    """By number, in one query for all of them: from each the message, or the note, that fits
    best."""
    query = _query(_tidied(text))
    fit = SearchRank(SearchVector("text", config=CONFIG), query)
    headline = _headline("text", query, max_words=24, min_words=10)
    said = Message.objects.filter(conversation=OuterRef("conversation_id"))
    noted = Note.objects.filter(ticket=OuterRef("pk"))
    whole = {"highlight_all": True}
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
        about=_headline("subject", query, **whole),
        name=_headline("conversation__customer__name", query, **whole),
        email=_headline("conversation__customer__email", query, **whole),
    )
    rows = {row.pk: row for row in tickets.select_related("conversation__customer", "assignee")}
    return {
        pk: TicketHit(row, _parts(_best(row)), _parts(str(getattr(row, "name", ""))))
        for pk, row in rows.items()
    }


def _headline(field: str, query: SearchQueryCombinable, **options: Any) -> SearchHeadline:
    return SearchHeadline(field, query, config=CONFIG, start_sel=BEGIN, stop_sel=END, **options)


def _best(row: Ticket) -> str:
    """The stretch with a found word in it; from the messages, if in several or none."""
    stretches = [getattr(row, name) or "" for name in ("said", "noted", "about", "email")]
    return next((one for one in stretches if BEGIN in one), stretches[0])


def _parts(headline: str) -> Parts:
    parts: Parts = []
    for piece in " ".join(headline.split(" ")).split(BEGIN):
        found, mark, rest = piece.partition(END)
        parts += [(found, True), (rest, False)] if mark else [(piece, False)]
    return [(words, is_found) for words, is_found in parts if words]
