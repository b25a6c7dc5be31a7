"""The rules in effect: the product's, then the installation's folder, then the configuration's.

A folder or an edited text that cannot be used changes nothing: the last good rules go on, and the
log and the guardrails page say what is wrong.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog
from django.conf import settings

from supportbot.guardrails.policy.rules import Policy, PolicyError, Rule, merge, parse_policy

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
    found = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise PolicyError(f"{path.name}: it cannot be read: {error}") from error
        found.append((path.name, parse_policy(text, path.name)))
    return found


def rules_with(edited: str, folder: str | None = None) -> tuple[Rule, ...]:
    """The product's rules with those of the installation's folder and of an edited policy. Raises
    PolicyError."""
    policies = read_folder(OWN)
    folder = settings.POLICIES_DIR if folder is None else folder
    if folder:
        path = Path(folder)
        if not path.is_dir():
            raise PolicyError(f"SUPPORTBOT_POLICIES_DIR: there is no folder {folder}")
        policies += read_folder(path)
    if edited.strip():
        policies.append((EDITED, parse_policy(edited, EDITED)))
    return merge(policies)


class _Kept:
    """What this process remembers: the last good rules by edited text."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.rules: dict[str, Rules] = {}
        self.states: dict[str, object] = {}
        self.looked_at: dict[str, float] = {}

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
            self.rules[edited] = self._read(edited, known)
            return self.rules[edited]

    def _read(self, edited: str, known: Rules | None) -> Rules:
        try:
            return Rules(rules_with(edited))
        except PolicyError as error:
            log.error("policy_refused", error=str(error))
            last = known.rules if known is not None else merge(read_folder(OWN))
            return Rules(last, str(error))

    def forget(self) -> None:
        with self.lock:
            self.rules.clear()


def _state() -> Sequence[tuple[str, int, int]]:
    """Changes when a file of the installation's folder does."""
    folder = settings.POLICIES_DIR
    if not folder:
        return []
    stats = [(path.name, path.stat()) for path in sorted(Path(folder).glob("*.yaml"))]
    return [(name, stat.st_mtime_ns, stat.st_size) for name, stat in stats]


_kept = _Kept()


def rules_for(edited: str) -> Rules:
    """The rules in effect for a configuration's edited policy (YAML, or "")."""
    return _kept.get(edited)


def forget() -> None:
    """Read everything again."""
    _kept.forget()
