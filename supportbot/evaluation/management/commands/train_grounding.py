"""`manage.py train_grounding encoder|head --data PATH …`: fit the support check anew."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from supportbot.evaluation import answer_datasets, grounding_dataset
from supportbot.evaluation.answer_questions import sampled
from supportbot.evaluation.grounding_examples import (
    Pair,
    pairs_of_documents,
    pairs_of_responses,
)
from supportbot.evaluation.questions import BadDatasetError, Text
from supportbot.evaluation.report import EvaluationError
from supportbot.evaluation.train_grounding import examples_of, fit, report
from supportbot.evaluation.wordnet import WordNet
from supportbot.guardrails.support_encoder import MODEL, TOKENIZER
from supportbot.guardrails.support_model import FILE, render

ENCODER, HEAD = "encoder", "head"
SEED = 0
LIMIT = 2600  # responses, or sentences of documents, of each data set
EPOCHS, MINUTES = 2.0, 30.0


class Command(BaseCommand):
    help = (
        "Fit the check whether sources support a sentence. First the encoder, to judged responses "
        "and to sentences of documents, reworded and corrupted; then the head, to data sets that "
        "the encoder has not seen; it shows for each how well weights do that never saw it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("part", choices=[ENCODER, HEAD])
        parser.add_argument(
            "--data",
            type=Path,
            action="append",
            required=True,
            help="judged responses, or a folder of judged questions; give several",
        )
        parser.add_argument("--limit", type=int, default=LIMIT, help="sentences of each data set")
        parser.add_argument(
            "--wordnet", type=Path, help="encoder: the folder of WordNet's database files"
        )
        parser.add_argument("--epochs", type=float, default=EPOCHS, help="encoder only")
        parser.add_argument(
            "--minutes", type=float, default=MINUTES, help="encoder: stop after so many"
        )
        parser.add_argument(
            "--state",
            type=Path,
            help="encoder: a file; go on from the weights in it if it is there, and keep them",
        )
        parser.add_argument(
            "--licence",
            action="append",
            default=[],
            metavar="SET=LICENCE",
            help="kept with the weights; may be given several times",
        )
        parser.add_argument("--json", action="store_true", help="head: print the figures as JSON")
        parser.add_argument("--write", action="store_true", help="put the weights into the product")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["part"] == ENCODER:
                self._train_encoder(options)
            else:
                self._fit_head(options)
        except (BadDatasetError, EvaluationError) as error:
            raise CommandError(str(error)) from error

    def _train_encoder(self, options: dict[str, Any]) -> None:
        from supportbot.evaluation.train_support_encoder import tune, write

        if options["wordnet"] is None:
            raise CommandError("--wordnet names the folder with WordNet's index.sense and data.*.")
        pairs = _pairs(options["data"], options["limit"], WordNet(options["wordnet"]))
        self.stdout.write(f"{len(pairs)} pairs of {len(options['data'])} data sets")
        encoder = tune(
            pairs,
            epochs=options["epochs"],
            minutes=options["minutes"],
            state=options["state"],
            say=_say,
        )
        if options["write"]:
            about = {
                "sets": _licences(options),
                "pairs": len(pairs),
                "most_epochs": options["epochs"],
                "most_minutes": options["minutes"],
            }
            write(encoder, MODEL, TOKENIZER, about)
            self.stdout.write(f"Written to {MODEL.name}. Fit the head next.")

    def _fit_head(self, options: dict[str, Any]) -> None:
        sets = {_name(data): examples_of(data, options["limit"]) for data in options["data"]}
        sets = {name: examples for name, examples in sets.items() if examples}
        model = fit(list(sets.values()))
        sources = {name: licence for name, licence in _licences(options).items() if name in sets}
        found = report(sets, model, sources)
        self.stdout.write(found.as_json() if options["json"] else found.as_text())
        if options["write"]:
            FILE.write_text(render(model, sources), encoding="utf-8")
            self.stdout.write(f"Written to {FILE.name}. Processes that run read it when started.")


def _pairs(paths: list[Path], limit: int, wordnet: WordNet) -> list[Pair]:
    chance = random.Random(SEED)  # noqa: S311  the same in every run
    pairs: list[Pair] = []
    for path in paths:
        name = _name(path)
        if path.is_file() or (path / grounding_dataset.FILE).is_file():
            judged = sampled(grounding_dataset.load(path), limit)
            pairs += pairs_of_responses(name, judged, wordnet, chance)
        else:
            dataset = answer_datasets.load(path, 0)
            documents = [text for text in dataset.documents if isinstance(text, Text)]
            pairs += pairs_of_documents(name, documents, limit, wordnet, chance)
    chance.shuffle(pairs)
    return pairs


def _licences(options: dict[str, Any]) -> dict[str, str]:
    """Of each data set by its name."""
    given = dict(entry.partition("=")[::2] for entry in options["licence"])
    names = [_name(path) for path in options["data"]]
    return {name: given.get(name, "licence not given") for name in names}


def _name(path: Path) -> str:
    return path.resolve().name if path.is_dir() else path.stem


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
