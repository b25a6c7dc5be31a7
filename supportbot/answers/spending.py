"""Money that models may cost: reserved before a call in every budget it counts to, corrected after.

The reservation is one statement a budget that refuses to go over the limit, so calls that run at
once cannot overrun it together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from supportbot.answers.models import Spending
from supportbot.configuration.content import Budgets
from tickets.services import audit

Scope = Spending.Scope
WORDS = {
    Scope.CONVERSATION: "this conversation",
    Scope.VISITOR: "this visitor today",
    Scope.DAY: "today",
    Scope.MONTH: "this month",
}
_ADD = """
INSERT INTO answers_spending AS spent (scope, key, amount, currency, updated_at)
VALUES (%(scope)s, %(key)s, %(amount)s, %(currency)s, now())
ON CONFLICT (scope, key, currency) DO UPDATE
SET amount = spent.amount + EXCLUDED.amount, updated_at = now()
WHERE %(limit)s::numeric IS NULL OR spent.amount + EXCLUDED.amount <= %(limit)s
RETURNING amount
"""


@dataclass(frozen=True)
class Payer:
    """Who a call is made for. All empty: the product itself, which a day and a month pay for."""

    run: UUID | None = None
    conversation: UUID | None = None
    customer: UUID | None = None
    budgets: Budgets = field(default_factory=Budgets)


@dataclass(frozen=True)
class Account:
    """One budget that a call counts to; without a limit it is only counted."""

    scope: Scope
    key: str
    limit: Decimal | None
    currency: str


class OverBudgetError(Exception):
    """A budget does not hold the call. The text says which."""

    def __init__(self, account: Account) -> None:
        self.account = account
        limit = f"{account.limit:.2f} {account.currency}"
        super().__init__(f"the budget of {limit} for {WORDS[account.scope]} is used up")


def accounts_of(payer: Payer) -> list[Account]:
    """Always in the same order, which prevents deadlocks."""
    day, budgets = timezone.localdate(), payer.budgets
    keys = [
        (Scope.CONVERSATION, str(payer.conversation or ""), budgets.conversation),
        (Scope.VISITOR, f"{payer.customer} {day}" if payer.customer else "", budgets.visitor),
        (Scope.DAY, str(day), budgets.day),
        (Scope.MONTH, f"{day:%Y-%m}", budgets.month),
    ]
    return [Account(scope, key, limit, budgets.currency) for scope, key, limit in keys if key]


def reserve(accounts: Sequence[Account], amount: Decimal) -> None:
    """Count the amount in all of them or in none. Raises OverBudgetError; the agents are told once
    for each budget. Call it outside a transaction."""
    if not amount:
        return
    try:
        with transaction.atomic():
            for account in accounts:
                _add(account, amount)
    except OverBudgetError as error:
        _tell_once(error)
        raise


def correct(accounts: Sequence[Account], difference: Decimal) -> None:
    """Add what a call cost more than was reserved; less, if it is negative."""
    if not difference:
        return
    with transaction.atomic(), connection.cursor() as cursor:
        for account in accounts:
            cursor.execute(_ADD, _values(account, difference, limit=None))


def _add(account: Account, amount: Decimal) -> None:
    if account.limit is not None and amount > account.limit:
        raise OverBudgetError(account)
    with connection.cursor() as cursor:
        cursor.execute(_ADD, _values(account, amount, limit=account.limit))
        if cursor.fetchone() is None:
            raise OverBudgetError(account)


def _values(
    account: Account, amount: Decimal, limit: Decimal | None
) -> dict[str, str | Decimal | None]:
    return {
        "scope": account.scope.value,
        "key": account.key,
        "amount": amount,
        "currency": account.currency,
        "limit": limit,
    }


@transaction.atomic
def _tell_once(error: OverBudgetError) -> None:
    account = error.account
    row, _ = Spending.objects.select_for_update().get_or_create(
        scope=account.scope, key=account.key, currency=account.currency
    )
    if row.reached_at is not None and row.limit == account.limit:
        return
    row.reached_at, row.limit = timezone.now(), account.limit
    row.save(update_fields=["reached_at", "limit", "updated_at"])
    audit.record(action="budget.reached", target=row, text=str(error), key=account.key)


def notices() -> list[str]:
    """For the queue of agents: the budgets of today and of this month that are used up."""
    day = timezone.localdate()
    rows = Spending.objects.filter(
        scope__in=[Scope.DAY, Scope.MONTH], key__in=[str(day), f"{day:%Y-%m}"]
    ).exclude(reached_at=None)
    return [
        f"The budget for models of {row.limit:.2f} {row.currency} for {WORDS[Scope(row.scope)]} "
        "is used up. Answers quote the documents until then, or come from a cheaper model."
        for row in rows
    ]
