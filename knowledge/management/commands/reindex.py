"""`manage.py reindex`: another embedding model, built beside the active one and switched to."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from knowledge.embedding.model import EmbeddingModelError
from knowledge.models import EmbeddingIndex
from knowledge.services.embedding_indexes import (
    IndexRefusedError,
    activate_index,
    drop_index,
    find_index,
    start_index,
)
from knowledge.services.index_comparison import Question, compare_with_active

State = EmbeddingIndex.State
LOOK_SECONDS = 0.5
STALLED_SECONDS = 60.0


class Command(BaseCommand):
    help = (
        "Build an index with another embedding model beside the active one, compare the two, and "
        "switch. The one before is kept complete: --activate goes back to it, --drop gives it up."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--model", help="build: a folder, a hub name, bundled or openai:NAME")
        what.add_argument("--activate", metavar="INDEX", help="switch to an index: id or model")
        what.add_argument("--drop", metavar="INDEX", help="give an index up: id or model")
        what.add_argument("--list", action="store_true", help="show the indexes")
        parser.add_argument(
            "--questions",
            type=Path,
            help='compare on these, one {"text": …, "document": external id or nothing} per line',
        )
        parser.add_argument("--switch", action="store_true", help="switch as soon as it is built")
        parser.add_argument("--no-wait", action="store_true", help="leave it to the workers")
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        actions: dict[str, Callable[[dict[str, Any]], None]] = {
            "model": self._build,
            "activate": self._activate,
            "drop": self._drop,
            "list": lambda _: None,
        }
        try:
            actions[next(name for name in actions if options[name])](options)
        except (IndexRefusedError, EmbeddingModelError) as error:
            raise CommandError(str(error)) from error
        self._show(as_json=options["json"])

    def _build(self, options: dict[str, Any]) -> None:
        questions = _read_questions(options["questions"])
        index = start_index(model=options["model"])
        if options["no_wait"]:
            return
        self._wait(index)
        if index.state == State.READY and (questions is not None or not index.comparison):
            compare_with_active(index=index, questions=questions)
        if options["switch"]:
            activate_index(index=index)

    def _activate(self, options: dict[str, Any]) -> None:
        activate_index(index=find_index(options["activate"]))

    def _drop(self, options: dict[str, Any]) -> None:
        drop_index(index=find_index(options["drop"]))

    def _wait(self, index: EmbeddingIndex) -> None:
        """Return when it is complete. Raises CommandError when it was dropped meanwhile."""
        began, moved_at, last, first = time.monotonic(), time.monotonic(), "", None
        while index.state == State.BUILDING:
            time.sleep(LOOK_SECONDS)
            index.refresh_from_db()
            first = index.progress_done if first is None else first
            line = _progress(index, first, time.monotonic() - began)
            now = f"{index.progress_done} {index.error}"
            if now != last:
                last, moved_at = now, time.monotonic()
                self.stderr.write(line)
            elif time.monotonic() - moved_at > STALLED_SECONDS:
                moved_at = time.monotonic()
                self.stderr.write(
                    "Nothing has moved for a minute. Is a Celery worker running? Ctrl-C stops "
                    "waiting; the workers go on."
                )
        if index.state == State.RETIRED:
            raise CommandError(f"The index of {index.model} was dropped.")

    def _show(self, *, as_json: bool) -> None:
        indexes = EmbeddingIndex.objects.exclude(state=State.RETIRED).order_by("pk")
        if as_json:
            rows = [
                {
                    "id": index.pk,
                    "model": index.model,
                    "dimensions": index.dimensions,
                    "state": index.state,
                    "comparison": index.comparison,
                    "error": index.error,
                }
                for index in indexes
            ]
            self.stdout.write(json.dumps(rows))
            return
        for index in indexes:
            self.stdout.write(f"{index.pk}  {index.get_state_display()}  {index}")
            if index.error:
                self.stdout.write(f"   {index.error}")
            if index.comparison:
                self.stdout.write("   " + _describe(index.comparison))


def _progress(index: EmbeddingIndex, first: int, seconds: float) -> str:
    if index.error:
        return f"{index.error} It is tried again."
    done, total = index.progress_done, index.progress_total
    rate = (done - first) / seconds
    left = f", about {(total - done) / rate:.0f} s left" if rate > 0 and total > done else ""
    return f"{done} of {total} texts embedded{left}"


def _describe(comparison: dict[str, Any]) -> str:
    """The comparison in one line."""
    parts = [
        f"Compared with {comparison['active']} on {comparison['questions']} questions "
        f"({comparison['asked']})",
    ]
    if comparison.get("overlap") is not None:
        parts.append(f"{comparison['overlap']:.0%} of the passages found are the same")
    if comparison.get("found") is not None:
        found, active = comparison["found"], comparison["found_active"]
        parts.append(f"the right document is found for {found:.0%}, by the other for {active:.0%}")
    if comparison.get("milliseconds") is not None:
        mine, other = comparison["milliseconds"], comparison["milliseconds_active"]
        parts.append(f"{mine} ms against {other} ms")
    return "; ".join(parts) + "."


def _read_questions(path: Path | None) -> list[Question] | None:
    if path is None:
        return None
    try:
        entries = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line]
        return [Question(str(entry["text"]), entry.get("document")) for entry in entries]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CommandError(
            f'{path} cannot be read: each line must be {{"text": …, "document": …}}.'
        ) from error
