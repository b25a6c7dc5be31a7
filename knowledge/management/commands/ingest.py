"""`manage.py ingest PATH… [--collection NAME]`: files, folders, .jsonl into the knowledge base."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from knowledge.models import DocumentVersion
from knowledge.progress import wait_for
from knowledge.reading import PICTURE_EXTENSIONS, SUPPORTED_EXTENSIONS
from knowledge.selectors import Progress
from knowledge.services.ingestion.documents import UploadRefusedError, add_version, check_upload
from knowledge.services.ingestion.queue import bundled_wake_ups

# The pictures in a folder mostly belong to the documents beside them; one that is named is read.
_READ_IN_FOLDERS = (SUPPORTED_EXTENSIONS - PICTURE_EXTENSIONS) | {"jsonl"}


@dataclass(frozen=True)
class Source:
    """One document to be put in; `problem` says why it cannot be."""

    name: str
    external_id: str
    title: str = ""
    path: Path | None = None
    content: bytes = b""
    problem: str = ""

    def open(self) -> IO[bytes]:
        return self.path.open("rb") if self.path is not None else io.BytesIO(self.content)


class Command(BaseCommand):
    help = (
        "Put documents in, wait until they are live, and say how it went. A line of a .jsonl file "
        'is one document: {"id": …, "title": …, "text": …}. Ends with 1 if anything failed.'
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="+", metavar="PATH")
        parser.add_argument("--collection", default="", help="its name; made if there is none")

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        refused: list[tuple[str, str]] = []
        new: list[DocumentVersion] = []
        known: list[DocumentVersion] = []
        with bundled_wake_ups():
            for source in _sources([Path(path) for path in options["paths"]]):
                try:
                    version, created = _add(source, options["collection"])
                except UploadRefusedError as error:
                    refused.append((source.name, str(error)))
                else:
                    (new if created else known).append(version)
        self.stdout.write(f"{_count(len(new), 'new document')}, {len(known)} unchanged.")
        versions = [version.pk for version in (*new, *known)]
        progress = wait_for(versions, self.stdout, on_stall=self._warn_of_stall)
        self._summarise(progress, new, refused, time.monotonic() - started)
        failures = self._report_failures(versions, refused)
        if failures:
            raise CommandError(
                f"{_count(failures, 'document')} could not be put in; see above.", returncode=1
            )

    def _warn_of_stall(self) -> None:
        self.stderr.write(
            "Nothing has moved for a minute. Is a Celery worker running? "
            "`manage.py up` starts one. Ctrl-C stops waiting; what is queued stays queued."
        )

    def _summarise(
        self,
        progress: Progress,
        new: list[DocumentVersion],
        refused: list[tuple[str, str]],
        seconds: float,
    ) -> None:
        passages = sum(
            DocumentVersion.objects.filter(pk__in=[version.pk for version in new]).values_list(
                "progress_total", flat=True
            )
        )
        failed = progress.failed + len(refused)
        rate = f" ({passages / seconds:.1f} passages/s)" if passages else ""
        self.stdout.write(
            f"{progress.live} live, {failed} failed; {_count(passages, 'new passage')} "
            f"in {seconds:.1f} s{rate}."
        )

    def _report_failures(self, versions: list[int], refused: list[tuple[str, str]]) -> int:
        failed = DocumentVersion.objects.filter(
            pk__in=versions, status=DocumentVersion.Status.FAILED
        )
        problems = [*refused, *failed.values_list("file_name", "error")]
        for name, text in problems:
            self.stderr.write(f"{name}: {text}")
        return len(problems)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _add(source: Source, collection: str) -> tuple[DocumentVersion, bool]:
    if source.problem:
        raise UploadRefusedError("bad_line", source.problem)
    with source.open() as content:
        upload = check_upload(
            content,
            file_name=source.name,
            collection=collection,
            external_id=source.external_id,
            title=source.title,
        )
        return add_version(upload=upload)


def _sources(paths: list[Path]) -> Iterator[Source]:
    for path in paths:
        if not path.exists():
            raise CommandError(f"There is no file or folder “{path}”.")
    for path in paths:
        if path.is_dir():
            for file in sorted(entry for entry in path.rglob("*") if entry.is_file()):
                relative = file.relative_to(path)
                if any(part.startswith(".") for part in relative.parts):
                    continue
                if file.suffix.lstrip(".").lower() in _READ_IN_FOLDERS:
                    yield from _file_sources(file, str(relative))
        else:
            yield from _file_sources(path, path.name)


def _file_sources(path: Path, external_id: str) -> Iterator[Source]:
    if path.suffix.lower() != ".jsonl":
        yield Source(name=path.name, external_id=external_id, path=path)
        return
    with path.open(encoding="utf-8-sig", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield _line_source(f"{path.name}:{number}", line)


def _line_source(where: str, line: str) -> Source:
    try:
        entry = json.loads(line)
        external_id, text = str(entry["id"]), entry["text"]
        if not isinstance(text, str) or not text.strip() or not external_id:
            raise ValueError("empty")
    except (ValueError, KeyError, TypeError):
        problem = 'This line is not {"id": …, "title": …, "text": …} with a text in it.'
        return Source(name=where, external_id=where, problem=problem)
    return Source(
        name=f"{external_id.replace('/', '_')[-150:]}.md",
        external_id=external_id,
        title=str(entry.get("title") or external_id),
        content=text.encode(),
    )
