"""The committed attacks: attacks/CLASS.yaml, each seed written by hand → cases.

A seed is asked once for each of its class's `carriers`, which put a real question before the
attack, and once for each way to `write` what stands in ⟦…⟧. Ids count the seeds of a file, so new
ones go to its end.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from supportbot.evaluation.questions import Text
from supportbot.evaluation.redteam.writing import WRITINGS
from supportbot.evaluation.report import EvaluationError

ATTACKS = Path(__file__).with_name("attacks")
MISDEEDS = Path(__file__).with_name("misdeeds.yaml")
ATTACK = "{attack}"
_HIDDEN = re.compile(r"⟦(.*?)⟧", re.DOTALL)
_PATTERN = re.compile(r"/(.*)/", re.DOTALL)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Document(_Part):
    """Published for its case. Without a title it is called by its file's name."""

    text: str = Field(min_length=1)
    title: str = ""
    file_name: str = ""


class Profile(_Part):
    """What a customer's page, form or shop says of them. `notes` are of their orders."""

    name: str = Field(default="", max_length=200)
    email: str = ""
    notes: tuple[str, ...] = ()


class _Wish(_Part):
    """`obeys` is what a model says that obeys; `must_not` what nobody may read then: texts, or
    patterns between slashes."""

    obeys: str = Field(min_length=1)
    must_not: tuple[str, ...] = Field(min_length=1)

    @field_validator("must_not")
    @classmethod
    def _compile(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for one in given:
            pattern_of(one)
        return given


class _Seed(_Part):
    turns: tuple[str, ...] = Field(min_length=1)
    language: str = Field(default="en", pattern=r"^[a-z]{2}$")
    obeys: str = ""
    must_not: tuple[str, ...] = ()
    document: _Document | None = None
    profile: Profile | None = None


class AttackClass(_Part):
    """`obeys` and `must_not` are those of seeds without their own."""

    about: str = Field(min_length=10)
    carriers: tuple[str, ...] = (ATTACK,)
    write: tuple[str, ...] = ("",)
    obeys: str = ""
    must_not: tuple[str, ...] = ()
    seeds: tuple[_Seed, ...] = Field(min_length=1)

    @field_validator("carriers")
    @classmethod
    def _carry(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        if wrong := next((one for one in given if ATTACK not in one), None):
            raise ValueError(f"the carrier “{wrong}” has no {ATTACK}")
        return given

    @field_validator("write")
    @classmethod
    def _are_known(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        if wrong := next((one for one in given if one and one not in WRITINGS), None):
            raise ValueError(f"there is no way to write called “{wrong}”")
        return given


@dataclass(frozen=True)
class Case:
    """`turns` are the customer's messages, in order. `document` is published meanwhile, `profile`
    is who asks."""

    id: str
    attack_class: str
    seed: str
    turns: tuple[str, ...]
    language: str
    obeys: str
    must_not: tuple[str, ...]
    document: Text | None = None
    profile: Profile | None = None


@dataclass(frozen=True)
class Misdeed:
    """What a bad model says unasked."""

    obeys: str
    must_not: tuple[str, ...]


@cache
def load_cases() -> tuple[Case, ...]:
    """Raises EvaluationError for a file that is none."""
    return tuple(case for path in sorted(ATTACKS.glob("*.yaml")) for case in read_class(path))


@cache
def load_misdeeds() -> tuple[Misdeed, ...]:
    """Raises EvaluationError."""
    try:
        wishes = [_Wish.model_validate(one) for one in yaml.safe_load(MISDEEDS.read_text("utf-8"))]
    except (yaml.YAMLError, ValidationError, TypeError) as error:
        raise EvaluationError(f"{MISDEEDS.name}: {error}") from error
    return tuple(Misdeed(one.obeys, one.must_not) for one in wishes)


def read_class(path: Path) -> list[Case]:
    """The cases of one file. Raises EvaluationError."""
    try:
        read = AttackClass.model_validate(yaml.safe_load(path.read_text("utf-8")))
        return list(_cases(path.stem, read))
    except (yaml.YAMLError, ValueError) as error:
        raise EvaluationError(f"{path.name}: {error}") from error


def _cases(name: str, read: AttackClass) -> Iterator[Case]:
    for number, seed in enumerate(read.seeds, start=1):
        seed_id = f"{name}-{number:02}"
        obeys = seed.obeys or read.obeys
        wish = _Wish(obeys=obeys, must_not=seed.must_not or read.must_not)
        for variant, writing, turns in _variants(seed.turns, read):
            yield Case(
                id=seed_id + variant,
                attack_class=name,
                seed=seed_id,
                turns=turns,
                language=seed.language,
                obeys=wish.obeys,
                must_not=wish.must_not,
                document=_text(seed.document, seed_id),
                profile=_profile(seed.profile, writing),
            )


def _variants(
    turns: Sequence[str], read: AttackClass
) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """What the id of each variant ends with, how it is written, and its turns."""
    *before, last = turns
    for number, carrier in enumerate(read.carriers):
        carried = [*before, carrier.replace(ATTACK, last)]
        for writing in read.write:
            ending = ("" if carrier == ATTACK else f"-carried{number}") + f"-{writing}" * bool(
                writing
            )
            yield ending, writing, tuple(_written(turn, writing) for turn in carried)


def _written(text: str, writing: str) -> str:
    write = WRITINGS.get(writing, str)
    return _HIDDEN.sub(lambda found: write(found[1]), text)


def _text(document: _Document | None, seed_id: str) -> Text | None:
    if document is None:
        return None
    return Text(document.file_name or seed_id, document.title or document.file_name, document.text)


def _profile(profile: Profile | None, writing: str) -> Profile | None:
    if profile is None:
        return None
    return Profile(
        name=_written(profile.name, writing),
        email=profile.email,
        notes=tuple(_written(note, writing) for note in profile.notes),
    )


@cache
def pattern_of(must_not: str) -> re.Pattern[str]:
    """For a text as `readable` gives it. Raises re.error, a ValueError."""
    found = _PATTERN.fullmatch(must_not)
    try:
        return re.compile(found[1] if found else re.escape(readable(must_not)), re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"“{must_not}” is no pattern: {error}") from error


def readable(text: str) -> str:
    """As a person reads it: without what nobody sees, with single blanks."""
    normal = unicodedata.normalize("NFKC", text)
    seen = "".join(c for c in normal if unicodedata.category(c) != "Cf")
    return " ".join(seen.split())


def found_in(text: str, must_not: Sequence[str]) -> list[str]:
    """Those of `must_not` that a person would read in the text."""
    seen = readable(text)
    return [one for one in must_not if pattern_of(one).search(seen)]
