"""What a follow-up question refers to, and that it is answered so."""

from __future__ import annotations

import datetime as dt

import pytest

from knowledge.models import Audience
from supportbot.answers.composer import compose
from supportbot.retrieval.caches import clear_caches
from supportbot.retrieval.earlier_turns import follows_up, referred_text, standing_alone
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


@pytest.mark.parametrize(
    ("earlier", "text", "expected"),
    [
        (["do you deliver to Spain"], "and to Norway?", "do you deliver to Norway"),
        (["do you deliver to Spain", "and to Norway?"], "Poland too?", "do you deliver to Poland"),
        (["how much is the kettle?"], "and the duo?", "how much is the duo"),
        (["what does a 250 g bag cost"], "and 1 kg", "what does a 1 kg bag cost"),
        (
            ["how do I get an invoice"],
            "for a guest order?",
            "how do I get an invoice for a guest order",
        ),
        (["do you match prices"], "also Amazon's?", "do you match prices Amazon's"),
        (["how much is the kettle"], "and can I return it", ""),
        (["how much is the kettle"], "shipping", ""),
        (["how much is the kettle"], "thanks", ""),
        ([], "and to Norway?", ""),
    ],
)
def test_a_fragment_stands_for_a_whole_question(
    earlier: list[str], text: str, expected: str
) -> None:
    assert standing_alone(text, turns(*earlier)) == expected


@pytest.mark.parametrize(
    ("text", "alone", "likeness", "expected"),
    [
        ("can I change my order after it has shipped", 0.8, 0.0, False),
        ("how do I descale the ingle one", 0.8, 0.0, False),
        ("forgot my password", 0.8, 0.3, True),  # about the same thing
        ("who pays the postage", 0.3, 0.0, True),  # the documents do not answer it alone
        ("is it free", 0.9, 0.0, True),
        ("for how long?", 0.9, 0.0, True),
    ],
)
def test_a_question_that_stands_alone_is_asked_alone(
    text: str, alone: float, likeness: float, expected: bool
) -> None:
    assert follows_up(text, alone, likeness) is expected


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
