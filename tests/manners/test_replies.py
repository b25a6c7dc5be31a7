"""What the bot says to each manner."""

from __future__ import annotations

import pytest

from supportbot.manners.models import Manner, MannerReply
from supportbot.manners.recognise import Recognised
from supportbot.manners.replies import DEFAULTS, REGRET, reply_to

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("manner", list(Manner))
def test_each_manner_has_words_that_speak_of_no_missing_answer(manner: Manner) -> None:
    said = reply_to(Recognised(manner, 1.0)).text
    assert said == DEFAULTS[manner]
    assert "could not find" not in said
    assert len(said.split()) <= 30
    assert said != REGRET


@pytest.mark.parametrize("manner", [Manner.COMPLAINT, Manner.INSULT, Manner.NOT_HELPED])
def test_somebody_unhappy_is_offered_a_person(manner: Manner) -> None:
    assert reply_to(Recognised(manner, 1.0)).offer_handover


@pytest.mark.parametrize("manner", [Manner.GREETING, Manner.THANKS, Manner.PERSON])
def test_somebody_who_needs_no_offer_gets_none(manner: Manner) -> None:
    assert not reply_to(Recognised(manner, 1.0)).offer_handover


def test_the_companys_own_words_are_said(replies: None) -> None:
    MannerReply.objects.filter(manner=Manner.GREETING).update(text="Moin! ")
    assert reply_to(Recognised(Manner.GREETING, 1.0)).text == "Moin!"


def test_blank_words_are_those_of_the_product(replies: None) -> None:
    MannerReply.objects.filter(manner=Manner.GREETING).update(text="  ")
    assert reply_to(Recognised(Manner.GREETING, 1.0)).text == DEFAULTS[Manner.GREETING]
