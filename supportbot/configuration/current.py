"""The configuration in effect. Every process asks the database for its id every two seconds."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from django.db import connection

from supportbot.configuration.content import Configuration
from supportbot.configuration.environment import configuration_of_environment
from supportbot.configuration.models import Activation, AnswerConfiguration

KEPT_SECONDS = 2.0
MOST_KEPT = 50


@dataclass(frozen=True)
class Current:
    """A configuration as a run stores it: by the id and the hash of its AnswerConfiguration."""

    id: int
    content: Configuration

    @property
    def sha256(self) -> str:
        return self.content.sha256


class _Kept:
    """What this process remembers."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        self.read_at = -KEPT_SECONDS
        self.active_id: int | None = None
        self.contents: dict[int, Configuration] = {}
        self.ids_of_environment: dict[str, int] = {}


_kept = _Kept()


def current() -> Current:
    """For a run: what decides answers that begin now. The environment's becomes a version, too, so
    that a run can name it."""
    if (active_id := _active_id()) is not None:
        return configuration(active_id)
    content = configuration_of_environment()
    known = _kept.ids_of_environment.get(content.sha256)
    return Current(known if known is not None else _store(content), content)


def current_content() -> Configuration:
    """The same where nothing is stored."""
    active_id = _active_id()
    return configuration_of_environment() if active_id is None else configuration(active_id).content


def configuration(id: int) -> Current:
    """A version by its id, such as that of a run which another process began."""
    content = _kept.contents.get(id)
    if content is None:
        content = AnswerConfiguration.objects.get(pk=id).parsed
        with _kept.lock:
            if len(_kept.contents) >= MOST_KEPT:
                _kept.contents.clear()
            _kept.contents[id] = content
    return Current(id, content)


def is_from_environment() -> bool:
    return _active_id() is None


def forget() -> None:
    """Read everything again. Needed when this process has changed what is in effect, and when the
    database is another one."""
    with _kept.lock:
        _kept.forget()


def _active_id() -> int | None:
    if time.monotonic() - _kept.read_at < KEPT_SECONDS:
        return _kept.active_id
    read_at = time.monotonic()
    latest = Activation.objects.order_by("-id").values_list("configuration_id", flat=True).first()
    if not connection.in_atomic_block:  # other connections may not see yet what it reads
        with _kept.lock:
            _kept.active_id, _kept.read_at = latest, read_at
    return latest


def _store(content: Configuration) -> int:
    row, _ = AnswerConfiguration.objects.get_or_create(
        origin=AnswerConfiguration.Origin.ENVIRONMENT,
        sha256=content.sha256,
        defaults={"content": content.as_json(), "note": "Values of the environment"},
    )
    if not connection.in_atomic_block:
        with _kept.lock:
            _kept.ids_of_environment[content.sha256] = row.pk
    return row.pk
