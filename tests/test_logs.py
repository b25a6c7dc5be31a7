"""supportbot.logs: what goes wrong is logged; customers' words and secrets are not."""

from __future__ import annotations

import logging.config
from collections.abc import Callable
from pathlib import Path

import pytest
import structlog

from supportbot.logs import logging_config


def written(folder: Path, log: Callable[[], None], *, as_json: bool) -> str:
    """What `log` writes to a log file."""
    config = logging_config(level="INFO", as_json=as_json)
    path = folder / "log"
    config["handlers"]["stderr"] = {
        **config["handlers"]["stderr"],
        "class": "logging.FileHandler",
        "filename": str(path),
    }
    before = logging.getLogger().handlers[:]
    logging.config.dictConfig(config)
    try:
        log()
        return path.read_text(encoding="utf-8")
    finally:
        logging.getLogger().handlers[:] = before


@pytest.mark.parametrize("as_json", [False, True])
def test_a_logged_exception_shows_no_values(tmp_path: Path, as_json: bool) -> None:
    def log() -> None:
        customer_words = "my card is 4111"
        try:
            raise RuntimeError("it broke")
        except RuntimeError:
            structlog.get_logger("test").exception("failed", words=len(customer_words))

    logged = written(tmp_path, log, as_json=as_json)
    assert "it broke" in logged
    assert "4111" not in logged


@pytest.mark.parametrize("as_json", [False, True])
def test_a_log_line_holds_kinds_in_place_of_personal_data(tmp_path: Path, as_json: bool) -> None:
    def log() -> None:
        logger = structlog.get_logger("test")
        logger.info(
            "mail to ada@example.org", to=["ada@example.org"], at={"tel": "+44 20 7946 0958"}
        )
        logger.warning("odd", error=ValueError("card 4111 1111 1111 1111"), milliseconds=12345678)
        logging.getLogger("other").warning("from %s", "GB82 WEST 1234 5698 7654 32")
        try:
            raise RuntimeError("no such customer: ada@example.org")
        except RuntimeError:
            logger.exception("failed", run="05546289-3155-4c93-8823-1afeec6ce402")

    logged = written(tmp_path, log, as_json=as_json)
    for secret in ("ada@", "7946", "4111", "WEST"):
        assert secret not in logged
    for kind in ("EMAIL", "PHONE", "CARD", "IBAN"):
        assert f"<{kind}>" in logged
    assert "12345678" in logged
    assert "05546289-3155-4c93-8823-1afeec6ce402" in logged
