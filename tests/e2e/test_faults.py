"""kill -9 of everything in the middle of its work: nothing is lost, nothing is done twice."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from redis import Redis

from tests.e2e.chat import LostError, Tab, Visitor, assert_answered_once, assert_cited
from tests.e2e.conftest import running_stack, upload
from tests.e2e.corpus import Sheet, fault_question, product_sheets
from tests.e2e.ingestion import assert_intact, begun_ingestion, wait_until_live
from tests.e2e.model import Script, SlowModel
from tests.e2e.stack import Stack, eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

KNOWN = "Alder"  # the product that questions are about
FEW = 12  # documents, read together: caught while they are embedded
CONNECTIONS = 25  # more than one web process keeps
QUESTION, ANSWER = fault_question(KNOWN)


@pytest.fixture(scope="module")
def stack(model: SlowModel) -> Iterator[Stack]:
    """A stack that may be killed, with one document in it."""
    environment = {**model.environment, "SUPPORTBOT_PROCESSING_LEASE_SECONDS": "6"}
    with running_stack(environment, demo=False) as running:
        upload(running, list(product_sheets(KNOWN, 1)), KNOWN)
        wait_until_live(running, KNOWN)
        yield running


@pytest.fixture(autouse=True)
def _healthy_again(stack: Stack) -> None:
    """Each test kills something, and the next one begins with everything up."""
    stack.wait_ready()


def ask_and_see_one_sentence(tab: Tab, model: SlowModel, detail: str) -> Script:
    """A question whose answer stops after the first sentence, until its script goes on."""
    question = f"{QUESTION} ({detail})"
    script = model.answers(question, ANSWER, allowed=1)
    tab.ask(question)
    tab.until_type("answer.sentence")
    return script


def assert_answered(tab: Tab) -> None:
    """The whole answer is there, exactly once, and stays so."""
    tab.until_answered()
    assert tab.nothing_more()
    sentences = assert_answered_once(tab.events)["message"]["sentences"]
    assert [sentence["text"] for sentence in sentences] == list(ANSWER)
    assert_cited(sentences)


def assert_one_run_in_two_attempts(stack: Stack, tab: Tab) -> None:
    started = [event for event in tab.events if event["type"] == "run.started"]
    taken_back = [event for event in tab.events if event["type"] == "answer.replaced"]
    assert [event["reason"] for event in taken_back] == ["restarted"]
    with stack.staff() as staff:
        run = staff.get(f"runs/{started[0]['run_id']}/").json()
    assert len(started) == 1
    assert (run["status"], run["outcome"], run["attempts"]) == ("completed", "answered", 2)


def test_kill_9_of_the_worker_in_mid_ingestion(stack: Stack) -> None:
    sheets = list(product_sheets("Birch"))
    with begun_ingestion(stack, sheets, "Birch") as unfinished:
        before = stack.child("worker")
        stack.kill("worker")
        assert unfinished() > 0
    assert before is not None
    stack.wait_restarted("worker", before.pid)
    wait_until_live(stack, "Birch")
    assert_intact(stack, sheets, "Birch")


def test_kill_9_of_web_in_mid_answer(stack: Stack, model: SlowModel) -> None:
    visitor = Visitor(stack.url)
    with visitor.tab() as tab:
        script = ask_and_see_one_sentence(tab, model, "web")
        stack.kill("web")
        with pytest.raises(LostError):
            tab.until_answered()
    with visitor.tab() as tab:
        # The new process takes the answer over, and is stopped at the same place.
        tab.until_type("answer.replaced")
        script.finish()
        assert_answered(tab)
        assert_one_run_in_two_attempts(stack, tab)
    assert script.begun == 2


def test_a_question_sent_just_before_web_dies_is_answered(stack: Stack, model: SlowModel) -> None:
    """It may have been stored or not; the widget sends it again until it is confirmed."""
    question = f"{QUESTION} (at once)"
    model.answers(question, ANSWER)
    visitor = Visitor(stack.url)
    with visitor.tab() as tab:
        client_id = tab.ask(question)
        stack.kill("web")
    with visitor.tab() as tab:
        tab.send("message", client_id=client_id, text=question)
        assert_answered(tab)


def test_kill_9_of_redis_with_all_its_data_in_mid_ingestion(stack: Stack, model: SlowModel) -> None:
    sheets = list(product_sheets("Cedar", FEW))
    with Visitor(stack.url).tab() as tab:
        with begun_ingestion(stack, sheets, "Cedar", live=0) as unfinished:
            script = ask_and_see_one_sentence(tab, model, "redis")
            with Redis.from_url(stack.redis_url) as redis:
                redis.flushall()
            stack.kill("redis")
            assert unfinished() > 0
        script.finish()
        assert_answered(tab)
    wait_until_live(stack, "Cedar")
    assert_intact(stack, sheets, "Cedar")
    stack.wait_ready()


def test_kill_9_of_postgresql_in_mid_answer_and_mid_ingestion(
    stack: Stack, model: SlowModel
) -> None:
    sheets = list(product_sheets("Dogwood", FEW))
    with Visitor(stack.url).tab() as tab:
        with begun_ingestion(stack, sheets, "Dogwood", live=0) as unfinished:
            script = ask_and_see_one_sentence(tab, model, "postgresql")
            assert unfinished() > 0
            stack.kill("postgres")
        script.let(2)
        eventually(lambda: answers(stack), "PostgreSQL answers again")
        # Connections from before are of no use; no customer may be the one to find that out.
        for _ in range(CONNECTIONS):
            Visitor(stack.url)
        script.finish()
        assert_answered(tab)
    wait_until_live(stack, "Dogwood")
    assert_intact(stack, sheets, "Dogwood")
    stack.wait_ready()


def test_kill_9_of_everything_and_a_new_start(stack: Stack, model: SlowModel) -> None:
    before, during = Visitor(stack.url), Visitor(stack.url)
    question = f"{QUESTION} (before)"
    model.answers(question, ANSWER)
    with before.tab() as tab:
        tab.ask(question)
        assert_answered(tab)
        told_before = list(tab.events)
    sheets = list(product_sheets("Elm", FEW))
    with during.tab() as tab:
        with begun_ingestion(stack, sheets, "Elm", live=0) as unfinished:
            script = ask_and_see_one_sentence(tab, model, "everything")
            assert unfinished() > 0
            family = stack.family()
            stack.kill_everything()
        assert len(family) > 6
        assert not [one for one in family if one.is_running()]
    stack.start()
    script.finish()
    with before.tab() as tab:
        while len(tab.events) < len(told_before):
            tab.receive()
        assert tab.events == told_before
    with during.tab() as tab:
        assert_answered(tab)
        assert_one_run_in_two_attempts(stack, tab)
    wait_until_live(stack, "Elm")
    assert_intact(stack, sheets, "Elm")
    assert_intact(stack, list(product_sheets(KNOWN, 1)), KNOWN)
    _assert_found(stack, sheets[-1])


def answers(stack: Stack) -> bool:
    """Whether the database does."""
    try:
        stack.database().close()
    except psycopg.OperationalError:
        return False
    return True


def _assert_found(stack: Stack, sheet: Sheet) -> None:
    with stack.staff() as staff:
        found = staff.get("search/", params={"q": f"warranty of the {sheet.title}"}).json()
    assert found["results"][0]["external_id"] == sheet.external_id
