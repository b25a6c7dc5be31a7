"""`manage.py reindex`: another embedding model, built beside the one that answers questions."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from knowledge.embedding.model import EmbeddingModelError
from knowledge.models import EmbeddingIndex
from knowledge.progress import Line, Rate
from knowledge.services.indexes.comparison import Question, compare_with_active
from knowledge.services.indexes.embedding_indexes import (
    IndexRefusedError,
    activate_index,
    drop_index,
    find_index,
    start_index,
)

State = EmbeddingIndex.State
LOOK_SECONDS = 1.0
STALLED_SECONDS = 120.0  # a large model takes minutes to be loaded for the first time


class Command(BaseCommand):
    help = (
        "Build an embedding index for another model beside the active one, compare the two, and "
        "switch. Questions go on being answered all the while; the index before is kept, so that "
        "--activate can go back to it, until --drop."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument(
            "--model", help="build one: a folder, a hub name, openai:NAME, or bundled"
        )
        what.add_argument("--activate", metavar="ID|MODEL", help="let questions go to this one")
        what.add_argument("--drop", metavar="ID|MODEL", help="delete one that is not active")
        what.add_argument("--list", action="store_true", help="show the indexes there are")
        parser.add_argument(
            "--questions",
            type=Path,
            metavar="FILE.jsonl",
            help='compare with these: {"text": …} a line, and "document" (an external id) where '
            "it is known which answers; headings of the documents unless given",
        )
        parser.add_argument(
            "--switch", action="store_true", help="activate it as soon as it is built and compared"
        )
        parser.add_argument("--no-wait", action="store_true", help="leave it to the workers")
        parser.add_argument("--json", action="store_true", help="print the outcome as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["list"]:
                self._list(as_json=options["json"])
            elif options["activate"]:
                index = find_index(options["activate"])
                activate_index(index=index)
                self._tell(index, options, f"Questions now go to the index of {index.model}.")
            elif options["drop"]:
                index = find_index(options["drop"])
                drop_index(index=index)
                said = f"The index of {index.model} is dropped; its vectors are deleted soon."
                self._tell(index, options, said)
            else:
                self._build(options)
        except (IndexRefusedError, EmbeddingModelError) as error:
            raise CommandError(str(error)) from error

    def _build(self, options: dict[str, Any]) -> None:
        questions = list(_questions(options["questions"])) if options["questions"] else None
        index = start_index(model=options["model"])
        if options["no_wait"]:
            said = f"The workers build the index of {index.model}; --list shows how far it is."
            self._tell(index, options, said)
            return
        if index.state != State.ACTIVE:
            self._wait(index, quiet=options["json"])
            if questions is not None:
                compare_with_active(index=index, questions=questions)
        if options["switch"]:
            activate_index(index=index)
        self._tell(index, options, _describe(index))

    def _wait(self, index: EmbeddingIndex, *, quiet: bool) -> None:
        """Return when the index is ready and compared. Raises CommandError when it cannot be."""
        line, rate = Line(self.stderr if quiet else self.stdout), Rate()
        last, changed_at = None, time.monotonic()
        while index.state == State.BUILDING or not index.comparison:
            if index.error:
                raise CommandError(
                    f"{index.error} The workers try again later; "
                    f"manage.py reindex --drop {index.pk} gives it up.",
                    returncode=1,
                )
            rate.note(index.progress_done)
            now = (index.progress_done, index.dimensions, index.state, index.built_at)
            if now != last:
                last, changed_at = now, time.monotonic()
                line.show(_progress(index, rate), index.progress_done / (index.progress_total or 1))
            elif time.monotonic() - changed_at > STALLED_SECONDS:
                changed_at = time.monotonic()
                self.stderr.write(
                    "Nothing has moved for two minutes. Is a Celery worker running? `manage.py up` "
                    "starts one. Ctrl-C stops waiting; the workers go on."
                )
            time.sleep(LOOK_SECONDS)
            index.refresh_from_db()
            if index.state == State.RETIRED:
                raise CommandError(f"The index of {index.model} was dropped meanwhile.")
        line.end()

    def _list(self, *, as_json: bool) -> None:
        indexes = EmbeddingIndex.objects.order_by("pk")
        if as_json:
            self.stdout.write(json.dumps([_as_dict(index) for index in indexes]))
            return
        for index in indexes:
            self.stdout.write(f"{index.pk:>4}  {_describe(index)}")

    def _tell(self, index: EmbeddingIndex, options: dict[str, Any], text: str) -> None:
        self.stdout.write(json.dumps(_as_dict(index)) if options["json"] else text)


def _questions(path: Path) -> Iterator[Question]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"The questions in {path} cannot be read: {error}.") from error
    for number, line in enumerate(lines, start=1):
        try:
            entry = json.loads(line)
            document = entry.get("document")
            yield Question(str(entry["text"]), None if document is None else str(document))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CommandError(f'{path}, line {number} is not {{"text": …}}.') from error


def _progress(index: EmbeddingIndex, rate: Rate) -> str:
    if not index.dimensions:
        return "loading the model"
    left = index.progress_total - index.progress_done
    texts = (
        f"{index.progress_done}/{index.progress_total} texts embedded{rate.describe(left, 'texts')}"
    )
    if index.state == State.READY:
        return f"{texts}, comparing"
    return texts if left > 0 else f"{texts}, making the search index"


def _describe(index: EmbeddingIndex) -> str:
    text = f"{index} {index.get_state_display().lower()}"
    if index.state == State.BUILDING:
        text += f", {index.progress_done} of {index.progress_total} texts"
    if index.error:
        text += f". {index.error}"
    found = index.comparison
    if found.get("questions"):
        text += (
            f"; {found['overlap']:.0%} of the passages found are those of {found['active']} "
            f"({found['questions']} questions, {found['asked']})"
        )
        text += f", {found['milliseconds']} ms instead of {found['milliseconds_active']} ms"
    if found.get("found") is not None:
        text += (
            f"; the right document is found for {found['found']:.1%} of the questions, "
            f"by the other index for {found['found_active']:.1%}"
        )
    if found.get("cut_off"):
        text += f"; {found['cut_off']:.0%} of the passages are longer than the model reads"
    return text


def _as_dict(index: EmbeddingIndex) -> dict[str, Any]:
    return {
        "id": index.pk,
        "model": index.model,
        "dimensions": index.dimensions,
        "state": index.state,
        "texts_done": index.progress_done,
        "texts": index.progress_total,
        "error": index.error,
        "comparison": index.comparison,
    }
