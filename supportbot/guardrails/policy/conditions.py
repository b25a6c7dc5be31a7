"""Conditions of policies and rules, in CEL: https://cel.dev. Compiled once, checked by type, over
Facts or a dataclass that adds facts to them."""

from __future__ import annotations

import dataclasses
import functools
import re
from dataclasses import dataclass
from typing import Any, get_type_hints

from cel_expr_python import cel

from supportbot.guardrails.policy.facts import Facts

LONGEST = 400  # characters
LOOPS = 2  # all, exists, map, filter
_LOOP = re.compile(r"\.\s*(?:all|exists|exists_one|map|filter)\s*\(")
_PLACE = re.compile(
    r"^\s*\|.*$|INVALID_ARGUMENT:?|\[\]|ERROR: <input>:\d+:\d+: |\(in container ''\)", re.MULTILINE
)


class ConditionError(ValueError):
    """The condition cannot be used; the message says why in words."""


@dataclass(frozen=True)
class Condition:
    text: str
    over: type[Facts]
    compiled: Any = dataclasses.field(repr=False, compare=False)

    def holds(self, facts: Facts) -> bool:
        """Raises ConditionError if it cannot be told."""
        try:
            value = self.compiled.eval(data=_values(facts, self.over)).value()
        except Exception as error:  # bare ones, such as of an iteration budget of 10,000 steps
            said = _in_words(str(error))
            raise ConditionError(f"“{self.text}” could not be told: {said}") from error
        if not isinstance(value, bool):
            raise ConditionError(f"“{self.text}” could not be told: {value}")
        return value


@functools.lru_cache(maxsize=512)
def compile_condition(text: str, over: Any = Facts) -> Condition:
    """`over` is Facts or a dataclass that adds to them. Raises ConditionError."""
    if len(text) > LONGEST:
        raise ConditionError(f"it is longer than {LONGEST} characters; make two rules of it")
    if len(_LOOP.findall(text)) > LOOPS:
        raise ConditionError(f"it goes over lists more than {LOOPS} times; make two rules of it")
    try:
        compiled = _environment(over).compile(text)
    except Exception as error:  # the library raises bare exceptions
        raise ConditionError(_in_words(str(error))) from error
    if str(compiled.return_type()) != "BOOL":
        raise ConditionError("it is neither true nor false: compare it with something")
    condition = Condition(text, over, compiled)
    condition.holds(over())  # raises for a pattern that is none
    return condition


def _in_words(said: str) -> str:
    words = (
        " ".join(_PLACE.sub("", said).split()).removesuffix("[INVALID_ARGUMENT]").strip(" []|^.")
    )
    unknown = re.search(r"undeclared reference to '(\w+)'", words)
    if unknown:
        return f"there is no fact “{unknown.group(1)}”"
    return words.partition(", expecting")[0].partition(" expecting {")[0]


@functools.cache
def _environment(over: Any) -> Any:
    kinds = {
        str: cel.Type.STRING,
        float: cel.Type.DOUBLE,
        int: cel.Type.INT,
        bool: cel.Type.BOOL,
        tuple[str, ...]: cel.Type.List(cel.Type.STRING),
        dict[str, str]: cel.Type.Map(cel.Type.STRING, cel.Type.STRING),
    }
    types = _types(over)
    return cel.NewEnv(variables={name: kinds[type_] for name, type_ in types.items()})


@functools.cache
def _types(over: Any) -> dict[str, Any]:
    return get_type_hints(over)


def _values(facts: Facts, over: Any) -> dict[str, Any]:
    return {
        name: list(value) if isinstance(value := getattr(facts, name), tuple) else value
        for name in _types(over)
    }
