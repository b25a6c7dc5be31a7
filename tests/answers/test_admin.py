"""“Why this answer”, and the navigation of the admin."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from supportbot import guardrails
from supportbot.admin import navigation
from supportbot.answers.admin import TIMELINE_WIDTH, draw_timeline
from supportbot.answers.models import AnswerRun, ModelCall, Spending
from supportbot.answers.spending import Account, OverBudgetError, reserve
from supportbot.answers.verdict_words import REASONS
from tickets.models import Conversation
from tickets.services.messages import add_customer_message

Browser = Callable[[User], Client]
LIST = "/admin/answers/answerrun/"


@pytest.fixture
def run(conversation: Conversation) -> AnswerRun:
    question, _ = add_customer_message(
        conversation=conversation, text="Can I return <b>opened</b> coffee?", client_id="1"
    )
    return AnswerRun.objects.create(
        conversation=conversation,
        question=question,
        status=AnswerRun.Status.COMPLETED,
        delivery=AnswerRun.Delivery.STREAM,
        outcome=AnswerRun.Outcome.ANSWERED,
        route="extractive",
        stages=[{"stage": "enrich", "start_ms": 10, "end_ms": 30}],
        fallbacks=[{"route": "model", "code": "timeout", "detail": "no first token"}],
        verdicts=[
            {"text": "Opened coffee cannot be returned.", "kept": True, "reason": "supported"},
            {
                "text": "You get £99 back.",
                "verdict": "soften",
                "kept": True,
                "reason": "number_not_in_source",
                "shown": "You get £9 back.",
                "findings": [{"reason": "number_not_in_source", "source_words": "£9"}],
                "sources": [{"n": 1, "quote": "You get £9 <b>back</b>."}],
            },
            {"text": "Old.", "kept": False, "reason": "of_an_earlier_release"},
        ],
        passages=[
            {
                "passage_id": 1,
                "document_id": 1,
                "title": "Returns policy",
                "version": 2,
                "heading": ["What cannot be returned"],
                "page": 3,
                "text": "Opened coffee beans cannot be returned.",
                "dense": 0.71,
                "lexical": 0.11,
                "score": 0.93,
            }
        ],
        first_sentence_ms=25,
        total_ms=1234,
    )


def page_of(run: AnswerRun) -> str:
    return reverse("admin:answers_answerrun_change", args=[run.pk])


def test_the_list_shows_runs_and_filters_them(
    ben: User, browser_of: Browser, run: AnswerRun
) -> None:
    browser = browser_of(ben)
    listed = browser.get(LIST).content.decode()
    assert "1,234 ms" in listed
    assert run.question is not None
    assert escape(run.question.text) in listed
    assert page_of(run) in browser.get(f"{LIST}?outcome__exact=answered").content.decode()
    assert page_of(run) not in browser.get(f"{LIST}?outcome__exact=failed").content.decode()


def test_the_page_says_why(ben: User, browser_of: Browser, run: AnswerRun) -> None:
    text = browser_of(ben).get(page_of(run)).content.decode()
    for expected in (
        "enrich from 10 to 30 ms",
        "no first token",
        REASONS["number_not_in_source"],
        "replaced",
        "Shown instead: You get £9 back.",
        "The source says: “£9”",
        "of_an_earlier_release",
        "score 0.93",
        "What cannot be returned, page 3, version 2",
    ):
        assert expected in text
    assert "<b>opened</b>" not in text  # a customer's words are never HTML


def test_every_reason_of_a_check_has_words() -> None:
    """Reasons are found in the sources of the checks, so a new one cannot be forgotten."""
    folder = Path(guardrails.__file__).parent
    code = "\n".join(path.read_text("utf-8") for path in folder.glob("*.py"))
    found = set(re.findall(r'"([a-z]+(?:_[a-z]+)+)"', code))
    pattern = r"_finding\([^)]*\"{0}\"|FACT, \"{0}\""
    reasons = {reason for reason in found if re.search(pattern.format(reason), code)}
    assert len(reasons) > 10
    assert reasons <= set(REASONS)


def test_a_run_that_has_just_begun_has_a_page(
    ben: User, browser_of: Browser, run: AnswerRun
) -> None:
    AnswerRun.objects.update(stages=[], verdicts=[], passages=[], total_ms=None, outcome="")
    assert "not finished" in browser_of(ben).get(page_of(run)).content.decode()


def test_outsiders_see_no_runs(cleo: User, eve: User, browser_of: Browser, run: AnswerRun) -> None:
    assert browser_of(cleo).get(page_of(run)).status_code == 403
    assert browser_of(eve).get(page_of(run)).status_code == 302


def test_a_missing_run_leads_back_with_a_message(ben: User, browser_of: Browser) -> None:
    answer = browser_of(ben).get(f"{LIST}0193a2f0-0000-7000-8000-000000000001/change/", follow=True)
    assert "doesn’t exist" in answer.content.decode()


def test_runs_are_never_changed(ben: User, browser_of: Browser, run: AnswerRun) -> None:
    browser = browser_of(ben)
    assert browser.post(page_of(run), {"route": "x"}).status_code == 405
    assert browser.get(f"{LIST}add/").status_code == 403
    delete = reverse("admin:answers_answerrun_delete", args=[run.pk])
    assert browser.post(delete, {"post": "yes"}).status_code == 403


def test_the_timeline_is_to_scale() -> None:
    late, early = draw_timeline(
        [
            {"stage": "check", "start_ms": 50, "end_ms": 100},
            {"stage": "receive", "start_ms": 0, "end_ms": 50},
        ]
    )[::-1]
    assert (early.stage, early.x, early.width) == ("receive", 0, TIMELINE_WIDTH / 2)
    assert (late.x, late.width) == (TIMELINE_WIDTH / 2, TIMELINE_WIDTH / 2)


def test_the_navigation_holds_what_one_may_see(ben: User, cleo: User) -> None:
    def titles(user: User) -> list[str]:
        request = RequestFactory().get("/admin/")
        request.user = user
        return [item["title"] for group in navigation(request) for item in group["items"]]

    assert titles(ben) == [
        "Desk",
        "Tickets",
        "For you",
        "Drafts",
        "Conversations",
        "Customers",
        "E-mail out",
        "Runs",
        "Guardrails",
        "Model calls",
        "Answer cache",
        "Modes of channels",
        "Saved replies",
        "Macros",
        "Service levels",
        "Teams",
        "Categories",
        "Tags",
        "Custom fields",
        "Calendars",
        "Agents",
        "Audit log",
    ]
    assert titles(cleo) == [
        "Documents",
        "Curated answers",
        "Web sources",
        "Collections",
        "History",
        "Freshness",
        "Embedding indexes",
    ]


# -- Routes, calls of models, budgets --------------------------------------------------------------
def test_the_page_shows_the_decision_and_what_became_of_each_route(
    run: AnswerRun, ben: User, browser_of: Browser
) -> None:
    run.routing = {
        "answerability": 0.8,
        "complexity": "simple",
        "because": [],
        "candidates": [
            {"route": "model", "kind": "small", "reason": "it is simple"},
            {"route": "extractive", "kind": "extractive", "reason": "it is simple"},
        ],
        "left_out": [{"route": "dear", "reason": "no question for the large model"}],
        "tried": [
            {"route": "model", "became": "timeout", "attempt": 1},
            {"route": "extractive", "became": "answered", "attempt": 1},
        ],
    }
    run.save(update_fields=["routing"])
    shown = browser_of(ben).get(page_of(run)).content.decode()
    assert "timeout: no first token" in shown
    assert "no question for the large model" in shown
    assert "No language model was asked." in shown


def test_the_page_shows_each_call_with_its_request_escaped(
    run: AnswerRun, ben: User, browser_of: Browser
) -> None:
    ModelCall.objects.create(
        run=run,
        operation="answer",
        route="model",
        model="llama",
        messages=[{"role": "system", "content": "Rules <b>here</b>"}],
        text="It came <i>so</i>",
        outcome="broken_off",
        cost=Decimal("0.001234"),
        currency="USD",
        total_ms=1500,
    )
    client = browser_of(ben)
    shown = client.get(page_of(run)).content.decode()
    assert "The server broke off in mid-answer." in shown
    assert "Rules &lt;b&gt;here" in shown
    assert "It came &lt;i&gt;so" in shown
    assert "0.001234 USD" in shown
    listed = client.get("/admin/answers/modelcall/").content.decode()
    assert "broken off" in listed
    assert "<local-time" in listed
    call = run.model_calls.get()
    detail = client.get(f"/admin/answers/modelcall/{call.pk}/change/").content.decode()
    assert "Rules &lt;b&gt;here" in detail


def test_a_budget_that_is_used_up_stands_above_the_queue(ben: User, browser_of: Browser) -> None:
    client = browser_of(ben)
    assert "is used up" not in client.get("/admin/tickets/ticket/").content.decode()
    day = Account(Spending.Scope.DAY, str(timezone.localdate()), Decimal(2), "EUR")
    with pytest.raises(OverBudgetError):
        reserve([day], Decimal(3))
    shown = client.get("/admin/tickets/ticket/").content.decode()
    assert "The budget for models of 2.00 EUR for today is used up." in shown


def test_two_runs_stand_side_by_side_with_what_only_one_has(
    ben: User, browser_of: Browser, run: AnswerRun
) -> None:
    other = AnswerRun.objects.create(
        question_text="Can I return coffee?",
        status=AnswerRun.Status.COMPLETED,
        delivery=AnswerRun.Delivery.STREAM,
        route="fast",
        verdicts=[
            {"text": "Opened coffee cannot be returned.", "kept": True, "reason": "supported"},
            {"text": "Sealed coffee can.", "kept": True, "reason": "supported"},
        ],
    )
    browser = browser_of(ben)
    chosen = {"action": "compare_two", "_selected_action": [str(run.pk), str(other.pk)]}
    response = browser.post(LIST, chosen, follow=True)
    page = response.content.decode()
    first, second = page.split('id="side-2"')
    assert "&lt;b&gt;opened&lt;/b&gt; coffee" in first
    assert first.count("only here") == 1 + 1 + 1  # the legend, a sentence, a passage
    assert second.count("only here") == 1
    assert "<strong>fast</strong>" in second


@pytest.mark.parametrize("number", [1, 3])
def test_only_two_runs_can_be_compared(
    ben: User, browser_of: Browser, run: AnswerRun, number: int
) -> None:
    runs = [run] + [
        AnswerRun.objects.create(question_text="Again?", delivery=AnswerRun.Delivery.STREAM)
        for _ in range(number - 1)
    ]
    chosen = {"action": "compare_two", "_selected_action": [str(one.pk) for one in runs]}
    page = browser_of(ben).post(LIST, chosen, follow=True).content.decode()
    assert "Choose two runs to compare them." in page


@pytest.mark.parametrize("query", ["", "?run=x&run=y", "?run=6a1f0c7e-5d53-4c59-8f3c-2f2d3f0a1b2c"])
def test_a_comparison_of_no_two_runs_is_not_found(
    ben: User, browser_of: Browser, query: str
) -> None:
    assert browser_of(ben).get(f"{LIST}compare/{query}").status_code == 404
