"""Calls of models as the product makes them: asked only where that is worthwhile and paid for, and
stored, whatever becomes of them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal

import structlog

from supportbot.answers.models import ModelCall
from supportbot.answers.spending import (
    Account,
    OverBudgetError,
    Payer,
    accounts_of,
    correct,
    reserve,
)
from supportbot.answers.threads import in_thread
from supportbot.llm.client import Call, ModelError, stream_completion
from supportbot.llm.health import RestingError, health
from supportbot.llm.routes import ModelRoute, estimate_tokens

log = structlog.get_logger(__name__)
CANCELLED = "cancelled"
OVER_BUDGET = "over_budget"
# The server has written nothing that anybody would be billed for.
NOT_BILLED = frozenset({"unauthorised", "no_such_model", "rate_limited", "refused", "unavailable"})


@dataclass
class Bill:
    """What a call has cost in the end; filled when it ends."""

    model: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    cost: Decimal = Decimal(0)


@dataclass(frozen=True)
class _Opened:
    """A stored call: its row, and what was reserved for it."""

    id: int
    accounts: Sequence[Account]
    reserved: Decimal


async def stream_metered(call: Call, payer: Payer, bill: Bill) -> AsyncGenerator[str]:
    """The text as it comes. Raises ModelError; beside its own codes: resting, busy, over_budget."""
    async with admitted(call.route), aclosing(stream_paid(call, payer, bill)) as deltas:
        async for delta in deltas:
            yield delta


async def stream_paid(call: Call, payer: Payer, bill: Bill) -> AsyncGenerator[str]:
    """The same for a server that is asked whatever is known of it."""
    async with paid(call, payer, bill), aclosing(stream_completion(call)) as deltas:
        async for delta in deltas:
            yield delta


@asynccontextmanager
async def admitted(route: ModelRoute) -> AsyncIterator[None]:
    """Around a call of a server that may rest. What becomes of it is told to the other processes.
    Raises ModelError."""
    try:
        admission = await health().admit(route)
    except RestingError as error:
        raise ModelError(error.code, error.detail) from error
    try:
        yield
        await admission.note(failed=False)
    except ModelError as error:
        if error.code != OVER_BUDGET:
            await admission.note(failed=error.is_fault_of_server)
        if error.retry_after:
            await health().rest(route, error.retry_after)
        raise
    finally:
        await admission.leave()


@asynccontextmanager
async def paid(call: Call, payer: Payer, bill: Bill) -> AsyncIterator[None]:
    """Around a call that is stored and paid for, whatever becomes of it. Raises ModelError."""
    opened, outcome, detail = await _open(call, payer), CANCELLED, ""
    try:
        yield
        outcome = ModelCall.COMPLETE
    except ModelError as error:
        outcome, detail = error.code, error.detail
        raise
    finally:
        await _close(opened, call, bill, outcome, detail)


@in_thread
def _open(call: Call, payer: Payer) -> _Opened:
    """Reserve the money and store the call. Raises ModelError if no budget holds it."""
    tokens_in = call.estimated_tokens_in
    reserved = call.route.cost(tokens_in, call.route.answer_tokens)
    accounts = accounts_of(payer)
    try:
        reserve(accounts, reserved)
    except OverBudgetError as error:
        raise ModelError(OVER_BUDGET, str(error)) from error
    row = ModelCall.objects.create(
        run_id=payer.run,
        operation=call.operation,
        route=call.route.name,
        model=call.route.model,
        prompt_name=call.prompt_name,
        prompt_hash=call.prompt_hash,
        messages=call.stored,
        tokens_in=tokens_in,
        cost=reserved,
        currency=payer.budgets.currency,
    )
    return _Opened(row.pk, accounts, reserved)


@in_thread
def _close(opened: _Opened, call: Call, bill: Bill, outcome: str, detail: str) -> None:
    """Store how it ended, and count what it cost. Where the server did not say, it is estimated."""
    call.is_estimate = not (call.tokens_in or call.tokens_out)
    if call.is_estimate and outcome not in NOT_BILLED:
        call.tokens_in = call.estimated_tokens_in
        call.tokens_out = estimate_tokens(call.text)
    cost = call.route.cost(call.tokens_in, call.tokens_out)
    bill.model, bill.cost = call.model, cost
    bill.tokens_in, bill.tokens_out = call.tokens_in, call.tokens_out
    correct(opened.accounts, cost - opened.reserved)
    ModelCall.objects.filter(pk=opened.id).update(
        model=call.model or call.route.model,
        text=call.text,
        tokens_in=call.tokens_in,
        tokens_out=call.tokens_out,
        is_estimate=call.is_estimate,
        cost=cost,
        outcome=outcome,
        detail=detail[:500],
        first_token_ms=call.first_token_ms,
        total_ms=call.total_ms,
    )
