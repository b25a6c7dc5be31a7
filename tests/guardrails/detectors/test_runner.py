"""supportbot.guardrails.detectors.runner: whatever a detector does, the text has not passed."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from knowledge.embedding.model import BUNDLED
from knowledge.embedding.questions import encode_questions
from supportbot.guardrails.detectors import runner
from supportbot.guardrails.detectors.registry import DETECTORS, texts_to_embed, thresholds
from supportbot.guardrails.detectors.runner import run_detectors
from supportbot.guardrails.detectors.types import Card, Context, Detected, Detector, Stage
from supportbot.guardrails.policy.decide import decide
from supportbot.guardrails.policy.facts import Facts
from supportbot.guardrails.policy.library import rules_with
from supportbot.guardrails.policy.observed import observed
from supportbot.guardrails.policy.rules import Outcome
from supportbot.guardrails.types import Finding

pytestmark = pytest.mark.django_db
CARD = Card("A test.", "None.", (), dt.date(2026, 11, 28))
MESSAGE = Context(Stage.MESSAGE)
TEXT = "Where is my parcel?"
SLACK_MS = 1000  # of a busy machine


def detector(detect: Callable[..., object], name: str = "test", budget_ms: int = 300) -> Detector:
    return Detector(
        name=name,
        detect=detect,  # type: ignore[arg-type]  # some return nonsense
        kinds=("odd",),
        stages=frozenset({Stage.MESSAGE}),
        thresholds={"odd": 0.5},
        budget_ms=budget_ms,
        card=CARD,
    )


def finds(text: str, context: Context) -> list[Finding]:
    return [Finding("good", "odd", (0, 5), 0.7)]


GOOD = detector(finds, "good")


@pytest.fixture(autouse=True)
def _no_calls_under_way() -> Iterator[None]:
    runner._under_way.clear()
    yield
    runner._under_way.clear()


async def run(*detectors: Detector) -> Detected:
    return await run_detectors(detectors, TEXT, MESSAGE)


async def test_findings_come_with_their_scores() -> None:
    found = await run(GOOD)
    assert (found.score("odd"), found.failed) == (0.7, ())
    assert found.score("other") == 0


async def test_a_detector_for_another_stage_or_switched_off_is_not_asked() -> None:
    assert await run_detectors([GOOD], TEXT, Context(Stage.SENTENCE)) == Detected()
    assert await run_detectors([GOOD], TEXT, MESSAGE, off=["good"]) == Detected()


def raises(text: str, context: Context) -> list[Finding]:
    raise RuntimeError("broken")


@pytest.mark.parametrize(
    "detect",
    [
        raises,
        lambda text, context: None,
        lambda text, context: "odd",
        lambda text, context: [1],
        lambda text, context: [Finding("other", "odd")],
        lambda text, context: [Finding("test", "unknown")],
        lambda text, context: [Finding("test", "odd", score=2.0)],
        lambda text, context: [Finding("test", "odd", score=float("nan"))],
        lambda text, context: [Finding("test", "odd", span=(3, 1000))],
        lambda text, context: [Finding("test", "odd")] * 1000,
    ],
)
async def test_one_that_raises_or_returns_nonsense_has_failed_and_the_others_have_not(
    detect: Callable[..., object],
) -> None:
    found = await run(detector(detect), GOOD)
    assert found.failed == ("test",)
    assert [one.check for one in found.findings] == ["good"]


async def test_one_that_hangs_costs_its_budget_and_holds_up_no_other() -> None:
    may_end = threading.Event()

    def hangs(text: str, context: Context) -> list[Finding]:
        may_end.wait(30)
        return []

    began = time.monotonic()
    found = await run(detector(hangs, budget_ms=100), GOOD)
    assert time.monotonic() - began < 2
    assert found.failed == ("test",)
    assert [one.check for one in found.findings] == ["good"]
    for _ in range(20):  # more than there are threads: it is not called while it hangs
        found = await run(detector(hangs, budget_ms=100), GOOD)
        assert found.failed == ("test",)
        assert [one.check for one in found.findings] == ["good"]
    assert len(runner._under_way["test"]) == 1
    may_end.set()
    deadline = time.monotonic() + 10
    while runner._under_way["test"]:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    assert (await run(detector(hangs))).failed == ()


async def test_one_that_hangs_is_tried_again_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    runner._under_way["good"][object()] = time.monotonic() - 5  # it hangs, began five seconds ago
    assert (await run(GOOD)).failed == ("good",)
    monkeypatch.setattr(runner, "AGAIN_SECONDS", 4.0)
    assert (await run(GOOD)).failed == ()


async def test_many_texts_at_once_are_no_sign_that_a_detector_hangs() -> None:
    def takes_a_moment(text: str, context: Context) -> list[Finding]:
        time.sleep(0.02)  # as a thread that waits for a core
        return []

    found = await asyncio.gather(
        *(run(detector(takes_a_moment, budget_ms=3000)) for _ in range(40))
    )
    assert {one.failed for one in found} == {()}


def says_nonsense(text: str, context: Context) -> str:
    return "fine"


def hangs_a_while(text: str, context: Context) -> list[Finding]:
    time.sleep(0.3)
    return []


@pytest.mark.parametrize("broken", DETECTORS, ids=lambda one: one.name)
@pytest.mark.parametrize("does", [raises, says_nonsense, hangs_a_while])
async def test_whichever_detector_breaks_the_text_does_not_pass_and_no_other_is_held_up(
    broken: Detector, does: Callable[..., object]
) -> None:
    """By the product's own rules: a message gets a draft, a sentence is not shown."""
    changed = dataclasses.replace(broken, detect=does, budget_ms=150)  # type: ignore[arg-type]
    detectors = [changed if one is broken else one for one in DETECTORS]
    for stage, outcome in ((Stage.MESSAGE, Outcome.DRAFT), (Stage.SENTENCE, Outcome.BLOCK)):
        if stage not in broken.stages:
            continue
        runner._under_way.clear()
        context = Context(stage, own=(TEXT,))
        encode_questions(BUNDLED, [TEXT, *texts_to_embed(TEXT)])
        found = await run_detectors(detectors, TEXT, context)
        assert found.failed == (broken.name,)
        assert found.together_ms < 150 + SLACK_MS
        facts = observed(Facts(), TEXT, found, context, thresholds({}))
        assert decide(rules_with("", folder=""), stage, facts).outcome == outcome


@pytest.mark.parametrize("one", DETECTORS, ids=lambda one: one.name)
async def test_every_detector_of_the_product_reads_odd_texts(one: Detector) -> None:
    odd = ["", " ", "\u200b\u202e", "a" * 4000, "\ud83d", "🙂 " * 500, "<" * 2000, "(" * 2000]
    for stage in one.stages:
        for text in odd:
            found = await run_detectors([one], text, Context(stage))
            assert found.failed == (), ascii(text[:20])
    assert set(one.thresholds) <= set(one.kinds)
    assert 0 < one.budget_ms <= 3000
