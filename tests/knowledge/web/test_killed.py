"""A worker process that is really killed while it waits for a page."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.db import connection

from knowledge.models import WebSource
from tests.conftest import process_waiting
from tests.knowledge.web.refreshing import add_source, page_of, pass_time, refresh, served
from tests.knowledge.web.site import Page, Site

WORKER = """
import django
django.setup()
from knowledge.web import visits
visits.SECONDS_BETWEEN = 0.0
from knowledge.services.web.sync import sync_due_sources
sync_due_sources(60)
"""


def start_worker() -> subprocess.Popen[bytes]:
    parts = urlsplit(os.environ["DATABASE_URL"])
    name = connection.settings_dict["NAME"]
    environment = {
        **os.environ,
        "DATABASE_URL": urlunsplit(parts._replace(path=f"/{name}")),
        "DJANGO_SETTINGS_MODULE": "supportbot.settings",
        "SUPPORTBOT_WEB_ALLOWED_PRIVATE_HOSTS": "localhost",
        "SUPPORTBOT_MEDIA_DIR": str(settings.MEDIA_ROOT),
    }
    root = Path(__file__).parents[3]
    return subprocess.Popen([sys.executable, "-c", WORKER], cwd=root, env=environment)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_what_a_killed_process_has_begun_is_finished_by_another(site: Site) -> None:
    paths = [f"/{number}" for number in range(4)]
    for path in paths:
        site.write(path, f"<h1>Page {path}</h1><p>Its text.</p>")
    written = site.pages["/2"]
    reached, released = threading.Event(), threading.Event()

    def hang(handler: BaseHTTPRequestHandler) -> None:
        reached.set()
        released.wait(60)
        handler.close_connection = True

    site.pages["/2"] = Page(raw=hang)
    source = add_source(kind="list", urls="\n".join(site.url(path) for path in paths))
    worker = start_worker()
    assert reached.wait(60)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    released.set()
    site.pages["/2"] = written
    source.refresh_from_db()
    assert (source.status, source.lease_token is None) == (WebSource.Status.RUNNING, False)
    assert page_of(source, "/2").failures == 1

    pass_time()
    refresh(source)
    process_waiting()
    assert set(served()) == {site.url(path) for path in paths}
    assert page_of(source, "/2").failures == 0
    assert [len(site.asked(path)) for path in paths] == [1, 1, 2, 1]
