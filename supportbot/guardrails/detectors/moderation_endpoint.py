"""A moderation model behind an endpoint of the OpenAI protocol (`POST /moderations`). It reads the
text as models do: personal data and keys are masked."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.conf import settings

from supportbot.guardrails.masking import Masking

if TYPE_CHECKING:  # half a second, and only who names a model needs it
    import openai

SECONDS = 0.6  # a customer waits for it; the detector has a second for all
# Its categories → our kinds. “violence” is about depictions, not about threats.
KIND_OF = {
    "harassment": "abuse",
    "harassment/threatening": "threat",
    "hate": "hate",
    "hate/threatening": "threat",
    "sexual": "sexual",
    "sexual/minors": "sexual",
    "self-harm": "self_harm",
    "self-harm/intent": "self_harm",
    "self-harm/instructions": "self_harm",
}


class ModerationEndpointError(Exception):
    """The endpoint gave no scores."""


def is_configured() -> bool:
    return bool(settings.MODERATION_MODEL)


def scores(text: str) -> Mapping[str, float]:
    """The highest score of each of our kinds. Raises ModerationEndpointError."""
    import openai

    try:
        client = _client(settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY)
        answer = client.moderations.create(
            model=settings.MODERATION_MODEL, input=Masking([]).mask(text)
        )
        given = answer.results[0].category_scores.model_dump(by_alias=True)
        best: dict[str, float] = {}
        for category, kind in KIND_OF.items():
            value = float(given.get(category) or 0.0)
            if not (math.isfinite(value) and 0 <= value <= 1):
                raise ValueError(f"{category} has the score {value}")
            best[kind] = max(best.get(kind, 0.0), value)
    except (openai.OpenAIError, ValueError, TypeError, AttributeError, IndexError) as error:
        raise ModerationEndpointError(f"{type(error).__name__}: {error}") from error
    return best


@functools.lru_cache(maxsize=4)
def _client(base_url: str, key: str) -> openai.OpenAI:
    import openai

    timeout = openai.Timeout(SECONDS, connect=SECONDS / 2)
    return openai.OpenAI(
        base_url=base_url or None, api_key=key or "none", timeout=timeout, max_retries=0
    )
