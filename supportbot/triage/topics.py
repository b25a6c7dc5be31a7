"""Sensitive topics and urgency, by patterns and by the nearest examples of topics.toml."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from knowledge.embedding.encoder import Vectors, get_encoder
from knowledge.embedding.model import BUNDLED

FILE = Path(__file__).with_name("topics.toml")
URGENCY = "urgency"
NEAR = 0.75  # cosine to an example from which a message has its topic
LESS_URGENT = 0.8  # what an example counts, where a pattern counts 1


@dataclass(frozen=True)
class Topic:
    """`vectors` are of the examples, then of what is only like them; `examples` is their number."""

    name: str
    pattern: re.Pattern[str]
    vectors: Vectors
    examples: int

    def is_named(self, text: str) -> bool:
        return self.pattern.search(text) is not None

    def is_near(self, vector: Vectors) -> bool:
        """Whether the nearest of all is an example, and near enough."""
        cosines = self.vectors @ vector
        best = int(cosines.argmax())
        return best < self.examples and float(cosines[best]) >= NEAR


@functools.cache
def topics() -> tuple[Topic, ...]:
    """Loaded and embedded once in a process. Raises EmbeddingModelError."""
    given = tomllib.loads(FILE.read_text("utf-8"))
    return tuple(_topic(name, parts) for name, parts in given.items())


def _topic(name: str, parts: Mapping[str, Sequence[str]]) -> Topic:
    examples, unlike = parts["examples"], parts["unlike"]
    return Topic(
        name=name,
        pattern=re.compile("|".join(f"(?:{one})" for one in parts["patterns"])),
        vectors=get_encoder(BUNDLED).encode_questions([*examples, *unlike]),
        examples=len(examples),
    )


def topics_in(text: str, vector: Vectors) -> tuple[str, ...]:
    """The names of the sensitive topics of a message with this embedding."""
    plain = _plain(text)
    return tuple(
        one.name
        for one in topics()
        if one.name != URGENCY and (one.is_named(plain) or one.is_near(vector))
    )


def urgency_of(text: str, vector: Vectors) -> float:
    """Between 0 and 1."""
    urgent = next(one for one in topics() if one.name == URGENCY)
    if urgent.is_named(_plain(text)):
        return 1.0
    return LESS_URGENT if urgent.is_near(vector) else 0.0


def _plain(text: str) -> str:
    return " ".join(text.lower().replace("’", "'").split())
