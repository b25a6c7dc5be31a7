"""The values passed between stages. All are frozen: a stage returns new values."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from knowledge.models import Audience
from supportbot.configuration.content import ANSWERABILITY_MIN
from supportbot.guardrails.types import Finding, Verdict
from supportbot.retrieval.query import Turn
from supportbot.retrieval.search import RankedPassage, Ranking


class Stage(StrEnum):
    RECEIVE = "receive"
    VALIDATE = "validate"
    ENRICH = "enrich"
    GENERATE = "generate"
    CHECK = "check"
    DELIVER = "deliver"
    COMPLETE = "complete"  # the answer, or the failure, is stored and the run ends


STAGE_ORDER = tuple(Stage)


@dataclass(frozen=True)
class Memory:
    """What is known of the conversation beyond its last turns: (name, value) of facts that the
    customer gave, and a line with their older questions."""

    facts: tuple[tuple[str, str], ...] = ()
    summary: str = ""


@dataclass(frozen=True)
class Question:
    """A question, with the day whose rules apply and the audience of the reader. A question of a
    conversation has its ids.

    `preview` is the id of a version that is searched as if it were published; `collections` are
    ids, None for those that customers are answered from. `pictures` are ids of attachments.
    """

    message_id: UUID | None
    conversation_id: UUID | None
    text: str
    history: tuple[Turn, ...]
    as_of: dt.date
    reader: Audience = Audience.PUBLIC
    preview: int | None = None
    collections: tuple[int, ...] | None = None
    memory: Memory = Memory()
    pictures: tuple[UUID, ...] = ()


@dataclass(frozen=True)
class Choice:
    """A button under an answer. A click sends `text` as the customer's message."""

    label: str
    text: str


@dataclass(frozen=True)
class CuratedText:
    """The text of a curated answer, as a source that can be cited beside passages."""

    id: int
    text: str
    effective_from: dt.date | None
    updated_at: dt.datetime
    context: str = ""


NEARLY = 0.4  # of the threshold of answerability


@dataclass(frozen=True)
class Evidence:
    """A question and the passages that may answer it, best first. `rewritten` is the question as a
    model rewrote it for the search; None if it did not. `answerability_min` is the configuration's
    threshold, `curated` what a person wrote."""

    question: Question
    ranking: Ranking
    rewritten: str | None = None
    answerability_min: float = ANSWERABILITY_MIN
    curated: tuple[CuratedText, ...] = ()

    @property
    def passages(self) -> tuple[RankedPassage, ...]:
        return self.ranking.passages

    @property
    def sources(self) -> tuple[RankedPassage | CuratedText, ...]:
        """All that a sentence may cite, by position: passages, then curated answers."""
        return (*self.passages, *self.curated)

    @property
    def is_answerable(self) -> bool:
        """Whether the answerability reaches the threshold."""
        return bool(self.passages) and self.ranking.answerability >= self.answerability_min

    @property
    def is_near(self) -> bool:
        """Whether the answerability comes near the threshold without reaching it."""
        nearly = self.ranking.answerability >= NEARLY * self.answerability_min
        return bool(self.passages) and nearly and not self.is_answerable


@dataclass(frozen=True)
class Snapshot:
    """The evidence stored with a run: enough to explain the answer after the documents have
    changed."""

    passages: list[dict[str, Any]]
    retrieval: dict[str, Any]


@dataclass(frozen=True)
class Proposed:
    """A sentence that a route proposes. `cited` are positions in Evidence.sources, from 0;
    `quotes` has the source's own words if the route knows them, `cells` the cells of a table row
    that were used. `form` is "text", "item" (of a list) or "step", which may have a `number`."""

    text: str
    cited: tuple[int, ...]
    quotes: tuple[str, ...] = ()
    form: str = "text"
    number: int | None = None
    cells: tuple[str, ...] = ()


@dataclass(frozen=True)
class Checked:
    """The sentence to show, or not to, and the verdict. `reason` says what decided, `findings` what
    the checks found against what was proposed, `score` how well a source supports it (0 to 1).
    `replaced` is the proposed text, if the source's own sentence took its place."""

    sentence: Proposed
    verdict: Verdict
    reason: str
    citations: tuple[dict[str, Any], ...] = ()
    findings: tuple[Finding, ...] = ()
    score: float | None = None
    replaced: str = ""

    @property
    def kept(self) -> bool:
        """Whether a customer may read it."""
        return self.verdict in {Verdict.KEEP, Verdict.SOFTEN}


@dataclass(frozen=True)
class Reply:
    """The result of a route. `sentences` are in wire form, as the customer saw them; `text`
    replaces them if there are none. `outcome` is one of AnswerRun.Outcome; "" if the sentences
    decide it. `reason` says why it hands over: one of Conversation.Reason."""

    route: str
    sentences: tuple[dict[str, Any], ...] = ()
    complete: bool = False
    text: str = ""
    outcome: str = ""
    choices: tuple[Choice, ...] = ()
    offer_handover: bool = False
    reason: str = ""


@dataclass(frozen=True)
class Screened:
    """A question that may be answered, and its reply if it needs no documents. Where there is an
    `otherwise`, no model reads the question: the documents' own words answer it, or else that."""

    question: Question
    reply: Reply | None = None
    otherwise: Reply | None = None
