"""The content of a configuration: plain typed values, stored as JSON with a hash."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from supportbot.env import answer_mode
from supportbot.guardrails.policy.library import rules_with
from supportbot.llm.routes import ModelRoute, Purpose

ANSWERABILITY_MIN = 0.4
FIRST_SENTENCE_SECONDS = 4.0
_WRITES = (Purpose.SMALL, Purpose.LARGE)


class Mode(StrEnum):
    """What the bot does in new conversations: the values of Conversation.Mode."""

    REPLY = "reply"
    DRAFT = "draft"
    SUGGEST = "suggest"
    OFF = "off"


class RouteKind(StrEnum):
    """Ways to answer, from the cheapest to the dearest."""

    CURATED = "curated"
    CACHED = "cached"
    EXTRACTIVE = "extractive"
    SMALL = "small"
    LARGE = "large"
    PERSON = "person"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, str_strip_whitespace=True)


class Budgets(_Part):
    """The most that models may cost, in the currency of the routes' prices; None: no limit. A
    visitor's is for one day. Days and months are those of the company's time zone."""

    conversation: Decimal | None = Field(default=None, ge=0)
    visitor: Decimal | None = Field(default=None, ge=0)
    day: Decimal | None = Field(default=None, ge=0)
    month: Decimal | None = Field(default=None, ge=0)
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")


class Limits(_Part):
    """What ends in a hand-over within a conversation, counted since the bot last began to speak;
    0: no limit. `repeated` is how often the same may be asked, `cost` is in the currency of the
    budgets."""

    bot_turns: int = Field(default=30, ge=0)
    repeated: int = Field(default=3, ge=0)
    refusals: int = Field(default=3, ge=0)
    cost: Decimal = Field(default=Decimal(0), ge=0)


class TopicRule(_Part):
    """Questions that have one of the words, or whose best passage has it in its title or headings,
    are answered by this kind of route."""

    words: tuple[str, ...] = Field(min_length=1)
    route: RouteKind

    @model_validator(mode="after")
    def _is_a_way_to_write(self) -> TopicRule:
        if self.route in {RouteKind.CURATED, RouteKind.CACHED}:
            raise ValueError("a topic is answered extractive, small, large, or by a person")
        return self


class Configuration(_Part):
    """Everything that decides an answer, besides the documents."""

    routes: tuple[ModelRoute, ...] = ()  # in the order they are tried
    prompts: dict[str, str] = Field(default_factory=dict)  # edited texts; others from the files
    answerability_min: float = Field(default=ANSWERABILITY_MIN, ge=0, le=1)
    first_sentence_seconds: float = Field(default=FIRST_SENTENCE_SECONDS, gt=0, le=600)
    # If the reader is so sure, a simple question is quoted from the documents, free; 1: never.
    extractive_from: float = Field(default=1.0, ge=0, le=1)
    collections: tuple[str, ...] = ()  # names; empty: all
    mode: Mode = Mode.REPLY
    rewrite_questions: bool = False
    topics: tuple[TopicRule, ...] = ()
    budgets: Budgets = Budgets()
    limits: Limits = Limits()
    policy: str = ""  # rules in YAML, added to the product's and the installation's
    thresholds: dict[str, float] = Field(default_factory=dict)  # by kind of finding; others' own
    detectors_off: tuple[str, ...] = ()

    @field_validator("mode", mode="before")
    @classmethod
    def _mode_has_its_name_of_today(cls, mode: Any) -> Any:
        return answer_mode(mode)  # a version that was published earlier says “auto”

    @field_validator("policy")
    @classmethod
    def _policy_can_be_used(cls, policy: str) -> str:
        if policy:
            rules_with(policy, folder="")
        return policy

    @field_validator("thresholds")
    @classmethod
    def _thresholds_are_shares(cls, given: dict[str, float]) -> dict[str, float]:
        if wrong := next((kind for kind, value in given.items() if not 0 < value <= 1), None):
            raise ValueError(f"the threshold of {wrong} lies above 0 and is at most 1")
        return given

    @model_validator(mode="after")
    def _names_are_unique(self) -> Configuration:
        counted = Counter(route.name for route in self.routes)
        twice = sorted(name for name, count in counted.items() if count > 1)
        if twice:
            raise ValueError(f"two routes are named {twice[0]}; give each a name of its own")
        taken = sorted({kind.value for kind in RouteKind} & set(counted) - {"small", "large"})
        if taken:
            raise ValueError(f"{taken[0]} is what the product calls a route of its own")
        return self

    def routes_for(self, purpose: Purpose) -> tuple[ModelRoute, ...]:
        """The enabled routes of a purpose, in their order."""
        return tuple(r for r in self.routes if r.enabled and r.purpose == purpose)

    @property
    def rewriting_routes(self) -> tuple[ModelRoute, ...]:
        """Those for rewriting; without one, the small ones."""
        return self.routes_for(Purpose.REWRITE) or self.routes_for(Purpose.SMALL)

    @property
    def has_models(self) -> bool:
        """Whether any model may write an answer."""
        return any(self.routes_for(purpose) for purpose in _WRITES)

    @property
    def without_models(self) -> Configuration:
        """The same for a question that no model may read."""
        return self.model_copy(update={"routes": (), "rewrite_questions": False})

    def as_json(self) -> dict[str, Any]:
        return self.model_dump(mode="json")

    @cached_property
    def sha256(self) -> str:
        """Of the content as JSON with sorted keys, hexadecimal."""
        text = json.dumps(self.as_json(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()
