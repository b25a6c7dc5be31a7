"""Rules and policies as people write them, in YAML, and the checks when they are read."""

from __future__ import annotations

import reprlib
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Annotated, Any

import yaml
from babel import localedata
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    field_validator,
    model_validator,
)

from supportbot.guardrails.detectors.types import Stage
from supportbot.guardrails.policy.conditions import compile_condition
from supportbot.guardrails.policy.facts import TYPES, Facts

LARGEST = 100_000  # characters of a policy
MOST_RULES = 200


class PolicyError(ValueError):
    """The policy cannot be used. The message names the file, the line and what is wrong."""


class Outcome(StrEnum):
    """What becomes of the text, from the mildest to the strictest."""

    ALLOW = "allow"
    RAISE_PRIORITY = "raise_priority"
    MASK = "mask"  # personal data is replaced by its kind
    REWRITE = "rewrite"  # preferred words take the place of forbidden ones
    DOCUMENTS = "documents"  # no model writes; the rule's text where no document answers
    DRAFT = "draft"  # the answer waits for an agent
    REFUSE = "refuse"  # with a text
    HAND_OVER = "hand_over"
    BLOCK = "block"  # and alert the operator

    @property
    def words(self) -> str:
        return _WORDS.get(self) or self.value.replace("_", " ")


_WORDS = {
    Outcome.ALLOW: "is answered",
    Outcome.DOCUMENTS: "is answered from the documents alone",
}
STRICTNESS = {outcome: number for number, outcome in enumerate(Outcome)}
# These do not exclude others: they happen beside the strictest one.
BESIDE = frozenset({Outcome.RAISE_PRIORITY, Outcome.MASK, Outcome.REWRITE})
NEEDS_TEXT = frozenset({Outcome.DOCUMENTS, Outcome.REFUSE})
BY_STAGE = {
    Stage.MESSAGE: frozenset(Outcome) - {Outcome.REWRITE, Outcome.MASK},
    Stage.RETRIEVAL: frozenset({Outcome.ALLOW, Outcome.BLOCK}),
    Stage.SENTENCE: frozenset(Outcome)
    - {Outcome.RAISE_PRIORITY, Outcome.DOCUMENTS, Outcome.REFUSE},
    Stage.ANSWER: frozenset({Outcome.ALLOW, Outcome.DRAFT, Outcome.HAND_OVER, Outcome.BLOCK}),
}


class Severity(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


def _known_language(tag: str) -> str:
    if not (tag.isalpha() and tag.islower() and localedata.exists(tag)):
        raise ValueError(f"“{tag}” is no language; write its tag without a region, such as de")
    return tag


_Language = Annotated[str, AfterValidator(_known_language)]
_Words = Annotated[str, Field(min_length=1, max_length=1000)]
OTHERWISE = "en"  # the language for whoever writes in one without a text


class Example(_Part):
    """Facts, and whether the rule fires on them."""

    facts: dict[str, Any] = Field(default_factory=dict)
    fires: bool

    @field_validator("facts")
    @classmethod
    def _are_known(cls, given: dict[str, Any]) -> dict[str, Any]:
        return {name: _typed(name, value) for name, value in given.items()}

    def as_facts(self) -> Facts:
        return Facts(**self.facts)


class Rule(_Part):
    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{1,59}$")
    statement: str = Field(min_length=10, max_length=300)
    stage: Stage
    when: str = Field(min_length=1)
    outcome: Outcome
    # What the customer reads, by language. A text written without languages is the one for all.
    text: dict[_Language, _Words] = Field(default_factory=dict)
    severity: Severity = Severity.MEDIUM
    examples: tuple[Example, ...] = Field(min_length=1)

    @field_validator("when")
    @classmethod
    def _compiles(cls, when: str) -> str:
        compile_condition(when)
        return " ".join(when.split())

    @field_validator("text", mode="before")
    @classmethod
    def _by_language(cls, given: Any) -> Any:
        if isinstance(given, str):
            return {OTHERWISE: given} if given.strip() else {}
        if isinstance(given, dict) and OTHERWISE not in given:
            raise ValueError("it needs a text in English (en), for languages without their own")
        return given

    @model_validator(mode="after")
    def _fits(self) -> Rule:
        if self.outcome not in BY_STAGE[self.stage]:
            raise ValueError(f"{self.outcome.value} cannot happen at the stage {self.stage.value}")
        if self.outcome in NEEDS_TEXT and not self.text:
            raise ValueError(f"{self.outcome.value} needs a text for the customer")
        if not {True, False} <= {example.fires for example in self.examples}:
            raise ValueError("it needs an example that fires and one that does not")
        for number, example in enumerate(self.examples, start=1):
            if self.fires(example.as_facts()) != example.fires:
                does = "does not fire" if example.fires else "fires"
                raise ValueError(f"example {number} does not hold: the rule {does} on it")
        return self

    def fires(self, facts: Facts) -> bool:
        """Raises ConditionError."""
        return compile_condition(self.when).holds(facts)

    def text_in(self, *languages: str) -> str:
        """In the first of the languages that has a text, else in English; "" if there is none."""
        return next((self.text[one] for one in (*languages, OTHERWISE) if one in self.text), "")


class Policy(_Part):
    """The rules of one file. A later policy's rule replaces an earlier one with the same id;
    `without` are ids of rules that do not apply."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")
    about: str = Field(min_length=1, max_length=300)
    rules: tuple[Rule, ...] = Field(default=(), max_length=MOST_RULES)
    without: tuple[str, ...] = ()
    _lines: dict[str, int] = PrivateAttr(default_factory=dict)

    def place(self, source: str, id_: str) -> str:
        """Where the last rule with the id stands, or the id among `without`: file and line."""
        return f"{source}, line {self._lines.get(id_, 1)}"


def parse_policy(text: str, source: str) -> Policy:
    """The policy in a file's text; `source` names the file in errors. Raises PolicyError."""
    if len(text) > LARGEST:
        raise PolicyError(f"{source}: it has more than {LARGEST:,} characters")
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 1
        problem = getattr(error, "problem", None) or "it is no YAML"
        raise PolicyError(f"{source}, line {line}: {problem}") from error
    except RecursionError as error:
        raise PolicyError(f"{source}, line 1: it is nested too deeply") from error
    except ValueError as error:  # such as a month 13
        raise PolicyError(f"{source}, line 1: a value cannot be read: {error}") from error
    if node is None or not isinstance(data, dict):
        raise PolicyError(f"{source}, line 1: a policy begins with name, about and rules")
    try:
        policy = Policy.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        line = _line_of(node, first["loc"])
        raise PolicyError(f"{source}, line {line}: {_said(first)}") from error
    for number, id_ in enumerate(policy.without):
        policy._lines[id_] = _line_of(node, ("without", number))
    for number, rule in enumerate(policy.rules):
        policy._lines[rule.id] = _line_of(node, ("rules", number))
    return policy


def merge(policies: Sequence[tuple[str, Policy]]) -> tuple[Rule, ...]:
    """The rules of (source, policy), later ones replacing earlier ones. Raises PolicyError for a
    pair that contradicts each other, and for a rule switched off that nobody has."""
    rules: dict[str, Rule] = {}
    places: dict[str, str] = {}
    for source, policy in policies:
        ids = [rule.id for rule in policy.rules]
        if twice := next((one for one in ids if ids.count(one) > 1), None):
            raise PolicyError(f"{policy.place(source, twice)}: two rules have the id {twice}")
        rules |= {rule.id: rule for rule in policy.rules}
        places |= {id_: policy.place(source, id_) for id_ in ids}
        for id_ in policy.without:
            if rules.pop(id_, None) is None:
                where = policy.place(source, id_)
                raise PolicyError(f"{where}: there is no rule {id_} to leave out")
    for first, second in _contradicting(list(rules.values())):
        raise PolicyError(
            f"{places[second.id]}: {second.id} contradicts {first.id} ({places[first.id]}): on the "
            f"same condition, one says {second.outcome.value} and the other {first.outcome.value}"
        )
    return tuple(rules.values())


def _contradicting(rules: Sequence[Rule]) -> Iterator[tuple[Rule, Rule]]:
    """Of the same stage and condition, with outcomes of which only one can happen."""
    for number, first in enumerate(rules):
        for second in rules[number + 1 :]:
            same = (first.stage, first.when) == (second.stage, second.when)
            outcomes = {first.outcome, second.outcome}
            if same and len(outcomes) > 1 and not outcomes & BESIDE:
                yield first, second


def _typed(name: str, value: Any) -> Any:
    if name not in TYPES:
        raise ValueError(f"there is no fact “{name}”")
    wanted = TYPES[name]
    if wanted == tuple[str, ...]:
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            return tuple(value)
    elif wanted is float:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
    elif isinstance(value, wanted) and not (wanted is int and isinstance(value, bool)):
        return value
    shown = "a list of words" if wanted == tuple[str, ...] else wanted.__name__
    given = (
        f"a {type(value).__name__} of others"
        if isinstance(value, list | dict)
        else reprlib.repr(value)
    )
    raise ValueError(f"the fact “{name}” is {shown}, not {given}")


def _line_of(node: yaml.Node, place: Sequence[int | str]) -> int:
    """The line, from 1, of the innermost part of the place that is there."""
    line = int(node.start_mark.line) + 1
    for step in place:
        found = _child(node, step)
        if found is None:
            break
        node = found
        line = int(node.start_mark.line) + 1
    return line


def _child(node: yaml.Node, step: int | str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        found: yaml.Node = node.value[step]
        return found
    return None


def _said(error: Any) -> str:
    named = (part for part in reversed(error["loc"]) if isinstance(part, str) and part != "[key]")
    name = next(named, "")
    if error["type"] == "missing":
        return f"{error['loc'][-1]} is missing"
    if error["type"] == "extra_forbidden":
        return f"{error['loc'][-1]} is no part of a rule or policy"
    message = error["msg"].removeprefix("Value error, ")
    return f"{name}: {message}" if name else message
