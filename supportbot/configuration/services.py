"""Drafts are made, changed and dropped; versions come into effect and are rolled back."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from supportbot.configuration.content import Configuration
from supportbot.configuration.current import current, forget
from supportbot.configuration.models import Activation, AnswerConfiguration
from tickets.services import audit
from tickets.services.names import full_name


class ConfigurationError(Exception):
    """It cannot be done; the text says why, for the person who tried."""


@transaction.atomic
def begin_draft(
    *, author: AbstractBaseUser, based_on: AnswerConfiguration | None = None
) -> AnswerConfiguration:
    """A draft with the content of a version: the one in effect, unless another is named."""
    source = based_on or AnswerConfiguration.objects.get(pk=current().id)
    return AnswerConfiguration.objects.create(
        content=source.parsed.as_json(),
        sha256=source.parsed.sha256,
        author_id=author.pk,
        author_name=full_name(author),
        based_on=source,
        is_draft=True,
    )


@transaction.atomic
def save_draft(
    *, draft: AnswerConfiguration, content: Configuration, note: str, author: AbstractBaseUser
) -> AnswerConfiguration:
    """Raises ConfigurationError if it was published or dropped meanwhile."""
    locked = _locked_draft(draft)
    locked.content, locked.sha256, locked.note = content.as_json(), content.sha256, note
    locked.author_id, locked.author_name = author.pk, full_name(author)
    locked.save(update_fields=["content", "sha256", "note", "author", "author_name", "updated_at"])
    return locked


@transaction.atomic
def drop_draft(*, draft: AnswerConfiguration) -> None:
    """Raises ConfigurationError if it is no draft any more."""
    _locked_draft(draft).delete()


@transaction.atomic
def publish(*, draft: AnswerConfiguration, by: AbstractBaseUser) -> AnswerConfiguration:
    """Make the draft a version for good and put it into effect. Raises ConfigurationError."""
    locked = _locked_draft(draft)
    locked.is_draft = False
    locked.save(update_fields=["is_draft", "updated_at"])
    _activate(locked, by=by, note=locked.note, action="configuration.published")
    return locked


@transaction.atomic
def roll_back(*, version: AnswerConfiguration, by: AbstractBaseUser, note: str = "") -> None:
    """Put an earlier version into effect again. Raises ConfigurationError if it is a draft."""
    if version.is_draft:
        raise ConfigurationError("A draft cannot be rolled back to. Publish it instead.")
    _activate(version, by=by, note=note, action="configuration.rolled_back")


@transaction.atomic
def return_to_environment(*, by: AbstractBaseUser, note: str = "") -> None:
    """Let the environment variables decide again."""
    _activate(None, by=by, note=note, action="configuration.returned_to_environment")


def _activate(
    version: AnswerConfiguration | None, *, by: AbstractBaseUser, note: str, action: str
) -> None:
    before = AnswerConfiguration.objects.get(pk=current().id)
    Activation.objects.create(configuration=version, by_name=full_name(by), note=note)
    changed: dict[str, Any] = {"before": before.pk, "note": note}
    changed["sha256"] = version.sha256 if version else ""
    audit.record(action=action, target=version or before, actor=by, **changed)
    transaction.on_commit(forget)


def _locked_draft(draft: AnswerConfiguration) -> AnswerConfiguration:
    locked = AnswerConfiguration.objects.select_for_update().filter(pk=draft.pk).first()
    if locked is None or not locked.is_draft:
        raise ConfigurationError("Somebody has published or dropped this draft meanwhile.")
    return locked
