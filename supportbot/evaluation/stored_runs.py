"""Keeping what evaluations found."""

from __future__ import annotations

import shutil
import subprocess
from importlib import metadata

from django.conf import settings

from supportbot.evaluation.models import EvaluationRun
from supportbot.evaluation.report import Record

_GIT_SECONDS = 5


def store_run(*, name: str, data: str, record: Record) -> EvaluationRun:
    """`name` of the evaluation, `data`: the folder's name."""
    return EvaluationRun.objects.create(
        name=name,
        data=data[:200],
        questions=record.questions,
        settings=record.settings,
        figures=record.figures,
        index_model=record.index_model[:300],
        code_version=code_version()[:100],
    )


def code_version() -> str:
    """“0.1.0”, in a checkout “0.1.0, 3f2c9a1”; empty where neither is known."""
    try:
        version = metadata.version("supportbot")
    except metadata.PackageNotFoundError:
        version = ""
    return ", ".join(filter(None, [version, _commit()]))


def _commit() -> str:
    git = shutil.which("git")
    if git is None or not (settings.BASE_DIR / ".git").exists():
        return ""
    command = [git, "-C", str(settings.BASE_DIR), "describe", "--always", "--dirty"]
    try:
        found = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_GIT_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return found.stdout.strip()
