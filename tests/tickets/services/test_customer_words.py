"""What the product says to customers, in the language of their conversation."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.contrib.auth.models import User

from tests.tickets.cast import ask
from tickets.models import Conversation
from tickets.services import waiting
from tickets.services.availability import set_away
from tickets.services.conversations import close_conversation
from tickets.services.customer_words import all_words, note_language, words_in
from tickets.services.events import events_after
from tickets.services.handover import PASSED_ON, REASONS, SAY_WHY, request_person
from tickets.services.office_hours import Away

LANGUAGES = {"de", "fr", "es", "pt", "it", "nl", "pl", "ar", "ja"}


def test_every_language_says_everything_with_what_is_put_in() -> None:
    words = all_words()
    assert set(words) == LANGUAGES
    german = words["de"]
    for said in words.values():
        assert set(said) == set(german)
        for key, text in said.items():
            assert text
            assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", german[key])), key
    plain = {str(reason) for reason, text in REASONS.items() if text != PASSED_ON}
    assert plain <= set(german) - {"passed_on"}
    assert set(map(str, SAY_WHY)) <= set(german)


def test_a_customer_reads_the_language_of_the_widget(conversation: Conversation, ben: User) -> None:
    note_language(conversation, "de")
    ask(conversation, "Hallo, mein Kessel tropft.")
    set_away(agent=ben, away=True, by=ben)
    request_person(conversation=conversation, reason=Conversation.Reason.REPEATED)
    close_conversation(conversation=conversation, by=Conversation.ClosedBy.CUSTOMER)
    said = [event["text"] for event in events_after(conversation.pk, 0) if event.get("text")]
    assert said[0].startswith("Meine Antwort scheint nicht zu helfen. Ich gebe Sie an")
    assert "Im Moment ist niemand da." in said[0]
    assert said[-1] == "Sie haben dieses Gespräch beendet."


def test_the_words_of_the_administrator_are_said_as_they_are(conversation: Conversation) -> None:
    note_language(conversation, "de")
    request_person(conversation=conversation, text="Call 0800 4711.")
    (event,) = [one for one in events_after(conversation.pk, 0) if "text" in one]
    assert event["text"].startswith("Call 0800 4711. ")


@pytest.mark.parametrize("language", ["en", "xx", None, 7, "de-DE"])
def test_what_has_no_words_is_said_in_english(conversation: Conversation, language: object) -> None:
    note_language(conversation, language)
    assert words_in(conversation.language, "next", "You are next.") == "You are next."


def test_days_are_named_in_the_language() -> None:
    now = dt.datetime(2026, 11, 27, 12, tzinfo=dt.UTC)
    back = Away(now + dt.timedelta(days=3), "UTC")
    assert "am Montag, 30 November um 12:00" in waiting._back(back, now, "de")
    assert waiting._back(back, now, "") == " and is back on Monday, 30 November at 12:00 (UTC)"
