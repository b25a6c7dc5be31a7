"""The arms of `evaluate retrieval`: settings of retrieval by name, and settings as words."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from supportbot.evaluation.names import ALONE, DENSE, FUSED, LEXICAL, RERANKED
from supportbot.evaluation.report import EvaluationError
from supportbot.retrieval.settings import RetrievalSettings

_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}

Value = bool | int | float | str


@dataclass(frozen=True)
class Arm:
    name: str
    settings: RetrievalSettings

    @property
    def without_history(self) -> Arm:
        settings = dataclasses.replace(self.settings, history=False)
        return Arm(ALONE.format(self.name), settings)


def arms(*, history: bool, reranker: bool) -> list[Arm]:
    """Those that every run has. With `history` the lexical and the fused arm are asked without it,
    too: that is how another search engine is asked, which knows the last question alone."""
    base = RetrievalSettings(rerank=False)
    dense = Arm(DENSE, dataclasses.replace(base, lexical=False))
    lexical = Arm(LEXICAL, dataclasses.replace(base, dense=False))
    fused = Arm(FUSED, base)
    every = [dense, lexical, fused]
    if reranker:
        every.append(Arm(RERANKED, RetrievalSettings()))
    return every + ([lexical.without_history, fused.without_history] if history else [])


def parse_arm(words: str) -> Arm:
    """“history=false,candidates=100” → an arm of that name: the product's settings but for these.

    Raises EvaluationError.
    """
    changes = dict(_parse(pair) for pair in words.split(",") if pair.strip())
    if not changes:
        raise EvaluationError(f"“{words}” changes nothing. {_known()}")
    try:
        settings = dataclasses.replace(RetrievalSettings(), **changes)  # type: ignore[arg-type]
    except (ValueError, TypeError) as error:
        raise EvaluationError(f"“{words}” cannot be set: {error}") from error
    return Arm(",".join(f"{name}={_show(value)}" for name, value in changes.items()), settings)


def _parse(pair: str) -> tuple[str, Value]:
    name, equals, word = (part.strip() for part in pair.partition("="))
    defaults = dict(_defaults())
    if not equals or name not in defaults:
        raise EvaluationError(f"“{pair.strip()}” is no setting of retrieval. {_known()}")
    default = defaults[name]
    kind = type(default)
    try:
        return name, _WORDS[word.lower()] if kind is bool else kind(word)
    except (ValueError, KeyError) as error:
        needed = {bool: "true or false", int: "a whole number", float: "a number"}[kind]
        raise EvaluationError(f"“{name}” is {needed}, not “{word}”.") from error


def _defaults() -> Iterator[tuple[str, Value]]:
    """The settings that one word can say."""
    defaults = RetrievalSettings()
    for field in dataclasses.fields(defaults):
        value = getattr(defaults, field.name)
        if isinstance(value, bool | int | float | str):
            yield field.name, value


def _known() -> str:
    known = ", ".join(f"{name}={_show(value)}" for name, value in _defaults())
    return f"Write pairs such as these, separated by commas: {known}."


def _show(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
