"""`manage.py train_manners --data FOLDER`: fit the head that recognises manners anew.

FOLDER is that of the triage sets: chitchat, bitext, clinc150 and banking77.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from django.core.management.base import BaseCommand, CommandError, CommandParser
from sklearn.linear_model import LogisticRegression

from knowledge.embedding.encoder import get_encoder
from knowledge.embedding.model import BUNDLED
from supportbot.manners.examples import EXAMPLES, QUESTIONS
from supportbot.manners.head import FILE, QUESTION, Head, render
from supportbot.manners.models import Manner

SEED = 7
OWN_WEIGHT = 8.0  # of an own example beside one of the sets
INVERSE_PENALTY = 30.0
HELD_OUT = 200
MOST_OF_A_SET = 2500
T = TypeVar("T")
SOURCES = {
    "chitchat": "MIT",
    "bitext": "CDLA-Sharing-1.0",
    "clinc150": "CC BY 3.0",
    "banking77": "CC BY 4.0",
}
# Groups of chitchat, each named by its first question, that are more than small talk.
_CHITCHAT = {
    "Yo dude": Manner.GREETING,
    "Good evening robot": Manner.GREETING,
    "Good morning sunshine": Manner.GREETING,
    "Hey R2-D2": Manner.GREETING,
    "How is your Tuesday so far": Manner.GREETING,
    "It's a pleasure to finally meet you": Manner.GREETING,
    "That's very kind": Manner.THANKS,
    "I'm gonna skedaddle": Manner.GOODBYE,
    "Have yourself a good night": Manner.GOODBYE,
    "Are you fake?": Manner.ARE_YOU_A_BOT,
    "With whom am I talking?": Manner.ARE_YOU_A_BOT,
    "What is your purpose?": Manner.WHAT_CAN_YOU_DO,
    "That's true": Manner.ACKNOWLEDGEMENT,
    "That's not what I thought you'd say": Manner.NOT_HELPED,
    "Are you dumb?": Manner.INSULT,
    "Will you shush": Manner.INSULT,
    "You got hit with the ugly stick": Manner.INSULT,
    "You're going to have to look for another job. You are fired!": Manner.INSULT,
    "I'm your least favorite person": Manner.INSULT,
    "I'm so pissed off right now": Manner.COMPLAINT,
}
_CLINC = {
    "greeting": Manner.GREETING,
    "goodbye": Manner.GOODBYE,
    "thank_you": Manner.THANKS,
    "are_you_a_bot": Manner.ARE_YOU_A_BOT,
    "what_can_i_ask_you": Manner.WHAT_CAN_YOU_DO,
    **dict.fromkeys(
        (
            "what_is_your_name how_old_are_you tell_joke meaning_of_life who_made_you "
            "do_you_have_pets where_are_you_from what_are_your_hobbies who_do_you_work_for fun_fact"
        ).split(),
        Manner.SMALL_TALK,
    ),
}


class Command(BaseCommand):
    help = "Fit the head that recognises greetings, thanks, the wish for a person and so on."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--data", type=Path, required=True, help="the folder of triage sets")
        parser.add_argument(
            "--more-questions",
            type=Path,
            action="append",
            default=[],
            help="a .jsonl of further ordinary questions to fit it to; may be given several times",
        )
        parser.add_argument(
            "--questions",
            type=Path,
            action="append",
            default=[],
            help="a queries.jsonl of ordinary questions to try it on; may be given several times",
        )
        parser.add_argument(
            "--write", action="store_true", help=f"put the weights into {FILE.name}"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        data = options["data"]
        rows = [(text, label, 1.0) for text, label in _sets(data)]
        sources = dict(SOURCES)
        for path in options["more_questions"]:
            asked = _sample([row["question"] for row in _rows(path)], MOST_OF_A_SET)
            rows += [(text, QUESTION, 1.0) for text in asked]
            sources[path.parent.name] = "see the set's own notice"
        rows += [(t, str(m), OWN_WEIGHT) for m, texts in EXAMPLES.items() for t in texts]
        rows += [(text, QUESTION, OWN_WEIGHT) for text in QUESTIONS]
        found = _fit(rows)
        small_talk = _sample([row["text"] for row in _rows(data / "chitchat" / "test.jsonl")])
        share = _share_of_questions(found, small_talk)
        told = {"small talk taken for questions": share}
        for path in options["questions"]:
            asked = _sample([row["text"] for row in _rows(path)])
            told[f"questions of {path.parent.name} taken for questions"] = _share_of_questions(
                found, asked
            )
        for name, value in told.items():
            self.stdout.write(f"{name}: {value:.3f}")
        if options["write"]:
            about = {"fitted_to": sources, "seed": SEED, "figures": told}
            FILE.write_text(render(found, about), encoding="utf-8")
            self.stdout.write(f"Written to {FILE.name}.")


def _sets(data: Path) -> Iterator[tuple[str, str]]:
    for row in _rows(data / "chitchat" / "train.jsonl"):
        yield row["text"], _CHITCHAT.get(row["label"], Manner.SMALL_TALK)
    for row in _sample(_rows(data / "bitext" / "train.jsonl"), MOST_OF_A_SET):
        yield row["text"], Manner.PERSON if row["label"] == "contact_human_agent" else QUESTION
    for row in _sample(_rows(data / "clinc150" / "train.jsonl"), 2 * MOST_OF_A_SET):
        yield row["text"], _CLINC.get(row["label"], QUESTION)
    for row in _sample(_rows(data / "banking77" / "train.jsonl"), MOST_OF_A_SET):
        yield row["text"], QUESTION


def _rows(path: Path) -> list[dict[str, Any]]:
    try:
        lines = path.read_text("utf-8").split("\n")
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
    return [json.loads(line) for line in lines if line.strip()]


def _fit(rows: list[tuple[str, str, float]]) -> Head:
    vectors = get_encoder(BUNDLED).encode_questions([text.lower() for text, _, _ in rows])
    labels = [str(label) for _, label, _ in rows]
    model = LogisticRegression(C=INVERSE_PENALTY, max_iter=400)
    model.fit(vectors, labels, sample_weight=[weight for _, _, weight in rows])
    return Head(
        tuple(str(name) for name in model.classes_),
        model.coef_.astype(np.float32),
        model.intercept_.astype(np.float32),
    )


def _sample(rows: list[T], count: int = HELD_OUT) -> list[T]:
    return random.Random(SEED).sample(rows, min(count, len(rows)))  # noqa: S311


def _share_of_questions(found: Head, texts: list[str]) -> float:
    vectors = get_encoder(BUNDLED).encode_questions([text.lower()[:1000] for text in texts])
    best = found.probabilities(vectors).argmax(axis=1)
    return float(np.mean([found.classes[at] == QUESTION for at in best]))
