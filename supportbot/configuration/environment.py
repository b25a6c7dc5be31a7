"""The configuration that the environment gives, in effect until a person publishes another."""

from __future__ import annotations

import functools
from typing import Any

from django.conf import settings

from supportbot.configuration.content import Configuration, Mode
from supportbot.llm.routes import OPENAI_URL, ModelRoute, Timeouts

ROUTE = "model"  # the name of the one route that variables can give
_NAMES = (
    *("OPENAI_BASE_URL", "OPENAI_API_KEY", "MODEL", "MODEL_TEMPERATURE", "MODEL_CONTEXT_TOKENS"),
    *("MODEL_FIRST_TOKEN_SECONDS", "MODEL_IDLE_SECONDS", "MODEL_TOTAL_SECONDS"),
    *("ANSWER_MODE", "ANSWERABILITY_MIN", "ANSWER_COLLECTIONS", "REWRITE_QUESTIONS"),
    "FIRST_SENTENCE_SECONDS",
)


def configuration_of_environment() -> Configuration:
    """Wrong values are told by `manage.py check` and replaced by the defaults here."""
    values = (getattr(settings, name) for name in _NAMES)
    return _configuration(tuple(tuple(v) if isinstance(v, list) else v for v in values))


@functools.lru_cache(maxsize=8)
def _configuration(values: tuple[Any, ...]) -> Configuration:
    given = dict(zip(_NAMES, values, strict=True))
    is_draft = given["ANSWER_MODE"] == Mode.DRAFT
    return Configuration(
        routes=tuple(_routes(given)),
        answerability_min=min(max(given["ANSWERABILITY_MIN"], 0.0), 1.0),
        first_sentence_seconds=given["FIRST_SENTENCE_SECONDS"],
        collections=given["ANSWER_COLLECTIONS"],
        mode=Mode.DRAFT if is_draft else Mode.AUTO,
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
    return [
        ModelRoute(
            name=ROUTE,
            base_url=given["OPENAI_BASE_URL"] or OPENAI_URL,
            model=given["MODEL"],
            key="OPENAI_API_KEY" if given["OPENAI_API_KEY"] else "",
            context_tokens=given["MODEL_CONTEXT_TOKENS"],
            temperature=temperature,
            timeouts=Timeouts(
                first_token=given["MODEL_FIRST_TOKEN_SECONDS"],
                between_tokens=given["MODEL_IDLE_SECONDS"],
                total=given["MODEL_TOTAL_SECONDS"],
            ),
        )
    ]
