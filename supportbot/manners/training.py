"""Fits the head that recognises manners, and measures it on held-out messages."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from sklearn.linear_model import LogisticRegression

from knowledge.embedding.encoder import Vectors, get_encoder
from knowledge.embedding.model import BUNDLED
from supportbot.manners.examples import examples
from supportbot.manners.features import features
from supportbot.manners.head import QUESTION, Head
from supportbot.manners.models import Manner
from supportbot.manners.recognise import DISTRESS, Recognised, decide, judge, parts_of

SEED = 7
OWN_WEIGHT = 8.0  # of one of our examples, against one of a data set
INVERSE_PENALTY = 5.0
MOST_STEPS = 300
HELD_OUT = 200
MOST_OF_A_SET = 1500
MOST_TITLES = 300  # of a set; people look up names and short phrases
SMALL_TALK_WEIGHT = 2.0
MOST_FRAGMENTS = 500
LEAST_OF_A_FRAGMENT = 5  # characters of its two words together
MOST_TITLE_WORDS = 4
LEAST_TYPO = 4  # characters; shorter words get no typing error
QUESTION_KEY = "question"
T = TypeVar("T")

LICENCES = {
    "chitchat": "MIT (Microsoft PersonalityChat)",
    "bitext": "CDLA-Sharing-1.0",
    "clinc150": "CC BY 3.0",
    "banking77": "CC BY 4.0",
    "doqa": "CC BY-SA 4.0",
    "qed_nq": "CC BY-SA 3.0",
    "selqa": "Apache-2.0",
    "covidqa": "Apache-2.0",
    "doc2dial_spans": "Apache-2.0",
}
# Chitchat groups by the number of their reply; all other groups are small talk.
_CHITCHAT = {
    **dict.fromkeys((53, 54, 55, 58, 59, 60), str(Manner.GREETING)),
    49: str(Manner.THANKS),
    **dict.fromkeys((52, 56), str(Manner.GOODBYE)),
    **dict.fromkeys((14, 29), str(Manner.ARE_YOU_A_BOT)),
    9: str(Manner.WHAT_CAN_YOU_DO),
    47: str(Manner.ACKNOWLEDGEMENT),
    42: str(Manner.NOT_HELPED),
    **dict.fromkeys((32, 36, 39, 41), str(Manner.INSULT)),
    75: str(Manner.COMPLAINT),
    86: DISTRESS,
}
_CLINC = {
    "greeting": Manner.GREETING,
    "goodbye": Manner.GOODBYE,
    "thank_you": Manner.THANKS,
    "are_you_a_bot": Manner.ARE_YOU_A_BOT,
    "what_can_i_ask_you": Manner.WHAT_CAN_YOU_DO,
    **dict.fromkeys(
        [
            "what_is_your_name",
            "how_old_are_you",
            "tell_joke",
            "meaning_of_life",
            "who_made_you",
            "do_you_have_pets",
            "where_are_you_from",
            "what_are_your_hobbies",
            "who_do_you_work_for",
            "fun_fact",
        ],
        Manner.SMALL_TALK,
    ),
}
# Alone, these are answers to a question.
_CLINC_LEFT_OUT = frozenset({"yes", "no", "maybe", "repeat", "cancel"})


class BadTrainingDataError(Exception):
    """`str()` says which file cannot be used, and why."""


@dataclass(frozen=True)
class Row:
    text: str
    label: str
    weight: float = 1.0


def training_rows(data: Path, more_questions: Sequence[Path]) -> list[Row]:
    """Rows from the triage sets in `data`, from more questions, and from our own examples."""
    rows = [*_chitchat(data / "chitchat"), *_bitext(data / "bitext"), *_clinc(data / "clinc150")]
    banking = read_rows(data / "banking77" / "train.jsonl")
    rows += [Row(row["text"], QUESTION) for row in sample(banking, MOST_OF_A_SET)]
    for path in more_questions:
        asked = read_rows(path)
        rows += [Row(row["question"], QUESTION) for row in sample(asked, MOST_OF_A_SET)]
        rows += [Row(title, QUESTION) for title in _titles(asked)]
    rows += [Row(text, QUESTION) for text in _fragments(rows)]
    return [*rows, *_own()]


def fit(rows: Sequence[Row]) -> Head:
    """Multinomial logistic regression over the features."""
    vectors = _features([row.text for row in rows])
    model = LogisticRegression(C=INVERSE_PENALTY, max_iter=MOST_STEPS)
    model.fit(vectors, [row.label for row in rows], sample_weight=[row.weight for row in rows])
    return Head(
        tuple(str(name) for name in model.classes_),
        model.coef_.astype(np.float32),
        model.intercept_.astype(np.float32),
    )


def recognise_all(found: Head, texts: Sequence[str]) -> list[Recognised | None]:
    """The result of `recognise` for each message with this head and no staff examples."""
    parts = [parts_of(text) for text in texts]
    known = list(dict.fromkeys(part for each in parts for part in each))
    vectors = _features(known)
    judged = {part: judge(found, row) for part, row in zip(known, vectors, strict=True)}
    return [decide(each, judged) if each else None for each in parts]


def share_answered_as_manners(found: Head, texts: Sequence[str]) -> float:
    """The share of messages that get a reply of their own, small talk if no document answers it."""
    said = [one for one in recognise_all(found, texts) if one is not None]
    own = [one for one in said if not one.has_question or one.manner == Manner.SMALL_TALK]
    return len(own) / len(texts)


def _features(texts: Sequence[str]) -> Vectors:
    return features(texts, get_encoder(BUNDLED).encode_questions(texts))


def held_out_small_talk(data: Path) -> list[str]:
    """Rows of chitchat that training never saw."""
    return [row["text"] for row in sample(read_rows(data / "chitchat" / "test.jsonl"), HELD_OUT)]


def sample(rows: Sequence[T], count: int) -> list[T]:
    return random.Random(SEED).sample(list(rows), min(count, len(rows)))  # noqa: S311


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Raises BadTrainingDataError."""
    try:
        lines = path.read_text("utf-8").split("\n")
    except OSError as error:
        raise BadTrainingDataError(f"{path} cannot be read: {error.strerror}.") from error
    return [json.loads(line) for line in lines if line.strip()]


def _chitchat(folder: Path) -> Iterator[Row]:
    numbers = {row["label"]: int(row["id"][1:]) for row in read_rows(folder / "replies.jsonl")}
    for row in read_rows(folder / "train.jsonl"):
        label = _CHITCHAT.get(numbers.get(row["label"], -1), str(Manner.SMALL_TALK))
        yield Row(row["text"], label, SMALL_TALK_WEIGHT)


def _bitext(folder: Path) -> Iterator[Row]:
    """Its complaints ask how to complain, which the documents may answer."""
    for row in sample(read_rows(folder / "train.jsonl"), MOST_OF_A_SET):
        wants_a_person = row["label"] == "contact_human_agent"
        yield Row(row["text"], str(Manner.PERSON) if wants_a_person else QUESTION)


def _clinc(folder: Path) -> Iterator[Row]:
    rows = read_rows(folder / "train.jsonl")
    for row in sample(rows, 2 * MOST_OF_A_SET):
        if row["label"] not in _CLINC_LEFT_OUT:
            yield Row(row["text"], str(_CLINC.get(row["label"], QUESTION)))
    for row in read_rows(folder / "oos_train.jsonl"):
        yield Row(row["text"], QUESTION)


def _titles(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Short titles of documents."""
    parts = (part.strip() for row in rows for part in str(row.get("document_title", "")).split("|"))
    short = {part for part in parts if part and len(part.split()) <= MOST_TITLE_WORDS}
    return sample(sorted(short), MOST_TITLES)


def _fragments(rows: Sequence[Row]) -> list[str]:
    """The last two words of questions, if both are meaningful: like messages of two words."""
    asked = sample([row.text for row in rows if row.label == QUESTION], MOST_FRAGMENTS)
    ends = [re.sub(r"[^\w\s'-]", "", text).split()[-2:] for text in asked]
    return [" ".join(end) for end in ends if min(map(len, end)) >= LEAST_OF_A_FRAGMENT]


def _own() -> Iterator[Row]:
    """Our own examples, each also with a typing error."""
    chance = random.Random(SEED)  # noqa: S311
    for name, texts in examples().items():
        label = QUESTION if name == QUESTION_KEY else name
        for text in texts:
            yield Row(text, label, OWN_WEIGHT)
            if any(len(word) >= LEAST_TYPO for word in text.split()):
                yield Row(_mistyped(text, chance), label, OWN_WEIGHT / 4)


def _mistyped(text: str, chance: random.Random) -> str:
    """The text with two letters of a word swapped, or one left out or doubled."""
    words = text.split()
    at = chance.choice([n for n, word in enumerate(words) if len(word) >= LEAST_TYPO])
    word, letter = words[at], chance.randrange(1, len(words[at]) - 1)
    kinds = (
        word[:letter] + word[letter + 1] + word[letter] + word[letter + 2 :],
        word[:letter] + word[letter + 1 :],
        word[:letter] + word[letter] + word[letter:],
    )
    return " ".join([*words[:at], chance.choice(kinds), *words[at + 1 :]])
