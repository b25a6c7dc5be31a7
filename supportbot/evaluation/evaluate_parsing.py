"""`manage.py evaluate parsing`: documents of many formats, read by us and by others, against the
text that should come out.

A folder has `manifest.jsonl` with `file`, and where known `ext`, `kind` (text, table, scan, error),
`gold` (a Markdown file), `must_include` and `must_not_include` (lists of strings).
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

from knowledge.reading import UnreadableFileError, read_file
from supportbot.evaluation.questions import BadDatasetError
from supportbot.evaluation.report import Figure, Report, Table
from supportbot.evaluation.rivals import READERS, Rival, is_installed
from supportbot.evaluation.words import contains, word_f1

TOLERANCE = 0.001
OURS = "ours"
# Kinds that may be refused, and for what reason; None: for any.
_MAY_BE_REFUSED = {"error": None, "scan": "needs_ocr"}


@dataclass(frozen=True)
class Entry:
    file: str
    extension: str
    kind: str
    gold: str | None
    must_include: Sequence[str] = ()
    must_not_include: Sequence[str] = ()


@dataclass(frozen=True)
class Result:
    """`scores` has a word F1 for each reader; None for one that failed or is not installed, and for
    all where there is no gold text."""

    entry: Entry
    status: str  # read, refused or crashed
    code: str
    reason: str
    text: str
    scores: dict[str, float | None] = field(default_factory=dict)

    @property
    def missing(self) -> list[str]:
        return [s for s in self.entry.must_include if not contains(self.text, s)]

    @property
    def unwanted(self) -> list[str]:
        return [s for s in self.entry.must_not_include if contains(self.text, s)]

    @property
    def fault(self) -> str | None:
        """What must not be, in words."""
        name = self.entry.file
        if self.status == "crashed":
            return f"{name}: our reader crashed: {self.reason}"
        if self.status == "refused":
            may = self.entry.kind in _MAY_BE_REFUSED
            wanted = _MAY_BE_REFUSED.get(self.entry.kind)
            right = may and wanted in (None, self.code)
            return None if right else f"{name} was refused: {self.reason}"
        if self.entry.kind == "error":
            return f"{name} should have been refused and was read."
        return f"{name} lacks {', '.join(map(repr, self.missing))}." if self.missing else None


def evaluate(data: Path, *, say: Callable[[str], None]) -> Report:
    """Raises BadDatasetError."""
    entries = _load_manifest(data)
    results: list[Result] = []
    seconds = 0.0
    with ExitStack() as stack:
        rivals = [stack.enter_context(Rival(name)) for name in READERS if is_installed(name)]
        for number, entry in enumerate(entries, start=1):
            say(f"{number}/{len(entries)} {entry.file}")
            started = time.perf_counter()
            result = _read(data / entry.file, entry)
            seconds += time.perf_counter() - started
            results.append(_with_scores(result, data, rivals))
        times = {OURS: seconds, **{rival.name: rival.seconds for rival in rivals}}
    formats = _by_format(results)
    faults = [*filter(None, (result.fault for result in results)), *_behind(formats)]
    return Report(
        tables=[formats, _files(results), _speeds(times, len(entries))],
        notes=[*_notes_about(results), *faults],
        passed=not faults,
        predictions=[_prediction(result) for result in results],
    )


def _load_manifest(data: Path) -> list[Entry]:
    path = data / "manifest.jsonl"
    if not path.is_file():
        raise BadDatasetError(f"There is no file {path}.")
    lines = path.read_text(encoding="utf-8").splitlines()
    return [_entry(line, path, number) for number, line in enumerate(lines, start=1) if line]


def _entry(line: str, path: Path, number: int) -> Entry:
    try:
        fields: dict[str, Any] = json.loads(line)
        file = fields["file"]
        return Entry(
            file=file,
            extension=fields.get("ext") or Path(file).suffix.lstrip(".").lower(),
            kind=fields.get("kind") or "text",
            gold=fields.get("gold"),
            must_include=fields.get("must_include") or (),
            must_not_include=fields.get("must_not_include") or (),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadDatasetError(f'{path}, line {number} is not {{"file": …}}.') from error


def _read(path: Path, entry: Entry) -> Result:
    try:
        read = read_file(path, path.name)
    except UnreadableFileError as error:
        return Result(entry, "refused", error.code, str(error), "")
    except FileNotFoundError as error:
        raise BadDatasetError(f"There is no file {path}.") from error
    except Exception as error:  # noqa: BLE001  (a crash is a finding here)
        return Result(entry, "crashed", "crash", f"{type(error).__name__}: {error}", "")
    return Result(entry, "read", "", "", read.markdown)


def _with_scores(result: Result, data: Path, rivals: Sequence[Rival]) -> Result:
    entry = result.entry
    texts = {rival.name: rival.read(data / entry.file) for rival in rivals}
    if entry.gold is None:
        return result
    gold = (data / entry.gold).read_text(encoding="utf-8")
    scores: dict[str, float | None] = {OURS: word_f1(result.text, gold)}
    for name, text in texts.items():
        scores[name] = None if text is None else word_f1(text, gold)
    return dataclasses.replace(result, scores=scores)


def _by_format(results: Sequence[Result]) -> Table:
    """Means; a file that a reader failed on counts as none of its words found."""
    judged: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        if result.scores:
            judged[result.entry.extension].append(result)
    rows: list[list[Figure]] = []
    for extension, group in sorted(judged.items()):
        means: list[Figure] = [_mean(group, name) for name in (OURS, *READERS)]
        rows.append([extension, len(group), *means])
    return Table("word F1 by format", ["format", "files", OURS, *READERS], rows)


def _mean(results: Sequence[Result], name: str) -> float | None:
    if not any(name in result.scores for result in results):
        return None
    return fmean(result.scores.get(name) or 0.0 for result in results)


def _behind(formats: Table) -> list[str]:
    faults = []
    for row in formats.rows:
        ours, *theirs = (figure for figure in row[2:] if isinstance(figure, float))
        best = max(theirs, default=0.0)
        if ours < best - TOLERANCE:
            faults.append(f"On {row[0]} another reader is better: {best:.3f}, ours {ours:.3f}.")
    return faults


def _files(results: Sequence[Result]) -> Table:
    columns = ["file", "kind", "status", OURS, *READERS, "missing", "unwanted", "reason"]
    rows: list[list[Figure]] = [
        [
            result.entry.file,
            result.entry.kind,
            result.status,
            *(result.scores.get(name) for name in (OURS, *READERS)),
            len(result.missing) if result.status == "read" else None,
            len(result.unwanted) if result.status == "read" else None,
            result.code,
        ]
        for result in results
    ]
    return Table("files", columns, rows)


def _speeds(times: dict[str, float], files: int) -> Table:
    rows: list[list[Figure]] = [
        [name, seconds, files / seconds if seconds else None] for name, seconds in times.items()
    ]
    return Table("speed", ["reader", "seconds", "files/s"], rows)


def _notes_about(results: Sequence[Result]) -> list[str]:
    notes = [
        f"{name} is not installed; pip install 'supportbot[rivals]' adds it to the comparison."
        for name in READERS
        if not is_installed(name)
    ]
    for result in results:
        if result.unwanted:
            shown = ", ".join(map(repr, result.unwanted))
            notes.append(f"{result.entry.file} has what it should not: {shown}.")
    return notes


def _prediction(result: Result) -> dict[str, Any]:
    reason = f"{result.code}: {result.reason}" if result.reason else ""
    return {
        "file": result.entry.file,
        "status": result.status,
        "reason": reason,
        "text": result.text,
    }
