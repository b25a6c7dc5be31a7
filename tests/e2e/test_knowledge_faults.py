"""kill -9 of worker, PostgreSQL and Redis, again and again, while documents are put in, edited and
re-indexed: at the end everything is live once, and nobody ever saw anything half done."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial

import httpx
import pytest

from supportbot.local.paths import PROJECT_ROOT
from tests.e2e.conftest import running_stack
from tests.e2e.corpus import Sheet, product_sheets
from tests.e2e.ingestion import wait_until_live
from tests.e2e.stack import Stack, eventually
from tests.small_model import small_model

KILLS = int(os.environ.get("SUPPORTBOT_TEST_KILLS", "6"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1200),
]

VICTIMS = ("worker", "postgres", "redis")
EDITED = ("lantern", "anchor", "saddle", "violin")  # documents that change all the while
CHAPTERS = ("Price", "Warranty", "Delivery")


def edited_text(name: str, edition: int) -> str:
    """A document of three passages that all say which edition they belong to."""
    chapters = [
        f"## {chapter} of the {name}\n\n"
        + " ".join(
            f"Rule {number} about the {chapter.lower()} of the {name} holds in edition {edition}."
            for number in range(1, 9)
        )
        for chapter in CHAPTERS
    ]
    return "\n\n".join([f"# The {name}", *chapters]) + "\n"


@dataclass
class Reader:
    """Asks for each edited document all the while, and notes what it should not have seen."""

    stack: Stack
    seen: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    answers: int = 0
    wrong: list[str] = field(default_factory=list)

    def look(self, api: httpx.Client) -> None:
        for name in EDITED:
            query = {"q": f"rules about the {name}", "collection": "Edited", "limit": "50"}
            response = api.get("search/", params=query)
            if response.status_code == 429:
                time.sleep(1.0)  # a fast machine asks more than a client may
                continue
            if response.status_code >= 500:
                continue  # a dead server is no answer; a wrong answer would be one
            assert response.status_code == 200, response.text
            found = [r for r in response.json()["results"] if r["external_id"] == f"{name}.md"]
            self.answers += 1
            self.judge(name, found)

    def judge(self, name: str, found: list[dict[str, str]]) -> None:
        editions = {int(n) for r in found for n in re.findall(r"edition (\d+)", r["passage"])}
        rules = [
            rule for r in found for rule in re.findall(r"Rule \d+ about the \w+", r["passage"])
        ]
        if len(editions) != 1:
            self.wrong.append(f"{name}: editions {sorted(editions)} at once")
        elif len(rules) != 8 * len(CHAPTERS) or len(set(rules)) != len(rules):
            self.wrong.append(f"{name}: {len(rules)} rules, {len(set(rules))} different ones")
        self.seen[name] |= editions


@dataclass
class Editor:
    """Publishes the next edition of a document, and goes back to the one before, in turn."""

    stack: Stack
    edition: int = 1
    last: dict[str, int] = field(default_factory=dict)

    def work(self, api: httpx.Client) -> None:
        self.edition += 1
        for name in EDITED:
            upload_edition(api, name, self.edition)
            self.last[name] = self.edition
        time.sleep(2.0)


def upload_edition(api: httpx.Client, name: str, edition: int) -> None:
    """Send it until the server has confirmed it; the same bytes twice are one version."""
    content = edited_text(name, edition).encode()
    while True:
        with suppress(httpx.HTTPError):
            response = api.post(
                "documents/",
                data={"external_id": f"{name}.md", "title": name, "collection": "Edited"},
                files={"file": (f"{name}.md", content, "text/markdown")},
            )
            if response.status_code in {200, 202}:
                return
            assert response.status_code == 429 or response.status_code >= 500, response.text
        time.sleep(0.2)


@contextmanager
def all_the_while(stack: Stack, work: Callable[[httpx.Client], None]) -> Iterator[None]:
    """`work` again and again in a thread, over a connection of its own, until the end of the block.

    What it raises fails the test; lost connections are what the test is about.
    """
    ended = threading.Event()
    failures: list[Exception] = []

    def loop() -> None:
        with stack.staff() as api:
            while not ended.is_set():
                try:
                    work(api)
                except httpx.HTTPError:
                    time.sleep(0.1)
                except Exception as error:  # noqa: BLE001  whatever it is, it fails the test
                    failures.append(error)
                    return

    thread = threading.Thread(target=loop, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(60)
    if failures:
        raise failures[0]


def kill_at_random(stack: Stack, chance: random.Random) -> None:
    """Each victim equally often, in random order, at random moments."""
    victims = [VICTIMS[number % len(VICTIMS)] for number in range(KILLS)]
    chance.shuffle(victims)
    for victim in victims:
        time.sleep(chance.uniform(0.2, 2.5))
        eventually(partial(stack.child, victim), f"{victim} runs again")
        stack.kill(victim)


@contextmanager
def reindexing(stack: Stack, model: str) -> Iterator[None]:
    """`manage.py reindex` beside it all, started again as often as a kill ends the command."""
    ended = threading.Event()

    def loop() -> None:
        for name in (model, "bundled") * 100:
            while not ended.is_set():
                done = subprocess.run(
                    [sys.executable, "manage.py", "reindex", "--model", name, "--switch"],
                    cwd=PROJECT_ROOT,
                    env=stack.environment_of_commands(),
                    capture_output=True,
                    check=False,
                )
                if done.returncode == 0:
                    switches.append(name)
                    break
                time.sleep(0.5)
            if ended.is_set():
                return

    switches: list[str] = []
    thread = threading.Thread(target=loop, daemon=True)
    thread.start()
    try:
        yield
        # Every document is put in and edited meanwhile, so that a slow machine takes minutes.
        eventually(lambda: switches, "a re-indexing came to its end", seconds=480)
    finally:
        ended.set()
        thread.join(120)


def test_kills_lose_nothing_and_show_nothing_half_done() -> None:
    chance = random.Random(os.environ.get("SUPPORTBOT_TEST_SEED", "7"))  # noqa: S311
    environment = {"SUPPORTBOT_PROCESSING_LEASE_SECONDS": "3"}
    sheets = list(product_sheets("Fir", 24))
    with running_stack(environment, demo=False, program="tests/e2e/restless_up.py") as stack:
        with stack.staff() as api:
            for name in EDITED:
                upload_edition(api, name, 1)
        wait_until_live(stack, "Edited")
        reader, editor = Reader(stack), Editor(stack)
        with (
            all_the_while(stack, reader.look),
            all_the_while(stack, editor.work),
            all_the_while(stack, put_in(sheets)),
            reindexing(stack, small_model()),
        ):
            kill_at_random(stack, chance)
        stack.wait_ready()
        wait_until_live(stack, "Edited")
        wait_until_live(stack, "Sheets")
        assert reader.wrong == []
        assert reader.answers > KILLS
        assert_served_once(stack, sheets, editor)
        report = json.loads(stack.manage("freshness", "--json"))
        assert report["ok"], report


def put_in(sheets: list[Sheet]) -> Callable[[httpx.Client], None]:
    """Put in one sheet after the other, then go on from the first: known ones are left alone."""
    number = 0

    def work(api: httpx.Client) -> None:
        nonlocal number
        sheet = sheets[number % len(sheets)]
        response = api.post(
            "documents/",
            data={"external_id": sheet.external_id, "title": sheet.title, "collection": "Sheets"},
            files={"file": (sheet.external_id, sheet.text.encode(), "text/markdown")},
        )
        number += response.status_code in {200, 202}
        time.sleep(0.1)

    return work


_SERVED = """
    SELECT document.external_id, count(DISTINCT version.id), max(version.number),
           count(*), max(version.progress_total), max(latest.number)
    FROM knowledge_document document
    JOIN knowledge_documentversion version ON version.document_id = document.id
    JOIN knowledge_passage passage ON passage.version_id = version.id
    JOIN LATERAL (SELECT max(number) AS number FROM knowledge_documentversion v
                  WHERE v.document_id = document.id) latest ON true
    WHERE passage.published AND passage.effective @> current_date
    GROUP BY document.external_id
"""


def assert_served_once(stack: Stack, sheets: list[Sheet], editor: Editor) -> None:
    """Each document is served from one version, its last, and with all of its passages."""
    with stack.database() as database:
        rows = database.execute(_SERVED).fetchall()
    wanted = {*(f"{name}.md" for name in EDITED), *(sheet.external_id for sheet in sheets)}
    assert {row[0] for row in rows} == wanted
    for external_id, versions, number, passages, total, latest in rows:
        assert (versions, number, passages) == (1, latest, total), external_id
    with stack.staff() as api:
        reader = Reader(stack)
        reader.look(api)
    assert reader.wrong == []
    assert {name: max(editions) for name, editions in reader.seen.items()} == editor.last
