"""A message → its manner, if it is no question to the documents."""

from __future__ import annotations

import re
import time
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from knowledge.embedding.encoder import Vectors
from knowledge.embedding.model import BUNDLED
from knowledge.embedding.questions import encode_questions
from supportbot.manners.features import features
from supportbot.manners.head import QUESTION, Head, head
from supportbot.manners.models import Manner, MannerExample, MannerReply

LEAST_PROBABILITY = 0.5
SURE = 0.8  # of a longer message, and of a clause
DOUBTFUL = 0.75  # small talk less probable than this may be a question that has no answer
SURE_SMALL_TALK = 0.93  # from it on, it follows up no question
SURE_DISTRESS = 0.95  # of a clause beside a question
LONG = 12  # words; longer messages are seldom small talk
MOST_WORDS = 40
EXAMPLE_COSINE = 0.9  # to an example of the staff's
READ_AGAIN_SECONDS = 2.0
_CLAUSES = re.compile(r"[.,;:!?…\n]+|\s[-–—]\s")
_WISHES = re.compile(
    "|".join(tomllib.loads(Path(__file__).with_name("wishes.toml").read_text("utf-8"))["patterns"]),
    re.IGNORECASE,
)
_EMOJI = re.compile(r"[\u2600-\u27bf\U0001f300-\U0001faff]")
# Classes of the head that are finer than manners.
PROBLEM, DISTRESS = "problem", "distress"
_MANNERS = {PROBLEM: Manner.COMPLAINT, DISTRESS: Manner.PERSON}
_TO_A_PERSON = frozenset({Manner.COMPLAINT, Manner.PERSON, PROBLEM, DISTRESS})


@dataclass(frozen=True)
class Recognised:
    """`has_question`: the message also has a question to the documents, or may be one, as small
    talk always may: “sauna?”, “are burkinis ok?”."""

    manner: Manner
    probability: float
    has_question: bool = False


@dataclass(frozen=True)
class Judged:
    """A class of the head, and its probability."""

    name: str
    probability: float

    @property
    def manner(self) -> Manner:
        """Raises ValueError for a question."""
        return _MANNERS.get(self.name) or Manner(self.name)


LEAST_WORDS = 4  # of a clause that may be a question beside a greeting
# A greeting before something else, without a comma.
_GREETING = re.compile(
    r"^((?:hi|hello|hey|hiya|good (?:morning|afternoon|evening))(?: there| all| team)?) "
    r"(?=\w+ \w+ \w)",
    re.IGNORECASE,
)


def recognise(text: str) -> Recognised | None:
    """The manner of a message; None for an ordinary question. Raises EmbeddingModelError."""
    if not re.search(r"\w", text):
        return Recognised(Manner.ACKNOWLEDGEMENT, 1.0) if _EMOJI.search(text) else None
    if wishes_for_person(text):
        return Recognised(Manner.PERSON, 1.0)
    parts = parts_of(text)
    if not parts:
        return None
    vectors = encode_questions(BUNDLED, parts)
    known = _given()
    rows = zip(parts, vectors, features(parts, vectors), strict=True)
    judged = {part: known.judge(part, row) or judge(head(), seen) for part, row, seen in rows}
    found = decide(parts, judged)
    return None if found is not None and found.manner in known.off else found


def wishes_for_person(text: str) -> bool:
    """Whether a message asks for a person in a language that the head does not know."""
    found = len(text.split()) <= LONG and _WISHES.search(text) is not None
    return found and Manner.PERSON not in _given().off


def is_small_talk(text: str) -> bool:
    """Whether a message is surely small talk: a question by itself, if it is one at all."""
    found = recognise(text)
    return (
        found is not None
        and found.manner == Manner.SMALL_TALK
        and found.probability >= SURE_SMALL_TALK
    )


def parts_of(text: str) -> list[str]:
    """The message, and its clauses if it has several; [] if it is too long."""
    text = _GREETING.sub(r"\1, ", _plain(text))
    if not text or len(text.split()) > MOST_WORDS:
        return []
    clauses = [clause.strip() for clause in _CLAUSES.split(text) if re.search(r"\w", clause)]
    return list(dict.fromkeys([text, *clauses])) if len(clauses) > 1 else [text]


def _plain(text: str) -> str:
    """The text without surrounding white space and final punctuation."""
    return " ".join(text.split()).rstrip(" .,;:…")


def decide(parts: Sequence[str], judged: Mapping[str, Judged]) -> Recognised | None:
    """The manner of the whole message, unless one of its clauses is a question."""
    text, *clauses = parts
    whole, inner = judged[text], [judged[clause] for clause in clauses]
    least = SURE if len(text.split()) > LONG else LEAST_PROBABILITY
    if whole.name == QUESTION or whole.probability < least:
        return _beside_a_question(inner)
    manner, probability = whole.manner, whole.probability
    if any(_asks(clause, judged[clause]) for clause in clauses) or (
        manner == Manner.GREETING and any(_is_unclear(clause, judged[clause]) for clause in clauses)
    ):
        # A greeting before a question needs no reply of its own.
        return _beside_a_question([whole, *inner])
    is_unsure = manner == Manner.COMPLAINT and probability < SURE
    may_ask = whole.name == PROBLEM or manner == Manner.SMALL_TALK or is_unsure
    return Recognised(manner, probability, may_ask)


def _beside_a_question(judged: Sequence[Judged]) -> Recognised | None:
    """A complaint or a request for a person next to a question."""
    for one in sorted(judged, key=lambda one: one.probability, reverse=True):
        if one.name != QUESTION and one.probability >= SURE:
            if one.name == DISTRESS:
                if one.probability < SURE_DISTRESS:
                    continue
                return Recognised(Manner.PERSON, one.probability)
            if one.manner in {Manner.COMPLAINT, Manner.PERSON}:
                return Recognised(one.manner, one.probability, has_question=True)
    return None


def _asks(clause: str, judged: Judged) -> bool:
    return judged.name == QUESTION and judged.probability >= SURE and len(clause.split()) > 1


def _is_unclear(clause: str, judged: Judged) -> bool:
    """Whether it says more than a greeting, and nobody knows what."""
    return judged.probability < SURE and len(clause.split()) >= LEAST_WORDS


@dataclass(frozen=True)
class _Given:
    """The settings of the staff: examples with their vectors, and manners switched off."""

    texts: Mapping[str, str]
    manners: tuple[str, ...]
    vectors: Vectors
    off: frozenset[str]

    def judge(self, text: str, vector: Vectors) -> Judged | None:
        """The class of the nearest example; None if none is near enough."""
        if (name := self.texts.get(text.casefold())) is not None:
            return Judged(name, 1.0)
        if not self.manners:
            return None
        cosines = self.vectors @ vector
        best = int(cosines.argmax())
        near = float(cosines[best])
        return Judged(self.manners[best], near) if near >= EXAMPLE_COSINE else None


def judge(found: Head, seen: Vectors) -> Judged:
    """The likeliest class. Its probability is that of all manners together, because a message
    between two manners is no question; but a manner that leads to a person needs its own
    probability."""
    shares = dict(zip(found.classes, found.probabilities(seen[None])[0].tolist(), strict=True))
    question = shares.pop(QUESTION)
    best = max(shares, key=shares.__getitem__)
    if question >= LEAST_PROBABILITY:
        return Judged(QUESTION, question)
    return Judged(best, shares[best] if best in _TO_A_PERSON else 1 - question)


_kept: tuple[float, _Given] | None = None


def _given() -> _Given:
    """Read again from the database after READ_AGAIN_SECONDS, so that a change soon reaches every
    process."""
    global _kept  # noqa: PLW0603  one small value of the process
    now = time.monotonic()
    if _kept is None or now - _kept[0] > READ_AGAIN_SECONDS:
        rows = list(MannerExample.objects.values_list("text", "manner"))
        texts = [text for text, _ in rows]
        vectors = encode_questions(BUNDLED, texts) if texts else np.zeros((0, 0), dtype=np.float32)
        off = MannerReply.objects.filter(is_on=False).values_list("manner", flat=True)
        given = {_plain(text).casefold(): manner for text, manner in rows}
        _kept = now, _Given(given, tuple(manner for _, manner in rows), vectors, frozenset(off))
    return _kept[1]


def forget() -> None:
    """Read from the database again at the next message."""
    global _kept  # noqa: PLW0603
    _kept = None
