"""The rules in effect: the product's, then the installation's folder, then the configuration's.

A folder or an edited text that cannot be used changes nothing: the last good rules go on, and the
log and the guardrails page say what is wrong.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog
from django.conf import settings

from supportbot.guardrails.policy.rules import (
    LARGEST,
    Policy,
    PolicyError,
    Rule,
    merge,
    parse_policy,
)

log = structlog.get_logger(__name__)

OWN = Path(__file__).parents[1] / "policies"
EDITED = "the configuration"
LOOK_SECONDS = 2.0


@dataclass(frozen=True)
class Rules:
    """`problem` says why newer files are not in effect; "" if all is well."""

    rules: tuple[Rule, ...]
    problem: str = ""


def read_folder(folder: Path) -> list[tuple[str, Policy]]:
    """The policies of a folder by name of file. Raises PolicyError."""
    return [(path.name, _read_file(path)) for path in _files(folder)]


def _files(folder: Path) -> list[Path]:
    """Hidden ones are an editor's own. Raises PolicyError."""
    if not folder.is_dir():
        raise PolicyError(f"SUPPORTBOT_POLICIES_DIR: there is no folder {folder}")
    return sorted(path for path in folder.glob("*.yaml") if not path.name.startswith("."))


def _read_file(path: Path) -> Policy:
    if not path.is_file():
        raise PolicyError(f"{path.name}: it is no file, or leads nowhere")
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(LARGEST + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"{path.name}: it cannot be read: {error}") from error
    return parse_policy(text, path.name)


def rules_with(edited: str, folder: str | None = None) -> tuple[Rule, ...]:
    """The product's rules with those of the installation's folder and of an edited policy. Raises
    PolicyError."""
    folder = settings.POLICIES_DIR if folder is None else folder
    return _together(read_folder(Path(folder)) if folder else [], edited)


def _together(of_folder: Sequence[tuple[str, Policy]], edited: str) -> tuple[Rule, ...]:
    policies = [*read_folder(OWN), *of_folder]
    if edited.strip():
        policies.append((EDITED, parse_policy(edited, EDITED)))
    return merge(policies)


class _Kept:
    """What this process remembers: the last good rules by edited text, and the last good policies
    of the folder, which go on when another configuration is published."""

    of_folder: list[tuple[str, Policy]] | None

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.forget()

    def get(self, edited: str) -> Rules:
        with self.lock:
            now = time.monotonic()
            known = self.rules.get(edited)
            if known is not None and now - self.looked_at[edited] < LOOK_SECONDS:
                return known
            self.looked_at[edited] = now
            state = _state()
            if known is not None and state == self.states[edited]:
                return known
            self.states[edited] = state
            self.rules[edited] = self._read(edited)
            return self.rules[edited]

    def _read(self, edited: str) -> Rules:
        folder = settings.POLICIES_DIR
        try:
            of_folder = read_folder(Path(folder)) if folder else []
            rules = _together(of_folder, edited)
        except PolicyError as error:
            log.error("policy_refused", error=str(error))
            return Rules(self._last_good(edited), str(error))
        self.of_folder = of_folder
        self.good[edited] = rules
        return Rules(rules)

    def _last_good(self, edited: str) -> tuple[Rule, ...]:
        """Under the same edited text, or of the folder with this one. A process that has not seen
        a good folder takes each file of it that can be used."""
        if edited in self.good:
            return self.good[edited]
        of_folder = _usable_files() if self.of_folder is None else self.of_folder
        for policies, text in ((of_folder, edited), ([], edited), (of_folder, "")):
            with suppress(PolicyError):
                return _together(policies, text)
        return _together([], "")

    def forget(self) -> None:
        self.rules: dict[str, Rules] = {}
        self.states: dict[str, object] = {}
        self.looked_at: dict[str, float] = {}
        self.good: dict[str, tuple[Rule, ...]] = {}
        self.of_folder = None


def _usable_files() -> list[tuple[str, Policy]]:
    found: list[tuple[str, Policy]] = []
    with suppress(PolicyError):
        for path in _files(Path(settings.POLICIES_DIR)) if settings.POLICIES_DIR else []:
            with suppress(PolicyError):
                one = (path.name, _read_file(path))
                merge([*read_folder(OWN), *found, one])
                found.append(one)
    return found


def _state() -> Sequence[tuple[str, int, int]]:
    """Changes when a file of the installation's folder does."""
    folder = settings.POLICIES_DIR
    if not folder:
        return []
    return [_state_of(path) for path in sorted(Path(folder).glob("*.yaml"))]


def _state_of(path: Path) -> tuple[str, int, int]:
    try:
        stat = path.stat()
    except OSError:  # it has just gone, or leads nowhere
        return (path.name, 0, 0)
    return (path.name, stat.st_mtime_ns, stat.st_size)


_kept = _Kept()


def rules_for(edited: str) -> Rules:
    """The rules in effect for a configuration's edited policy (YAML, or "")."""
    return _kept.get(edited)


def forget() -> None:
    """Read everything again."""
    with _kept.lock:
        _kept.forget()
