"""`manage.py evaluate retrieval`: what the form of the folder allows to measure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from supportbot.evaluation import spans
from supportbot.evaluation.questions import BadDatasetError
from supportbot.evaluation.report import Report
from supportbot.evaluation.span_dataset import CORPORA


def evaluate(data: Path, *, say: Callable[[str], None]) -> Report:
    """Answer spans in `corpora/` judge the splitter. Raises BadDatasetError."""
    if (data / CORPORA).is_dir():
        return spans.evaluate(data, say=say)
    raise BadDatasetError(
        f"{data} has no folder “{CORPORA}”. Name a folder with {CORPORA}/*.md and queries.jsonl."
    )
