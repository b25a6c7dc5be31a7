"""What a customer says, written down for them to edit and send: by the routes with the purpose
“transcribe” in their order, else by a model on this machine. The recording is not kept, and neither
is the text."""

from __future__ import annotations

import structlog
from asgiref.sync import sync_to_async
from django.conf import settings

from supportbot.answers.model_calls import Bill, admitted, paid
from supportbot.answers.models import ModelCall
from supportbot.answers.spending import Payer
from supportbot.configuration.content import Configuration
from supportbot.configuration.current import current_content
from supportbot.llm import local_speech
from supportbot.llm.client import Call, ModelError
from supportbot.llm.routes import ModelRoute, Purpose
from supportbot.llm.transcription import Recording, transcribe
from tickets.models import Customer

log = structlog.get_logger(__name__)
MOST_VOICE_BYTES = 2 * 1024**2  # two minutes as Safari records them
_HEADS = (
    (0, b"\x1aE\xdf\xa3", "audio/webm"),
    (0, b"OggS", "audio/ogg"),
    (4, b"ftyp", "audio/mp4"),
    (8, b"WAVE", "audio/wav"),
)


class VoiceError(Exception):
    """Why nothing was written down, in a sentence for the customer. `status` is HTTP's."""

    def __init__(self, code: str, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.code, self.text, self.status = code, text, status


def is_offered() -> bool:
    """Whether anything can write down what customers say."""
    return bool(_routes(current_content())) or local_speech.is_there()


def check_recording(content: bytes) -> Recording:
    """A recording of a type that browsers make, told by its content. Raises VoiceError."""
    if not content:
        raise VoiceError("voice_empty", "Nothing was recorded.")
    if len(content) > MOST_VOICE_BYTES:
        raise VoiceError("voice_too_long", "The recording is too long. Say it in parts.")
    for at, head, content_type in _HEADS:
        if content[at : at + len(head)] == head:
            return Recording(content, content_type)
    raise VoiceError("voice_kind", "This is no recording that can be read.")


async def write_down(recording: Recording, customer: Customer) -> str:
    """The words. Raises VoiceError."""
    content = await sync_to_async(current_content)()
    routes = _routes(content)
    if not routes and not local_speech.is_there():
        raise VoiceError("voice_off", "Voice messages are not taken here.", 409)
    payer = Payer(customer=customer.pk, budgets=content.budgets)
    text = await _by_routes(routes, recording, payer)
    if text is None:
        text = await _on_this_machine(recording)
    if text is None:
        raise VoiceError(
            "voice_failed",
            "What you said could not be written down. Please type it, or try again.",
            503,
        )
    if not text:
        raise VoiceError("voice_no_words", "No words were heard. Please try again.")
    return text[: settings.MESSAGE_MAX_CHARACTERS]


async def transcribe_paid(route: ModelRoute, recording: Recording, payer: Payer) -> str:
    """By one route, whatever is known of its server. Raises ModelError; the operator finds the call
    and its outcome in the admin."""
    call = Call(route, ModelCall.Operation.TRANSCRIBE.value, [])
    async with paid(call, payer, Bill()):
        return await transcribe(call, recording)


def _routes(content: Configuration) -> tuple[ModelRoute, ...]:
    return content.routes_for(Purpose.TRANSCRIBE)


async def _by_routes(
    routes: tuple[ModelRoute, ...], recording: Recording, payer: Payer
) -> str | None:
    for route in routes:
        try:
            async with admitted(route):
                return await transcribe_paid(route, recording, payer)
        except ModelError as error:
            log.warning("not_transcribed", route=route.name, code=error.code, detail=error.detail)
    return None


async def _on_this_machine(recording: Recording) -> str | None:
    if not local_speech.is_there():
        return None
    try:
        return await sync_to_async(local_speech.transcribe, thread_sensitive=False)(
            recording.content
        )
    except local_speech.SpeechModelError as error:
        log.warning("not_transcribed", route="local", detail=str(error))
        return None
