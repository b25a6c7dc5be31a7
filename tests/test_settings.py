"""supportbot.settings, env and checks: variables are read as written, wrong ones are told."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from pytest_django import Settings

from supportbot import account_settings, checks
from supportbot.checks import check_settings
from supportbot.env import env_bool, env_float, env_int, env_list, env_secret, env_str
from supportbot.settings import BASE_DIR, _celery_url, _database

PROXY_SEEN = Path(tempfile.gettempdir()) / "supportbot-proxy-seen"

OPENID = replace(account_settings.OPENID, issuer="https://login.example", client_id="x")

# id → the settings that bring it about
WRONG: dict[str, dict[str, Any]] = {
    "supportbot.E001": {"ANSWER_MODE": "sometimes"},
    "supportbot.W002": {"MODEL": "gpt", "OPENAI_API_KEY": "", "OPENAI_BASE_URL": ""},
    "supportbot.E003": {
        "MODEL": "gpt",
        "OPENAI_API_KEY": "k",
        "OPENAI_BASE_URL": "localhost:11434/v1",
    },
    "supportbot.E004": {"EMBEDDING_MODEL": "/no/such/folder"},
    "supportbot.E005": {"WIDGET_ORIGINS": ["https://shop.example", "shop.example/page"]},
    "supportbot.E007": {"MODEL_TEMPERATURE": "warm"},
    "supportbot.E011": {"MODEL_CONTEXT_TOKENS": 100},
    "supportbot.W008": {"SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https")},
    "supportbot.W009": {"DATA_DIR": PROXY_SEEN},
    "supportbot.W033": {"SPEECH_FOLDER": "/no/such/folder"},
    "supportbot.E010": {"IDENTITY_SECRET": "too short"},
    "supportbot.E031": {"OPENID": replace(OPENID, issuer="http://login.example")},
    "supportbot.E032": {"OPENID": replace(OPENID, roles={"cs": "Boss"})},
    "supportbot.E021": {"TICKETS": {"assignment": "by lot"}},
    "supportbot.E012": {"ANSWER_CACHE": "sometimes"},
    "supportbot.E013": {"PROOF_OF_WORK": "sometimes"},
    "supportbot.E006": {"RATE_LIMITS": {"visitors": "a lot", "messages": "20/minute"}},
}


# -- Checks ---------------------------------------------------------------------------------------
def test_the_settings_as_they_are_have_nothing_wrong() -> None:
    assert check_settings() == []
    assert [message for message in run_checks() if str(message.id).startswith("supportbot")] == []


@pytest.mark.parametrize("check", sorted(WRONG))
def test_a_wrong_setting_is_told_with_its_id_and_a_hint(settings: Settings, check: str) -> None:
    PROXY_SEEN.mkdir(exist_ok=True)
    (PROXY_SEEN / "unknown_proxy_seen").touch()
    for name, value in WRONG[check].items():
        setattr(settings, name, value)
    (message,) = check_settings()
    assert message.id == check
    assert message.hint
    assert message.is_serious() == check.startswith("supportbot.E") or message.level == 30


def test_every_check_is_tried_here() -> None:
    written = set(re.findall(r"supportbot\.[EW]\d{3}", Path(checks.__file__).read_text("utf-8")))
    assert written == set(WRONG)


@pytest.mark.parametrize(
    "values",
    [
        {"MODEL": "gpt", "OPENAI_API_KEY": "k"},
        {"MODEL": "llama", "OPENAI_BASE_URL": "http://localhost:11434/v1"},
        {"WIDGET_ORIGINS": ["https://shop.example", "http://localhost:8080"]},
        {"EMBEDDING_MODEL": "BAAI/bge-small-en-v1.5"},
        {"EMBEDDING_MODEL": "/"},
        {"ANSWER_MODE": "draft"},
    ],
)
def test_right_settings_are_not_complained_about(
    settings: Settings, values: dict[str, Any]
) -> None:
    for name, value in values.items():
        setattr(settings, name, value)
    assert check_settings() == []


# -- Variables ------------------------------------------------------------------------------------
def test_a_variable_is_read_or_its_default_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", "  value ")
    monkeypatch.setenv("EMPTY", " ")
    assert (env_str("X", "default"), env_str("EMPTY", "default")) == ("value", "default")
    assert env_str("MISSING_HERE") == ""


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1", True), ("TRUE", True), ("yes", True), ("On", True), ("0", False), ("no", False)],
)
def test_yes_and_no_are_understood(
    monkeypatch: pytest.MonkeyPatch, value: str, expected: bool
) -> None:
    monkeypatch.setenv("X", value)
    assert env_bool("X", default=not expected) is expected
    monkeypatch.delenv("X")
    assert env_bool("X", default=True) is True


def test_numbers_and_lists_are_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", "7")
    assert (env_int("X", 1), env_float("X", 1.0), env_int("MISSING_HERE", 1)) == (7, 7.0, 1)
    monkeypatch.setenv("X", " a, ,b ,")
    assert (env_list("X"), env_list("MISSING_HERE")) == (["a", "b"], [])
    monkeypatch.setenv("X", "seven")
    with pytest.raises(ValueError, match="seven"):
        env_int("X", 1)


def test_a_secret_may_come_from_a_file_which_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("from the file\n")
    monkeypatch.setenv("X", "from the environment")
    assert env_secret("X") == "from the environment"
    monkeypatch.setenv("X_FILE", str(tmp_path / "secret"))
    assert env_secret("X") == "from the file"
    monkeypatch.setenv("X_FILE", str(tmp_path / "missing"))
    with pytest.raises(FileNotFoundError):
        env_secret("X")
    assert env_secret("MISSING_HERE", "default") == "default"


# -- Addresses ------------------------------------------------------------------------------------
def test_a_database_is_named_by_its_address() -> None:
    database = _database("postgresql://ada:p%40ss%2F@db.example:6543/support?sslmode=require")
    assert (database["NAME"], database["USER"], database["PASSWORD"]) == (
        "support",
        "ada",
        "p@ss/",
    )
    assert (database["HOST"], database["PORT"]) == ("db.example", "6543")
    assert database["OPTIONS"]["sslmode"] == "require"


@pytest.mark.parametrize(
    "written", ["/srv/my%20data/pg", "%2Fsrv%2Fmy%20data%2Fpg", "/srv/my+data/pg"]
)
def test_a_socket_folder_may_have_a_space_in_it(written: str) -> None:
    database = _database(f"postgresql://postgres@/support?host={written}&port=5433")
    assert (database["HOST"], database["PORT"]) == ("/srv/my data/pg", "5433")
    assert (database["NAME"], database["USER"]) == ("support", "postgres")
    assert {"host", "port"}.isdisjoint(database["OPTIONS"])


def test_a_database_address_may_leave_things_out() -> None:
    database = _database("postgresql://localhost")
    assert (database["NAME"], database["PORT"], database["PASSWORD"]) == ("supportbot", "", "")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://localhost:6379/3", "redis://localhost:6379/3"),
        ("rediss://h/0", "rediss://h/0"),
        ("unix:///run/redis.sock", "redis+socket:///run/redis.sock?virtual_host=0"),
        ("unix:///run/redis.sock?db=2", "redis+socket:///run/redis.sock?virtual_host=2"),
    ],
)
def test_celery_gets_redis_in_its_own_spelling(url: str, expected: str) -> None:
    assert _celery_url(url) == expected


# -- The whole file, read in a process of its own --------------------------------------------------
def settings_with(folder: Path, **variables: str) -> dict[str, Any]:
    names = ["SECRET_KEY", "DEBUG", "ALLOWED_HOSTS", "RATE_LIMITS", "SESSION_COOKIE_SECURE"]
    code = (
        "import json; from supportbot import settings as s; "
        f"print(json.dumps({{n: getattr(s, n) for n in {names}}}))"
    )
    kept = {"PATH": os.environ["PATH"], "SUPPORTBOT_DATA_DIR": str(folder)}
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=BASE_DIR,
        env={**kept, **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    values: dict[str, Any] = json.loads(result.stdout)
    return values


def test_a_secret_key_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    first = settings_with(tmp_path)
    assert len(first["SECRET_KEY"]) > 50
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0
    assert settings_with(tmp_path) == first
    assert settings_with(tmp_path, SUPPORTBOT_SECRET_KEY="mine")["SECRET_KEY"] == "mine"


def test_nothing_is_open_unless_it_is_opened(tmp_path: Path) -> None:
    closed = settings_with(tmp_path)
    assert closed["DEBUG"] is False
    assert closed["ALLOWED_HOSTS"] == ["localhost", "127.0.0.1", "[::1]"]
    opened = settings_with(tmp_path, SUPPORTBOT_ALLOWED_HOSTS="a.example", SUPPORTBOT_HTTPS="1")
    assert opened["ALLOWED_HOSTS"] == ["a.example"]
    assert opened["SESSION_COOKIE_SECURE"] is True
