"""Words that an agent has typed and not sent, kept on the server."""

from __future__ import annotations

from django.contrib.auth.models import User

from supportbot.desk.models import KeptText
from tickets.models import Draft, Ticket


def keep_text(
    *, agent: User, ticket: Ticket, kind: str, text: str, draft: Draft | None = None
) -> None:
    """Keep them in place of what was kept; nothing but blanks is forgotten."""
    if not text.strip():
        forget_text(agent=agent, ticket=ticket, kind=kind)
        return
    KeptText.objects.update_or_create(
        agent=agent,
        ticket=ticket,
        kind=KeptText.Kind(kind),
        defaults={"text": text, "draft": draft},
    )


def forget_text(*, agent: User, ticket: Ticket, kind: str) -> None:
    KeptText.objects.filter(agent=agent, ticket=ticket, kind=kind).delete()


def kept_texts(*, agent: User, ticket: Ticket) -> dict[str, KeptText]:
    """By kind."""
    return {kept.kind: kept for kept in KeptText.objects.filter(agent=agent, ticket=ticket)}
