"""Routes: what they cost, where keys lie, and presets that are sound."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError
from pytest_django import Settings

from supportbot.llm.keys import read_key
from supportbot.llm.presets import presets
from supportbot.llm.routes import ModelRoute, Purpose, estimate_tokens


def test_the_price_is_for_a_million_tokens() -> None:
    route = ModelRoute(name="a", model="m", price_in=Decimal("0.40"), price_out=Decimal("1.60"))
    assert route.cost(1_000_000, 500_000) == Decimal("1.20")
    assert route.cost(0, 0) == 0


@pytest.mark.parametrize(
    "key",
    [
        "sk-live-1234567890",
        "DATABASE_URL",
        "SUPPORTBOT_SECRET_KEY",
        "SUPPORTBOT_EMBEDDING_API_KEY",
        "AWS_SECRET_ACCESS_KEY",
        "/etc/passwd",
        "file:../secret_key",
        "file:/etc/passwd",
    ],
)
def test_a_key_is_named_and_no_other_secret_can_be(key: str) -> None:
    with pytest.raises(ValidationError, match="name an environment variable"):
        ModelRoute(name="a", model="m", key=key)


def test_a_key_is_read_from_where_it_lies(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SECRETS_DIR, settings.OPENAI_API_KEY = tmp_path, "from-settings"
    (tmp_path / "claude").write_text("from-file\n")
    monkeypatch.setenv("MISTRAL_API_KEY", "from-environment")
    assert read_key("OPENAI_API_KEY") == "from-settings"
    assert read_key("file:claude") == "from-file"
    assert read_key("MISTRAL_API_KEY") == "from-environment"
    assert (read_key(""), read_key("file:missing"), read_key("NO_SUCH_API_KEY")) == ("", "", "")


def test_the_presets_name_what_the_issue_of_routes_needs() -> None:
    hosts = " ".join(preset.route.base_url for preset in presets().values())
    for host in ("openai", "googleapis", "anthropic", "mistral", "deepseek", "8000", "11434"):
        assert host in hosts
    assert {preset.route.purpose for preset in presets().values()} == {
        Purpose.SMALL,
        Purpose.LARGE,
        Purpose.TRANSCRIBE,
    }
    for preset in presets().values():
        is_local = "localhost" in preset.route.base_url
        assert is_local == (preset.route.price_out == 0)
        assert is_local == (preset.route.key == "")


@pytest.mark.parametrize(
    "wrong", [{"name": "Two words"}, {"base_url": "localhost:11434"}, {"price_in": -1}]
)
def test_a_route_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ModelRoute(**{"name": "a", "model": "m", **wrong})  # type: ignore[arg-type]


def test_tokens_are_rather_overestimated() -> None:
    assert estimate_tokens("") == 0
    assert estimate_tokens("Opened coffee beans cannot be returned.") >= 8
    assert estimate_tokens("退货需在三十天内") >= 8
