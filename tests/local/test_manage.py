"""`manage.py` knows which commands need servers, and takes --data-dir everywhere."""

import os

import pytest

from manage import needs_servers, take_data_dir


@pytest.mark.parametrize(
    "line",
    [
        "",
        "--version",
        "help ingest",
        "ingest --help",
        "up --port 9000",
        "check",
        "test",
    ],
)
def test_these_need_no_servers(line: str) -> None:
    assert not needs_servers(line.split())


@pytest.mark.parametrize(
    "line", ["ingest docs", "migrate", "token admin", "check --database default", "bench chat"]
)
def test_these_need_servers(line: str) -> None:
    assert needs_servers(line.split())


@pytest.mark.parametrize("option", [["--data-dir", "elsewhere"], ["--data-dir=elsewhere"]])
def test_the_data_folder_is_taken_from_any_command(
    monkeypatch: pytest.MonkeyPatch, option: list[str]
) -> None:
    monkeypatch.setenv("SUPPORTBOT_DATA_DIR", "before")
    assert take_data_dir(["ingest", *option, "docs"]) == ["ingest", "docs"]
    assert os.environ["SUPPORTBOT_DATA_DIR"] == "elsewhere"
