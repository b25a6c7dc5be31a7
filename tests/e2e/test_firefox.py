"""The widget in Firefox: on a page of somebody else's, with a streamed answer and its source."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.firefox import ENTER, firefox
from tests.e2e.shop import shop
from tests.e2e.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.browser]

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A shop</title>
<link rel="icon" href="data:,"></head><body><h1>A shop</h1>
<script src="{url}/static/widget/support-chat.js" async></script></body></html>"""

WRITTEN = """document.querySelector('support-chat').shadowRoot
  .querySelector('[data-testid="input"]').value"""


def test_firefox_shows_an_answer_and_the_passage_that_it_rests_on(
    demo_stack: Stack, shop_port: int, tmp_path: Path
) -> None:
    (tmp_path / "firefox.html").write_text(PAGE.format(url=demo_stack.url), encoding="utf-8")
    with shop(tmp_path, shop_port) as address, firefox() as ada:
        ada.goto(f"{address}firefox.html")
        ada.click("launcher")
        ada.click("input")
        ada.type(f"How long do I have to return something?{ENTER}")
        ada.wait_for("feedback-up")
        sentences = ada.texts("sentence")
        assert any("days" in sentence for sentence in sentences)
        ada.click("citation")
        quotes = ada.wait_for("source-quote")
        (source,) = ada.texts("source")
        assert all(quote.strip() and quote in source for quote in quotes)
        assert ada.evaluate(WRITTEN) == ""  # what was sent stands in the box no more
        assert ada.errors == []
