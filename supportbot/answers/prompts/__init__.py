"""Prompts: Markdown with front matter and named parts, from the files here or edited by people.

The front matter gives name, version, inputs and hints; each part begins with a line `## NAME`. The
hash tells a run which text it used.
"""

from __future__ import annotations

import functools
import hashlib
import re
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import frontmatter
import yaml

_FOLDER = Path(__file__).parent
PARTS = ("system", "tools", "masked", "knowledge", "conversation", "question")
_HEADING = re.compile(r"^##[ \t]+(\w+)[ \t]*$", re.MULTILINE)


class PromptError(ValueError):
    """The text is no prompt; the message says in words what is wrong."""


@dataclass(frozen=True)
class Prompt:
    """`inputs` are the variables that the parts use between them, `text` the whole file."""

    name: str
    version: str
    inputs: frozenset[str]
    hints: str
    text: str
    parts: Mapping[str, str] = field(repr=False)

    @property
    def hash(self) -> str:
        """SHA-256 of the text, hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def fill(self, part: str, **variables: str) -> str:
        """A part with its variables filled in; "" if the prompt has no such part. Raises KeyError
        if a variable is missing."""
        return self.parts.get(part, "").format(**variables)


def prompt_names() -> list[str]:
    """The prompts of the product."""
    return sorted(path.stem for path in _FOLDER.glob("*.md"))


def load_prompt(name: str, edited: Mapping[str, str] | None = None) -> Prompt:
    """The edited text of that name, or else the prompt in `name`.md."""
    if edited and name in edited:
        return _parsed(name, edited[name])
    return _from_file(name)


@functools.cache
def _from_file(name: str) -> Prompt:
    return parse_prompt(name, (_FOLDER / f"{name}.md").read_text(encoding="utf-8"))


@functools.lru_cache(maxsize=32)
def _parsed(name: str, text: str) -> Prompt:
    return parse_prompt(name, text)


def check_edited(name: str, text: str) -> Prompt:
    """A prompt that may take the place of the product's. Raises PromptError."""
    prompt = parse_prompt(name, text)
    wanted = _from_file(name).inputs
    if missing := sorted(_from_file(name).inputs - prompt.inputs - {"today"}):
        raise PromptError(f"it has no {{{missing[0]}}}, without which the model cannot answer")
    if unknown := sorted(prompt.inputs - wanted):
        raise PromptError(f"it uses {{{unknown[0]}}}, which the product does not fill in")
    return prompt


def parse_prompt(name: str, text: str) -> Prompt:
    """Raises PromptError."""
    try:
        head, body = frontmatter.parse(text)
    except yaml.YAMLError as error:
        raise PromptError(f"the front matter is no YAML: {error}") from error
    if missing := [key for key in ("name", "version", "inputs") if not head.get(key)]:
        raise PromptError(f"the front matter between the lines --- has no {missing[0]}")
    if head["name"] != name:
        raise PromptError(f"it is named {head['name']!r}, but takes the place of {name!r}")
    parts = _parts_of(body)
    used = frozenset().union(*(_variables(part) for part in parts.values()))
    inputs = _inputs(head["inputs"])
    if used != inputs:
        odd = sorted(used ^ inputs)[0]
        raise PromptError(f"{{{odd}}} stands either in the text or in inputs, and must in both")
    hints = str(head.get("hints", "")).strip()
    return Prompt(name, str(head["version"]), inputs, hints, text, parts)


def _parts_of(body: str) -> dict[str, str]:
    before, *pairs = _HEADING.split(body)
    if before.strip() or not pairs:
        raise PromptError("the text begins with a line such as ## system")
    names = pairs[::2]
    if unknown := [name for name in names if name not in PARTS]:
        raise PromptError(f"there is no part {unknown[0]!r}; the parts are {', '.join(PARTS)}")
    if len(set(names)) < len(names):
        raise PromptError("each part stands once")
    if "question" not in names:
        raise PromptError("it has no part ## question")
    return {name: text.strip() for name, text in zip(names, pairs[1::2], strict=True)}


def _variables(text: str) -> set[str]:
    try:
        fields = [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
    except ValueError as error:
        raise PromptError(f"a brace is not closed; write {{{{ for a brace: {error}") from error
    if odd := [name for name in fields if not name.isidentifier()]:
        raise PromptError(f"{{{odd[0]}}} is no variable; write {{{{ and }}}} for braces")
    return set(fields)


def _inputs(written: Any) -> frozenset[str]:
    if not isinstance(written, list):
        raise PromptError("inputs is a list, such as [today, passages, question]")
    return frozenset(str(name) for name in written)
