"""supportbot.mail.transcripts: a conversation by e-mail, to whoever had it and as no spam."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.conf import settings as configured
from django.contrib.auth.models import User
from pytest_django import Settings
from redis import Redis
from rest_framework.test import APIClient

from supportbot.api import visitor_tokens
from supportbot.mail.sending import send_due
from tests.api.conftest import as_visitor
from tests.mail.conftest import Smtp
from tests.mail.test_sending import text_of
from tests.tickets.cast import actions_on, ask, reply_in
from tickets.models import Conversation, Customer, OutgoingEmail


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    Redis.from_url(configured.REDIS_URL).flushdb()


@pytest.fixture
def api(conversation: Conversation) -> APIClient:
    return as_visitor(visitor_tokens.issue(conversation.customer_id).token)


def path_of(conversation: Conversation) -> str:
    return f"/api/v1/conversations/{conversation.pk}/transcript/"


def test_a_visitor_gets_the_conversation_in_its_language_and_strangers_get_no_spam(
    api: APIClient, conversation: Conversation, ben: User, smtp: Smtp
) -> None:
    Conversation.objects.filter(pk=conversation.pk).update(language="de")
    path, to = path_of(conversation), {"email": "ada@example.org"}
    assert api.post(path, to).json()["code"] == "nothing_said"
    ask(
        conversation, "My kettle leaks. Win at https://win.example/now or shop.example " + "x" * 900
    )
    reply_in(conversation, ben, "Please descale it first.")
    assert api.post(path, {}).json()["code"] == "no_email"
    sent = api.post(path, to)
    assert (sent.status_code, sent.json()) == (202, {"address": "a…@example.org"})
    assert "customer.transcript_requested" in actions_on(conversation)
    send_due()
    (mail,) = [one for one in smtp.taken if "Gespräch" in one["Subject"]]
    assert (mail["To"], mail["Reply-To"]) == ("ada@example.org", None)
    text = text_of(mail)
    assert "Please descale it first." in text
    assert "My kettle leaks. Win at […] or […]" in text
    assert "x" * 300 not in text
    assert "#support-chat" not in text, "whoever reads it does not get into the chat"
    assert "Waren Sie das nicht" in text


def test_a_customer_who_has_signed_in_gets_it_at_the_companys_address(
    api: APIClient, conversation: Conversation, ben: User, smtp: Smtp
) -> None:
    Customer.objects.filter(pk=conversation.customer_id).update(
        external_id="c-1", email="ada@example.org"
    )
    ask(conversation, "See https://shop.example/kettle")
    reply_in(conversation, ben, "Thank you.")
    assert api.post(path_of(conversation), {"email": "eve@example.org"}).status_code == 202
    send_due()
    (mail,) = [one for one in smtp.taken if one["Subject"].startswith("Your conversation")]
    assert mail["To"] == "ada@example.org"
    assert "https://shop.example/kettle" in text_of(mail)
    assert "Somebody asked" not in text_of(mail)


def test_no_more_than_a_few_go_out_and_only_of_ones_own_conversations(
    conversation: Conversation, ben: User, api: APIClient, smtp: Smtp, settings: Settings
) -> None:
    ask(conversation, "Hello?")
    reply_in(conversation, ben, "Hello.")
    before = OutgoingEmail.objects.filter(is_transcript=True)
    path, to = path_of(conversation), {"email": "ada@example.org"}
    eve = as_visitor(visitor_tokens.issue(Customer.objects.create().pk).token)
    assert eve.post(path, to).status_code == 404
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "transcripts_address": "1/day"}
    assert api.post(path, to).status_code == 202
    assert api.post(path, {"email": "ADA@example.org"}).status_code == 429, "whoever asks"
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "transcripts": "1/hour"}
    codes = [api.post(path, {"email": f"{n}@example.org"}).status_code for n in range(2)]
    assert codes == [202, 429]
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "transcripts_network": "1/hour"}
    settings.RATE_LIMITS |= {"transcripts": "9/hour"}
    codes = [api.post(path, {"email": f"{n}@example.net"}).status_code for n in range(2)]
    assert codes == [202, 429]
    assert before.count() == 3
    settings.MAIL = replace(settings.MAIL, sends=False)
    offers = APIClient().post("/api/v1/visitors/", {}, format="json").json()["offers"]
    assert "mail" not in offers
