"""The documents of an evaluation are removed, however it ends: here by a signal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.db import connection

from knowledge.models import Collection, Document, Embedding
from knowledge.services.indexes.embedding_indexes import get_active_index

EVALUATION = """
import sys, time
import django
django.setup()
from supportbot.evaluation.questions import Text
from supportbot.evaluation.scratch import scratch_collection
texts = [Text(f"d{n}", f"Document {n}", f"Text number {n}. " * 4) for n in range(400)]
with scratch_collection(texts[: int(sys.argv[1])], say=print):
    print("READY", flush=True)
    time.sleep(120)
"""


def start(documents: int) -> subprocess.Popen[str]:
    parts = urlsplit(os.environ["DATABASE_URL"])
    environment = {
        **os.environ,
        "DATABASE_URL": urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}")),
        "DJANGO_SETTINGS_MODULE": "supportbot.settings",
        "SUPPORTBOT_MEDIA_DIR": str(settings.MEDIA_ROOT),
    }
    argv = [sys.executable, "-c", EVALUATION, str(documents)]
    root = Path(__file__).parents[2]
    return subprocess.Popen(argv, cwd=root, env=environment, stdout=subprocess.PIPE, text=True)


def wait_for(is_so: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < ends_at
        time.sleep(0.02)


def end(process: subprocess.Popen[str], number: signal.Signals) -> int:
    process.send_signal(number)
    process.communicate(timeout=60)
    return process.returncode


@pytest.fixture
def _an_index(transactional_db: None) -> None:
    get_active_index()


@pytest.mark.slow
@pytest.mark.usefixtures("_an_index")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_it_measures_removes_the_documents(number: signal.Signals) -> None:
    process = start(3)
    assert process.stdout is not None
    wait_for(lambda: "READY" in str(process.stdout and process.stdout.readline()))
    assert Document.objects.count() == 3
    assert Collection.objects.get().temporary
    assert end(process, number) == 128 + number
    assert not Collection.objects.exists()
    assert not Document.objects.exists()
    assert not Embedding.objects.exists()


@pytest.mark.slow
@pytest.mark.usefixtures("_an_index")
def test_a_signal_while_documents_are_put_in_removes_those_that_are() -> None:
    process = start(400)
    wait_for(lambda: Document.objects.count() > 20)
    process.send_signal(signal.SIGTERM)
    assert end(process, signal.SIGTERM) == 128 + signal.SIGTERM  # a second one breaks off nothing
    assert not Collection.objects.exists()
    assert not Document.objects.exists()
