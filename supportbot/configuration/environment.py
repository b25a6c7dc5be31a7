"""The configuration that the environment gives, in effect until a person publishes another."""

from __future__ import annotations

import functools
from typing import Any

import structlog
from django.conf import settings
from pydantic import ValidationError

from supportbot.configuration.content import (
    ANSWERABILITY_MIN,
    FIRST_SENTENCE_SECONDS,
    Configuration,
    Mode,
)
from supportbot.llm.routes import OPENAI_URL, ModelRoute, Purpose, Timeouts

log = structlog.get_logger(__name__)
LONGEST = 600.0
ROUTE = "model"  # the name of the route for answers that variables can give
VOICE_ROUTE = "voice"  # and of the one that writes down what customers say
_NAMES = (
    *("OPENAI_BASE_URL", "OPENAI_API_KEY", "MODEL", "MODEL_TEMPERATURE", "MODEL_CONTEXT_TOKENS"),
    *("MODEL_FIRST_TOKEN_SECONDS", "MODEL_IDLE_SECONDS", "MODEL_TOTAL_SECONDS"),
    *("ANSWER_MODE", "ANSWERABILITY_MIN", "ANSWER_COLLECTIONS", "REWRITE_QUESTIONS"),
    *("FIRST_SENTENCE_SECONDS", "TRANSCRIBE_MODEL"),
)


def configuration_of_environment() -> Configuration:
    """Values that cannot be are told by `manage.py check`; here a default takes their place, or the
    route is left out, so that customers are answered all the same."""
    values = (getattr(settings, name) for name in _NAMES)
    return _configuration(tuple(tuple(v) if isinstance(v, list) else v for v in values))


@functools.lru_cache(maxsize=8)
def _configuration(values: tuple[Any, ...]) -> Configuration:
    given = dict(zip(_NAMES, values, strict=True))
    mode = given["ANSWER_MODE"]
    least, seconds = given["ANSWERABILITY_MIN"], given["FIRST_SENTENCE_SECONDS"]
    return Configuration(
        routes=(*_routes(given), *_voice_routes(given)),
        answerability_min=least if 0 <= least <= 1 else ANSWERABILITY_MIN,
        first_sentence_seconds=seconds if 0 < seconds <= LONGEST else FIRST_SENTENCE_SECONDS,
        collections=given["ANSWER_COLLECTIONS"],
        mode=Mode(mode) if mode in set(Mode) else Mode.REPLY,
        rewrite_questions=given["REWRITE_QUESTIONS"],
    )


def _routes(given: dict[str, Any]) -> list[ModelRoute]:
    """One, if a model and a place for it are named."""
    if not (given["MODEL"] and (given["OPENAI_API_KEY"] or given["OPENAI_BASE_URL"])):
        return []
    try:
        temperature = float(given["MODEL_TEMPERATURE"])
    except ValueError:  # “none”
        temperature = None
    try:
        timeouts = Timeouts(
            first_token=given["MODEL_FIRST_TOKEN_SECONDS"],
            between_tokens=given["MODEL_IDLE_SECONDS"],
            total=given["MODEL_TOTAL_SECONDS"],
        )
        route = ModelRoute(
            name=ROUTE,
            base_url=given["OPENAI_BASE_URL"] or OPENAI_URL,
            model=given["MODEL"],
            key="OPENAI_API_KEY" if given["OPENAI_API_KEY"] else "",
            context_tokens=given["MODEL_CONTEXT_TOKENS"],
            temperature=temperature,
            timeouts=timeouts,
        )
    except ValidationError as error:
        log.warning("model_route_left_out", problem=str(error))
        return []
    return [route]


def _voice_routes(given: dict[str, Any]) -> list[ModelRoute]:
    """One, at the same place, if a model for speech is named."""
    url, has_key = given["OPENAI_BASE_URL"], bool(given["OPENAI_API_KEY"])
    if not given["TRANSCRIBE_MODEL"] or not (url or has_key):
        return []
    try:
        route = ModelRoute(
            name=VOICE_ROUTE,
            purpose=Purpose.TRANSCRIBE,
            base_url=url or OPENAI_URL,
            model=given["TRANSCRIBE_MODEL"],
            key="OPENAI_API_KEY" if has_key else "",
        )
    except ValidationError as error:
        log.warning("model_route_left_out", problem=str(error))
        return []
    return [route]
