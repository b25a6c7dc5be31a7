"""Internal notes and mentions. No event and no message is made of a note: a customer's widget,
history and e-mail are built of those alone."""

from __future__ import annotations

import re
from collections.abc import Sequence

from django.contrib.auth.models import AbstractBaseUser, User
from django.db import transaction
from django.db.models import Q, QuerySet

from tickets.models import Note, Ticket
from tickets.services import audit
from tickets.services.names import staff_name
from tickets.services.notices import Kind, tell_agents
from tickets.services.readers import may_see

LONGEST = 20_000
# Not within a word: an e-mail address mentions nobody.
_MENTION = re.compile(r"(?<![\w@.])@([\w.+-]*\w)")


@transaction.atomic
def add_note(*, ticket: Ticket, author: AbstractBaseUser | None, text: str) -> Note:
    """Write an internal note. Whoever is mentioned as `@username` follows the ticket from then on
    and is told; other followers are told that there is a note.

    Raises ValueError on an empty text and when a mentioned colleague may not see the ticket.
    """
    final = text.strip()
    if not final:
        raise ValueError("Write the note before you add it.")
    if len(final) > LONGEST:
        raise ValueError(f"Shorten the note to {LONGEST:,} characters.")
    mentioned = _mentioned_in(final, ticket)
    note = Note.objects.create(
        ticket=ticket, author_id=author.pk if author is not None else None, text=final
    )
    note.mentions.set(mentioned)
    audit.record(action="ticket.note_added", target=ticket, actor=author, note=note.pk)
    _tell(note, author, mentioned)
    return note


def _mentioned_in(text: str, ticket: Ticket) -> list[User]:
    """Agents by their user names, in any case; what names nobody is plain text."""
    names = {name.lower() for name in _MENTION.findall(text)}
    if not names:
        return []
    wanted = Q()
    for name in names:
        wanted |= Q(username__iexact=name)
    found = list(User.objects.filter(wanted, is_staff=True, is_active=True))
    allowed = set(may_see(ticket).filter(pk__in=[user.pk for user in found]))
    for user in found:
        if user not in allowed:
            raise ValueError(f"@{user.get_username()} may not see this ticket.")
    return found


def _tell(note: Note, author: AbstractBaseUser | None, mentioned: Sequence[User]) -> None:
    ticket, name = note.ticket, staff_name(author) if author is not None else "supportbot"
    others = [user for user in mentioned if author is None or user.pk != author.pk]
    followers = ticket.followers.exclude(pk__in=[user.pk for user in mentioned])
    readers = may_see(ticket).filter(pk__in=followers.values("pk"))
    if author is not None:
        readers = readers.exclude(pk=author.pk)
    tell_agents(
        agents=readers,
        ticket=ticket,
        kind=Kind.FOLLOWED,
        words=f"{name} wrote a note on ticket #{ticket.pk}.",
    )
    ticket.followers.add(*mentioned)
    tell_agents(
        agents=others,
        ticket=ticket,
        kind=Kind.MENTION,
        words=f"{name} mentioned you on ticket #{ticket.pk}.",
    )


def notes_of(ticket: Ticket) -> QuerySet[Note]:
    """Oldest first, with their authors and files."""
    return ticket.notes.select_related("author").prefetch_related("attachments")
