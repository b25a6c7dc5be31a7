"""Model fields that Django does not have."""

from __future__ import annotations

from typing import Any

from django.db import models


class DateMultirangeField(models.Field):  # type: ignore[type-arg]  # not generic when it runs
    """PostgreSQL's datemultirange: a set of days, such as “until March, and from June on”.

    Its values are psycopg's Multirange of dates.
    """

    description = "A set of days"

    def db_type(self, connection: Any) -> str:
        return "datemultirange"


@DateMultirangeField.register_lookup
class Includes(models.Lookup):
    """`field__includes=day`: the day is one of the set."""

    lookup_name = "includes"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        return f"{left} @> {right}::date", (*left_params, *right_params)


@DateMultirangeField.register_lookup
class IsEmpty(models.Lookup):
    """`field__isempty=True`: the set has no day."""

    lookup_name = "isempty"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        return f"isempty({left}) = {right}", (*left_params, *right_params)
