"""`manage.py prepare_model`: what a machine needs before it embeds."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from knowledge.embedding import model


def prepare() -> str:
    out = io.StringIO()
    call_command("prepare_model", stdout=out)
    return out.getvalue()


def test_the_configured_model_is_ready_afterwards() -> None:
    assert "“bundled” is ready (384 dimensions)" in prepare()
    assert (model.folder_for("bundled") / "meta.json").exists()


def test_a_model_behind_an_endpoint_needs_nothing(settings: Settings) -> None:
    settings.EMBEDDING_MODEL = "openai:text-embedding-3-small"
    assert "runs elsewhere" in prepare()


def test_a_model_that_cannot_be_loaded_ends_with_a_sentence(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMBEDDING_MODEL = "./no-such-folder"
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(CommandError, match=r"could not be loaded.* Check its name"):
        prepare()
