"""supportbot.logs: what goes wrong is logged; customers' words and secrets are not."""

from __future__ import annotations

import logging.config
from pathlib import Path

import pytest
import structlog

from supportbot.logs import logging_config


@pytest.mark.parametrize("as_json", [False, True])
def test_a_logged_exception_shows_no_values(tmp_path: Path, as_json: bool) -> None:
    config = logging_config(level="INFO", as_json=as_json)
    path = tmp_path / "log"
    config["handlers"]["stderr"] = {
        **config["handlers"]["stderr"],
        "class": "logging.FileHandler",
        "filename": str(path),
    }
    before = logging.getLogger().handlers[:]
    logging.config.dictConfig(config)
    try:
        customer_words = "my card is 4111"
        try:
            raise RuntimeError("it broke")
        except RuntimeError:
            structlog.get_logger("test").exception("failed", words=len(customer_words))
        logged = path.read_text(encoding="utf-8")
    finally:
        logging.getLogger().handlers[:] = before
    assert "it broke" in logged
    assert "4111" not in logged
