"""Search on the desk: tickets with the words first, then those that ask the same in other words."""

from __future__ import annotations

import re

import structlog
from django.contrib.auth.models import User
from django.db.models import QuerySet

from knowledge.embedding.model import EmbeddingModelError
from supportbot.automation.similar import close_in_meaning
from tickets.models import Ticket
from tickets.services.search import rank_tickets

log = structlog.get_logger(__name__)
MEANT = 20  # tickets that are found by meaning alone
# Numbers, addresses and what is searched for literally have no meaning to compare.
_LITERAL = re.compile(r"[#@\"]|(?:^|\s)-|\A[\d\W]*\Z")
_LEAST_LETTERS = 4


def find_tickets(tickets: QuerySet[Ticket], words: str, user: User) -> tuple[list[int], list[int]]:
    """(numbers of tickets with the words, numbers of others close in meaning), each best first.
    Only of `tickets`: what the user may not see must not be among them."""
    found = rank_tickets(tickets, words, user)
    if _LITERAL.search(words) or len(words) < _LEAST_LETTERS:
        return found, []
    try:
        meant = close_in_meaning(tickets.exclude(pk__in=found), words, limit=MEANT)
    except EmbeddingModelError as error:
        log.warning("desk_search_without_model", error=str(error))
        meant = []
    return found, meant
