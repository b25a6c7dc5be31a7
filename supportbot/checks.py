"""System checks: a wrong setting is told with an id and a hint before anything starts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from limits import parse

from knowledge.embedding.model import BUNDLED
from supportbot.accounts.roles import ROLES
from supportbot.api.proof_of_work import MODES
from supportbot.api.proxies import unknown_proxy_seen
from supportbot.llm import local_speech
from tickets.models import Conversation
from tickets.services.assignment import Strategy

log = structlog.get_logger(__name__)
IDENTITY_CHARACTERS = 32  # as many as the hash of HS256 has bytes (RFC 7518, section 3.2)


@register()
def check_settings(**_: Any) -> list[CheckMessage]:
    """Everything below, in one list."""
    return [
        *_answer_mode(),
        *_answer_cache(),
        *_assignment(),
        *_model(),
        *_speech(),
        *_limits(),
        *_embedding_model(),
        *_origins(),
        *_rates(),
        *_proof_of_work(),
        *_proxies(),
        *_identity(),
        *_openid(),
    ]


def log_settings() -> None:
    """Say what is wrong, for a server that was not started by manage.py and has checked nothing."""
    for message in check_settings():
        log.warning("setting", id=message.id, problem=message.msg, hint=message.hint)


def _answer_mode() -> list[CheckMessage]:
    if settings.ANSWER_MODE in Conversation.Mode.values:
        return []
    hint = "Set SUPPORTBOT_ANSWER_MODE to reply, draft, suggest or off."
    return [Error(f"{settings.ANSWER_MODE!r} is no answer mode.", hint=hint, id="supportbot.E001")]


def _assignment() -> list[CheckMessage]:
    wanted = settings.TICKETS["assignment"]
    if wanted in set(Strategy):
        return []
    hint = "Set SUPPORTBOT_ASSIGNMENT to none, round_robin or least_busy."
    return [Error(f"{wanted!r} is no way to assign tickets.", hint=hint, id="supportbot.E021")]


def _answer_cache() -> list[CheckMessage]:
    if settings.ANSWER_CACHE in {"model", "all", "off"}:
        return []
    hint = "Set SUPPORTBOT_ANSWER_CACHE to model, all or off."
    return [
        Error(
            f"{settings.ANSWER_CACHE!r} is no choice of a cache.", hint=hint, id="supportbot.E012"
        )
    ]


def _model() -> list[CheckMessage]:
    messages: list[CheckMessage] = []
    if bool(settings.MODEL) != bool(settings.OPENAI_API_KEY or settings.OPENAI_BASE_URL):
        messages.append(
            Warning(
                "The language model is set up in part, so answers are extractive.",
                hint="Set SUPPORTBOT_MODEL and OPENAI_API_KEY or OPENAI_BASE_URL, or none of them.",
                id="supportbot.W002",
            )
        )
    url = urlsplit(settings.OPENAI_BASE_URL)
    if settings.OPENAI_BASE_URL and (url.scheme not in {"http", "https"} or not url.netloc):
        messages.append(
            Error(
                f"OPENAI_BASE_URL is no web address: {settings.OPENAI_BASE_URL!r}.",
                hint="Give it with its scheme, such as http://localhost:11434/v1.",
                id="supportbot.E003",
            )
        )
    if not re.fullmatch(r"none|\d+(\.\d+)?", settings.MODEL_TEMPERATURE):
        messages.append(
            Error(
                f"{settings.MODEL_TEMPERATURE!r} is no temperature.",
                hint="Set SUPPORTBOT_MODEL_TEMPERATURE to a number such as 0, or to none.",
                id="supportbot.E007",
            )
        )
    return messages


def _limits() -> list[CheckMessage]:
    """Numbers that decide answers, and between what they may lie."""
    ranges = {
        "ANSWERABILITY_MIN": (0, 1),
        "FIRST_SENTENCE_SECONDS": (0.1, 600),
        "MODEL_FIRST_TOKEN_SECONDS": (0.1, 600),
        "MODEL_IDLE_SECONDS": (0.1, 600),
        "MODEL_TOTAL_SECONDS": (0.1, 3600),
        "MODEL_CONTEXT_TOKENS": (512, 10_000_000),
    }
    return [
        Error(
            f"SUPPORTBOT_{name} cannot be {getattr(settings, name):g}.",
            hint=f"Set it to a number from {least:g} to {most:,g}.",
            id="supportbot.E011",
        )
        for name, (least, most) in ranges.items()
        if not least <= getattr(settings, name) <= most
    ]


def _embedding_model() -> list[CheckMessage]:
    name = settings.EMBEDDING_MODEL
    if name == BUNDLED or not name.startswith(("/", ".")) or Path(name).is_dir():
        return []
    hint = "Set SUPPORTBOT_EMBEDDING_MODEL to a folder that exists, a hub name, or bundled."
    return [Error(f"There is no folder {name!r}.", hint=hint, id="supportbot.E004")]


def _speech() -> list[CheckMessage]:
    if not settings.SPEECH_FOLDER or not (missing := local_speech.why_missing()):
        return []
    hint = (
        "Until then customers see no button for voice. See SUPPORTBOT_SPEECH_FOLDER in README.md."
    )
    return [Warning(missing, hint=hint, id="supportbot.W033")]


def _origins() -> list[CheckMessage]:
    wrong = [
        origin
        for origin in settings.WIDGET_ORIGINS
        if urlsplit(origin).scheme not in {"http", "https"} or urlsplit(origin).path
    ]
    if not wrong:
        return []
    hint = "An origin is a scheme and a host, such as https://shop.example, with no path."
    return [
        Error(
            f"SUPPORTBOT_WIDGET_ORIGINS has no origins in it: {', '.join(wrong)}.",
            hint=hint,
            id="supportbot.E005",
        )
    ]


def _rates() -> list[CheckMessage]:
    messages: list[CheckMessage] = []
    for scope, rate in settings.RATE_LIMITS.items():
        try:
            parse(rate)
        except ValueError:
            messages.append(
                Error(
                    f"{rate!r} is no rate.",
                    hint=f"Set SUPPORTBOT_LIMIT_{scope.upper()} to something like 20/minute.",
                    id="supportbot.E006",
                )
            )
    return messages


def _proof_of_work() -> list[CheckMessage]:
    if settings.PROOF_OF_WORK in MODES:
        return []
    text = f"{settings.PROOF_OF_WORK!r} is no way to ask for a proof of work."
    hint = "Set SUPPORTBOT_PROOF_OF_WORK to off, auto or always."
    return [Error(text, hint=hint, id="supportbot.E013")]


def _proxies() -> list[CheckMessage]:
    """Behind a proxy that is not counted, all visitors have one address and share its limits."""
    if settings.PROXIES:
        return []
    hint = (
        "Set SUPPORTBOT_PROXIES to the number of proxies that add to X-Forwarded-For, usually 1, "
        "and SUPPORTBOT_BEHIND_PROXY to 1 where they set X-Forwarded-Proto."
    )
    if settings.SECURE_PROXY_SSL_HEADER:
        text = "SUPPORTBOT_BEHIND_PROXY is on, but SUPPORTBOT_PROXIES is 0."
        return [Warning(text, hint=hint, id="supportbot.W008")]
    if unknown_proxy_seen():
        text = "Requests come through a proxy that is not configured, so visitors share limits."
        return [Warning(text, hint=hint, id="supportbot.W009")]
    return []


def _identity() -> list[CheckMessage]:
    if all(len(one) >= IDENTITY_CHARACTERS for one in settings.IDENTITY_SECRET.split()):
        return []
    hint = "Set SUPPORTBOT_IDENTITY_SECRET to at least 32 random characters on both servers."
    return [
        Error(
            "The secret that identities are signed with can be guessed.",
            hint=hint,
            id="supportbot.E010",
        )
    ]


def _openid() -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if not settings.OPENID.is_on:
        return found
    address = urlsplit(settings.OPENID.issuer)
    if address.scheme != "https" and address.hostname not in {"localhost", "127.0.0.1", "::1"}:
        hint = "Set SUPPORTBOT_OIDC_ISSUER to an address that begins with https://."
        found.append(
            Error("The sign-in provider is not reached by TLS.", hint, id="supportbot.E031")
        )
    if unknown := sorted(set(settings.OPENID.roles.values()) - set(ROLES)):
        hint = f"SUPPORTBOT_OIDC_ROLES takes group=role, with one of: {', '.join(ROLES)}."
        found.append(Error(f"There is no role “{unknown[0]}”.", hint, id="supportbot.E032"))
    return found
