"""A picture goes with its question to a model that sees, otherwise to an agent."""

from __future__ import annotations

import base64
import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from supportbot.answers.models import AnswerRun, CachedAnswer, ModelCall
from supportbot.answers.pictures import FILE_WORDS
from supportbot.answers.receive import IncomingMessage, accept_message
from supportbot.answers.runner import execute
from supportbot.llm.pictures import EDGE, PictureError, read_picture
from tests.answers.asking import (
    ANSWER,
    QUESTION,
    SENTENCES,
    Told,
    in_database,
    new_conversation,
    saying,
    told,
)
from tests.configuration.publishing import put_in_effect_async
from tests.llm.fixtures import forget_health, route_to
from tests.llm.scenarios import status
from tests.openai_server import ModelServer, run_server
from tickets.models import Conversation, Customer
from tickets.services.customer_files import add_customer_file


def png(width: int, height: int) -> bytes:
    made = io.BytesIO()
    Image.new("RGBA", (width, height), (200, 30, 30, 128)).save(made, "PNG")
    return made.getvalue()


def ask_with_picture(conversation: Conversation, content: bytes) -> AnswerRun:
    file = add_customer_file(
        conversation=conversation, file=SimpleUploadedFile("kettle.png", content)
    )
    incoming = IncomingMessage(text=QUESTION, client_id="c-1", files=(file.pk,))
    run = accept_message(conversation=conversation, incoming=incoming).run
    assert run is not None
    return run


async def answered_with_picture(customer: Customer, content: bytes) -> tuple[Told, Conversation]:
    conversation = await new_conversation(customer)
    run = await in_database(lambda: ask_with_picture(conversation, content))
    await execute(run.pk)
    await in_database(conversation.refresh_from_db)
    return await told(run.pk), conversation


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("returns_policy", "shipping")
async def test_a_model_that_sees_gets_the_picture_and_others_get_the_text(
    model_server: ModelServer, ada: Customer
) -> None:
    with run_server() as blind_server:
        blind = route_to(blind_server, "blind")
        await put_in_effect_async(
            routes=(blind, route_to(model_server, "sees", sees_images=True, context_tokens=32000)),
            first_sentence_seconds=40,
        )
        model_server.says(saying(ANSWER))
        blind_server.says(saying(ANSWER))

        result, conversation = await answered_with_picture(ada, png(3200, 1600))
        result.assert_one_whole_answer()
        assert (result.run.route, conversation.state) == ("sees", Conversation.State.BOT)
        assert [sentence["text"] for sentence in result.standing] == SENTENCES
        text, picture = parts_of(model_server)
        assert QUESTION in text["text"]
        head, _, data = picture["image_url"]["url"].partition(",")
        assert head == "data:image/jpeg;base64"
        with Image.open(io.BytesIO(base64.b64decode(data))) as seen:
            assert seen.size == (EDGE, EDGE // 2)
        call = await in_database(ModelCall.objects.get)
        assert "[Picture: kettle.png, image/png, " in call.messages[-1]["content"]
        assert data[:100] not in str(call.messages)
        assert not await in_database(CachedAnswer.objects.exists)
        assert not blind_server.requests

        unreadable = b"\x89PNG\r\n\x1a\n" + b"0" * 40
        for content, says, code in (
            (png(9, 9), status(503)(""), "unavailable"),
            (unreadable, saying(ANSWER), "no_picture"),
        ):
            forget_health()
            model_server.says(says)
            result, conversation = await answered_with_picture(ada, content)
            assert [one["code"] for one in result.run.fallbacks] == [code]
            assert result.run.route == "blind"
            assert isinstance(parts_of(blind_server), str)
            assert result.run.delivery == AnswerRun.Delivery.DRAFT
            assert conversation.state == Conversation.State.WAITING
            assert not result.ever_shown
            assert FILE_WORDS in str(result.events)

        asked = len(model_server.requests)
        await put_in_effect_async(routes=(blind,), first_sentence_seconds=40)
        result, conversation = await answered_with_picture(ada, png(9, 9))
        assert result.run.delivery == AnswerRun.Delivery.DRAFT
        assert conversation.state == Conversation.State.WAITING
        assert isinstance(parts_of(blind_server), str)
        assert len(model_server.requests) == asked


def parts_of(server: ModelServer) -> Any:
    """The content of the question that it got last."""
    return server.requests[-1].messages[-1]["content"]


def test_a_picture_that_would_unfold_to_gigabytes_is_not_read() -> None:
    made = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(made, "PNG")
    with pytest.raises(PictureError):
        read_picture("a.png", "image/png", made.getvalue())
