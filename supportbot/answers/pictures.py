"""A customer's pictures: a model that sees gets them with the question, otherwise an agent."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Q

from supportbot.answers.threads import in_search_thread
from supportbot.configuration.content import Configuration
from supportbot.llm.pictures import MOST_PICTURES, Picture, PictureError, read_picture
from supportbot.llm.routes import ModelRoute, Purpose
from tickets.models import Attachment, Conversation, Message
from tickets.services.customer_words import words_in
from tickets.services.handover import request_person

ANSWERING = (Purpose.SMALL, Purpose.LARGE)
FILE_WORDS = "Thank you for the file. A colleague will look at it and reply here."


def seeing_routes(content: Configuration) -> list[ModelRoute]:
    """The routes in use that may answer a question with a picture, small models first."""
    routes = (route for purpose in ANSWERING for route in content.routes_for(purpose))
    return [route for route in routes if route.sees_images]


def is_for_a_model(message: Message, content: Configuration) -> bool:
    """Whether a model may answer a message with files: words, and nothing but a few pictures that
    a route can see."""
    if not message.text or not seeing_routes(content):
        return False
    types = list(message.attachments.values_list("content_type", flat=True))
    return len(types) <= MOST_PICTURES and all(one.startswith("image/") for one in types)


def pictures_of(message: Message) -> tuple[UUID, ...]:
    """Those that were sent in the chat with a question, and with what was joined to it."""
    sent = Attachment.objects.filter(
        Q(message=message) | Q(message__joined_to=message),
        message__conversation__channel=Conversation.Channel.CHAT,
        content_type__startswith="image/",
        refused="",
    )
    return tuple(sent.order_by("created_at", "pk").values_list("pk", flat=True))


@in_search_thread
def load_pictures(ids: Sequence[UUID]) -> tuple[Picture, ...]:
    """As a model gets them, in their order. Raises PictureError if one is gone or cannot be
    read, or if they are too many."""
    if len(ids) > MOST_PICTURES:
        raise PictureError(f"a question may have {MOST_PICTURES} pictures")
    found = {file.pk: file for file in Attachment.objects.filter(pk__in=ids)}
    pictures = []
    for pk in ids:
        try:
            file = found[pk]
            with file.file.open("rb") as stored:
                content = stored.read()
        except (KeyError, OSError, ValueError) as error:
            raise PictureError("the picture is gone") from error
        pictures.append(read_picture(file.name, file.content_type, content))
    return tuple(pictures)


def leave_to_agents(conversation: Conversation) -> None:
    """The bot cannot read the customer's files: people do, with its draft beside them."""
    request_person(
        conversation=conversation,
        reason=Conversation.Reason.FOR_REVIEW,
        text=words_in(conversation.language, "file", FILE_WORDS),
    )
