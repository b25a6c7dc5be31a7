"""What a follow-up question refers to, and that it is answered so."""

from __future__ import annotations

import datetime as dt

import pytest

from knowledge.models import Audience
from supportbot.answers.composer import compose
from supportbot.retrieval.caches import clear_caches
from supportbot.retrieval.follow_ups import referred_text
from supportbot.retrieval.query import Turn
from supportbot.retrieval.search import Scope, search
from tests.conftest import Publish

RATES = """# Shipping rates

| Destination | Up to 2 kg | 5 to 15 kg |
|---|---|---|
| Germany | £9.95 | £19.95 |
| Spain | £12.95 | £26.95 |
| Portugal | £12.95 | £27.95 |
"""


def turns(*questions: str) -> list[Turn]:
    return [turn for text in questions for turn in (Turn("customer", text), Turn("bot", "Yes."))]


@pytest.mark.parametrize(
    ("earlier", "text", "expected"),
    [
        (["do you deliver to Spain"], "and how much for 6 kg", "do you deliver to Spain"),
        (["do you deliver to Spain"], "how long does that take", "do you deliver to Spain"),
        (["can I cancel", "for how long"], "is it free", "can I cancel for how long"),
        (["do you deliver to Spain", "and 6 kg?"], "what about Portugal", "and 6 kg?"),
        (["do you deliver to Spain"], "how do I return an opened machine", ""),
        ([], "and how much for 6 kg", ""),
    ],
)
def test_what_a_follow_up_refers_to(earlier: list[str], text: str, expected: str) -> None:
    assert referred_text(text, turns(*earlier)) == expected


def test_a_follow_up_is_answered_about_what_was_asked_before(publish: Publish) -> None:
    publish(RATES, "rates.md", title="Shipping rates")
    clear_caches()
    scope = Scope(dt.date(2026, 11, 21), Audience.PUBLIC)

    def said(text: str, *earlier: str) -> str:
        found = search(text, scope=scope, history=turns(*earlier))
        return compose(found)[0].text

    spain = "how much is delivery to spain"
    assert said("and for 6 kg", spain) == "Spain: £26.95."
    assert said("what about portugal", spain, "and for 6 kg") == "Portugal: £27.95."
