"""Speech to text by any endpoint of the OpenAI protocol (POST /audio/transcriptions)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from supportbot.llm.client import Call, as_model_error, client_of, count_tokens, storable

SUFFIXES = {"audio/webm": "webm", "audio/ogg": "ogg", "audio/mp4": "mp4", "audio/wav": "wav"}
_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError)


@dataclass(frozen=True)
class Recording:
    """What was said, as the browser recorded it. `content_type` is one of SUFFIXES."""

    content: bytes
    content_type: str

    @property
    def name(self) -> str:
        """Endpoints tell the format by it."""
        return f"recording.{SUFFIXES[self.content_type]}"


async def transcribe(call: Call, recording: Recording) -> str:
    """The words, which may be none. Fills the call's tokens. Raises ModelError."""
    import openai

    began = asyncio.get_running_loop().time()
    try:
        async with asyncio.timeout(call.route.timeouts.total):
            said: Any = await client_of(call.route).audio.transcriptions.create(
                model=call.route.model,
                file=(recording.name, recording.content, recording.content_type),
                response_format="json",
                extra_headers={"X-Supportbot-Operation": call.operation},
            )
        text = storable(said.text).strip()
        if (usage := getattr(said, "usage", None)) is not None:
            call.tokens_in = count_tokens(getattr(usage, "input_tokens", None))
            call.tokens_out = count_tokens(getattr(usage, "output_tokens", None))
    except (TimeoutError, openai.OpenAIError, *_UNREADABLE) as error:
        raise as_model_error(error) from error
    finally:
        call.total_ms = round((asyncio.get_running_loop().time() - began) * 1000)
    return text
