"""supportbot.guardrails.detectors.links: what a browser may be led to."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from supportbot.guardrails.detectors.links import detect
from supportbot.guardrails.detectors.types import Context, Stage

SOURCES = ("See https://shop.example/returns or write to help@shop.example.",)
SENTENCE = Context(Stage.SENTENCE, sources=SOURCES)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("See https://shop.example/returns.", []),
        ("Write to help@shop.example.", []),
        ("It takes 3.5 days, e.g. from Monday.", []),
        ("See https://evil.example/?q=secret.", ["foreign_link"]),
        ("See evil.example/x for more.", ["foreign_link"]),
        ("![logo](https://evil.example/a.png)", ["foreign_link", "picture"]),
        ("![logo][1]", ["picture"]),
        ("<img src=x onerror=alert(1)>", ["html"]),
        ("<script>alert(1)</script>", ["html", "html"]),
        ("[Click](javascript:alert(1))", ["foreign_link"]),
        ("It is < 3 kg and > 1 kg.", []),
    ],
)
def test_only_addresses_of_the_sources_may_be_shown(text: str, kinds: list[str]) -> None:
    assert sorted(one.reason for one in detect(text, SENTENCE)) == sorted(kinds)


def test_hosts_of_the_allow_list_may_be_shown_too(settings: Settings) -> None:
    settings.ALLOWED_LINK_HOSTS = ["partner.example"]
    assert detect("See https://www.partner.example/a.", SENTENCE) == []
    assert detect("See https://partner.example.evil.example/a.", SENTENCE) != []
    assert detect("See https://notpartner.example/a.", SENTENCE) != []
