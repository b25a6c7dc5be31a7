"""Budgets: money is reserved before a call, never overrun, and the agents are told once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from supportbot.answers.models import ModelCall, Spending
from supportbot.answers.runner import execute
from supportbot.answers.spending import (
    Account,
    OverBudgetError,
    Payer,
    accounts_of,
    correct,
    notices,
    reserve,
)
from supportbot.configuration.content import Budgets, Limits
from tests.answers.asking import ANSWER, answered, ask, in_database, new_conversation, saying, told
from tests.configuration.publishing import put_in_effect_async
from tests.llm.fixtures import route_to
from tests.llm.scenarios import BAD, normal, status
from tests.openai_server import ModelServer, run_server
from tickets.models import AuditEntry, Conversation, Customer

pytestmark = pytest.mark.django_db(transaction=True)
DAY = Account(Spending.Scope.DAY, "2026-11-28", Decimal("1.00"), "USD")
MONTH = Account(Spending.Scope.MONTH, "2026-11", Decimal("5.00"), "USD")
# An answer of the tests' server costs 0.846.
PRICES: dict[str, Any] = {"price_in": Decimal(1000), "price_out": Decimal(1000)}


def spent(scope: str = "day") -> Any:
    return Spending.objects.get(scope=scope).amount


def test_a_budget_holds_up_to_its_limit_and_not_a_cent_more() -> None:
    reserve([DAY, MONTH], Decimal("0.60"))
    reserve([DAY, MONTH], Decimal("0.40"))
    with pytest.raises(OverBudgetError, match=r"1\.00 USD for today is used up"):
        reserve([DAY, MONTH], Decimal("0.01"))
    assert (spent(), spent("month")) == (1, 1)  # what was refused counts nowhere


def test_what_was_reserved_too_much_is_given_back() -> None:
    reserve([DAY], Decimal("0.90"))
    correct([DAY], Decimal("-0.80"))
    reserve([DAY], Decimal("0.90"))
    assert spent() == 1


def test_calls_at_once_cannot_overrun_it_together() -> None:
    def try_once(_: int) -> bool:
        try:
            reserve([DAY, MONTH], Decimal("0.10"))
        except OverBudgetError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as pool:
        allowed = sum(pool.map(try_once, range(40)))
    assert (allowed, spent()) == (10, 1)


def test_the_agents_are_told_once_for_each_budget() -> None:
    reserve([DAY], Decimal(1))
    for _ in range(3):
        with pytest.raises(OverBudgetError):
            reserve([DAY], Decimal(1))
    (entry,) = AuditEntry.objects.filter(action="budget.reached")
    assert "1.00 USD for today" in entry.data["text"]


def test_a_call_counts_for_the_conversation_the_visitor_the_day_and_the_month() -> None:
    import uuid

    payer = Payer(conversation=uuid.uuid4(), customer=uuid.uuid4(), budgets=Budgets())
    scopes = [account.scope for account in accounts_of(payer)]
    assert scopes == ["conversation", "visitor", "day", "month"]
    assert [account.scope for account in accounts_of(Payer())] == ["day", "month"]


@pytest.mark.usefixtures("returns_policy", "shipping")
async def test_a_runaway_loop_of_questions_stops_at_the_limit_in_words(
    model_server: ModelServer, ada: Customer
) -> None:
    model_server.says(saying(ANSWER))
    budgets = {"day": Decimal("4.00")}
    route = route_to(model_server, answer_tokens=600, **PRICES)
    await put_in_effect_async(
        routes=(route,), budgets=budgets, first_sentence_seconds=30, limits=Limits(repeated=0)
    )
    conversation = await new_conversation(ada)
    runs = []
    for number in range(8):
        run_id = await ask(conversation, client_id=f"loop-{number}")
        await execute(run_id)
        runs.append((await told(run_id)).run)
    routes = [run.route for run in runs]
    stopped = routes.index("extractive")
    assert 0 < stopped < len(runs)
    assert routes == ["model"] * stopped + ["extractive"] * (len(runs) - stopped)
    assert len(model_server.requests) == stopped
    assert await in_database(spent) <= 4
    assert runs[-1].fallbacks[0]["code"] == "over_budget"
    assert "4.00 USD for today is used up" in runs[-1].fallbacks[0]["detail"]
    assert all(run.outcome == "answered" for run in runs)
    audits = AuditEntry.objects.filter(action="budget.reached")
    assert await in_database(audits.count) == 1
    (notice,) = await in_database(notices)
    assert "4.00 USD for today is used up" in notice


@pytest.mark.usefixtures("returns_policy", "shipping")
async def test_a_dear_route_over_the_budget_leaves_the_cheaper_one(
    model_server: ModelServer, conversation: Conversation
) -> None:
    with run_server() as cheap:
        cheap.says(saying(ANSWER))
        routes = (
            route_to(model_server, "dear", **PRICES),
            route_to(cheap, "cheap", price_out=Decimal("0.1")),
        )
        budgets = {"conversation": Decimal("0.01")}
        await put_in_effect_async(routes=routes, budgets=budgets, first_sentence_seconds=30)
        run = (await answered(conversation)).run
    assert (run.route, run.fallbacks[0]["code"]) == ("cheap", "over_budget")
    assert "for this conversation" in run.fallbacks[0]["detail"]
    assert model_server.requests == []
    assert await in_database(notices) == []  # of one conversation the queue hears nothing


@pytest.mark.usefixtures("returns_policy", "shipping")
async def test_every_call_is_stored_with_its_cost_also_failed_ones_and_rewrites(
    model_server: ModelServer, ada: Customer
) -> None:
    conversation = await new_conversation(ada)
    route = route_to(model_server, price_in=Decimal(10), price_out=Decimal(20))
    await put_in_effect_async(routes=(route,), rewrite_questions=True, first_sentence_seconds=30)
    model_server.says(
        status(401)(""),
        normal("Can opened coffee beans be returned?"),
        saying(ANSWER, BAD["closed in mid-sentence"][0]),
    )
    await answered(conversation)
    run_id = await ask(conversation, "And those?", client_id="c-2")
    await execute(run_id)
    calls = await in_database(lambda: list(ModelCall.objects.order_by("id")))
    assert [(call.operation, call.outcome) for call in calls] == [
        ("answer", "unauthorised"),
        ("rewrite", "complete"),
        ("answer", "broken_off"),
    ]
    refused, rewrite, broken = calls
    assert not refused.cost
    assert refused.tokens_in == 0
    assert (rewrite.tokens_in, rewrite.tokens_out, rewrite.is_estimate) == (812, 34, False)
    assert rewrite.cost == Decimal(812 * 10 + 34 * 20) / 1_000_000
    assert broken.is_estimate
    assert broken.cost > 0  # what came before the break was written, and is billed
    assert broken.text.startswith("Opened coffee beans")
    assert rewrite.prompt_name == "rewrite"
    run = (await told(run_id)).run
    assert run.cost == rewrite.cost + broken.cost
    assert await in_database(spent) == run.cost


@pytest.mark.usefixtures("returns_policy", "shipping")
async def test_a_call_that_was_not_waited_for_is_stored_and_counted(
    model_server: ModelServer, conversation: Conversation
) -> None:
    model_server.says(BAD["slow first word"][0](""))
    route = route_to(model_server, price_in=Decimal(10))
    await put_in_effect_async(routes=(route,), first_sentence_seconds=0.6)
    run = (await answered(conversation)).run
    (call,) = await in_database(lambda: list(run.model_calls.all()))
    assert (call.outcome, call.first_token_ms) == ("cancelled", None)
    assert call.total_ms is not None
    assert call.cost > 0
    assert run.cost == call.cost
