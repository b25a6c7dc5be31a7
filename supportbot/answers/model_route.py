"""The model route: a language model writes from the passages, sentence by sentence."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from supportbot.answers.citations import cited_sentences
from supportbot.answers.errors import AnswerError, GenerateError
from supportbot.answers.messages import NoRoomError, build_messages
from supportbot.answers.model_calls import Bill, stream_metered
from supportbot.answers.pictures import load_pictures
from supportbot.answers.prompts import Prompt
from supportbot.answers.spending import Payer
from supportbot.answers.types import Evidence, Proposed
from supportbot.llm.client import Call, ModelError
from supportbot.llm.pictures import PictureError
from supportbot.llm.routes import ModelRoute

PROMPT = "answer"
NO_ANSWER = "NO_ANSWER"


class NoAnswerError(AnswerError):
    """The model found no answer in the passages. This is a result, not a failure."""

    code = "no_answer"


async def generate(
    evidence: Evidence, route: ModelRoute, prompt: Prompt, payer: Payer, bill: Bill
) -> AsyncGenerator[Proposed]:
    """Proposed sentences as they arrive, citations as positions in the evidence (from 0).

    Raises GenerateError if the model fails or may not be asked, and NoAnswerError if it finds no
    answer.
    """
    try:
        messages = build_messages(prompt, evidence, route)
    except NoRoomError as error:
        raise GenerateError(str(error), code="no_room") from error
    call = Call(route, "answer", messages.sent, prompt.name, prompt.hash)
    if route.sees_images and evidence.question.pictures:
        try:
            call.pictures = await load_pictures(evidence.question.pictures)
        except PictureError as error:
            raise GenerateError(str(error), code="no_picture") from error
    try:
        async for sentence in cited_sentences(stream_metered(call, payer, bill)):
            if NO_ANSWER in sentence.text:
                raise NoAnswerError
            # The model counts passages from 1; the check catches invented numbers.
            text = messages.masking.unmask(sentence.text)
            yield Proposed(text, tuple(number - 1 for number in sentence.numbers))
    except ModelError as error:
        raise GenerateError(error.detail, code=error.code) from error
