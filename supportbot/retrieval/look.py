"""A question → its candidates among what is served now: conversation → vectors → one statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.embedding.vectors import Vectors
from knowledge.services.indexes.embedding_indexes import embed_questions
from supportbot.retrieval import candidates, conversation, locales
from supportbot.retrieval import scope as scopes
from supportbot.retrieval.candidates import Found, Plan
from supportbot.retrieval.clock import Clock
from supportbot.retrieval.conversation import Asked, Meaning, Turn
from supportbot.retrieval.scope import Scope, Served, State
from supportbot.retrieval.settings import RetrievalSettings

MOST_LOOKS = 3  # while others publish


@dataclass(frozen=True)
class Question:
    """What is looked for, and where."""

    text: str
    turns: Sequence[Turn]
    scope: Scope
    settings: RetrievalSettings


@dataclass(frozen=True)
class Looked:
    """What was found, and by what; `vector` is that of the text as it was asked, `parts` what is
    asked in it."""

    languages: Sequence[str]
    asked: Asked
    vector: Vectors
    parts: Sequence[str]
    meaning: Meaning
    plan: Plan
    found: Found


def look_until_served(question: Question, state: State, clock: Clock) -> tuple[Looked, Served]:
    """What was found, and what was served then.

    `state` may be of earlier: the statement finds what is served now in any case, and says what
    that is. Only where one would look in another way by now, as for a new language or a new index,
    is it done again. So a search takes one round trip.
    """
    for _ in range(MOST_LOOKS):
        looked = _look(question, state, clock)
        if looked.found.served == state.served:
            break
        with clock("state"):
            before, state = state, scopes.read_state(question.scope)
        if _is_planned_alike(before, state) and looked.languages == _languages(state):
            return looked, looked.found.served or before.served
    return looked, state.served


def _is_planned_alike(one: State, other: State) -> bool:
    return (one.index, one.indexes, one.is_few) == (other.index, other.indexes, other.is_few)


def _languages(state: State) -> Sequence[str]:
    return locales.of_documents(state.revision)


def _look(question: Question, state: State, clock: Clock) -> Looked:
    settings = question.settings
    with clock("question"):
        languages = _languages(state)
        texts, asked = conversation.read(question.text, question.turns, languages)
    with clock("embedding"):
        index, vectors = embed_questions(texts.all, indexes=state.indexes)
        meaning = conversation.mix(texts, vectors)
    with clock("candidates"):
        plan = Plan(
            index, question.scope, state, settings, with_vectors=meaning.earlier is not None
        )
        found = candidates.find(asked, meaning.sought, plan)
    return Looked(languages, asked, vectors[0], texts.parts, meaning, plan, found)
