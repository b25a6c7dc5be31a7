"""Customer satisfaction: asked once a ticket is done, answered once, shown to agents."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from tickets.models import Conversation, Message, Rating, Ticket
from tickets.services import audit
from tickets.services.events import append_event

ASK_TEXT = "How did we do?"
COMMENT_CHARACTERS = 2000
SCORES = range(1, 6)


class RatingError(ValueError):
    """It cannot be rated: it was not asked for, or is given. `str()` is a sentence for the
    customer."""


def ask_for_rating(locked: Ticket) -> None:
    """Ask the customer about a ticket of a locked conversation that is done, if a person worked on
    it and nobody has asked before."""
    if not settings.TICKETS["ask_for_ratings"]:
        return
    answered = Message.objects.filter(
        conversation=locked.conversation_id, author=Message.Author.AGENT
    )
    if not answered.exists():
        return
    _, created = Rating.objects.get_or_create(ticket=locked)
    if created:
        append_event(
            conversation_id=locked.conversation_id,
            type="rating.asked",
            payload={"ticket_id": str(locked.pk), "text": ASK_TEXT},
        )


@transaction.atomic
def rate(*, conversation: Conversation, score: int, comment: str = "") -> Rating:
    """What the customer says of the newest ticket they were asked about. The same again changes
    nothing. Raises RatingError."""
    if score not in SCORES:
        raise RatingError("A score is a whole number from 1 to 5.")
    Conversation.objects.select_for_update().get(pk=conversation.pk)
    asked = Rating.objects.select_for_update(of=("self",)).select_related("ticket")
    rating = asked.filter(ticket__conversation=conversation).order_by("-asked_at").first()
    if rating is None:
        raise RatingError("There is nothing to rate in this conversation.")
    if rating.score is not None:
        if rating.score != score:
            raise RatingError("You have rated this already. Thank you.")
        return rating
    rating.score, rating.comment = score, comment.strip()[:COMMENT_CHARACTERS]
    rating.rated_at = timezone.now()
    rating.save(update_fields=["score", "comment", "rated_at"])
    audit.record(action="ticket.rated", target=rating.ticket, score=score, by="customer")
    append_event(
        conversation_id=conversation.pk,
        type="rating.given",
        payload={"ticket_id": str(rating.ticket_id), "score": score},
    )
    return rating
