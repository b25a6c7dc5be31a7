"""E-mail out: what agents say reaches customers who have left, once, through a real SMTP server."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from email.message import EmailMessage
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from supportbot.api import visitor_tokens
from supportbot.api.contact import page_of_ours
from supportbot.mail import sending
from supportbot.mail.addresses import find_conversation_id, reply_address
from supportbot.mail.sending import claim, send_due
from tests.api.conftest import as_visitor
from tests.mail.conftest import Smtp, free_port
from tests.tickets.cast import actions_on, ask, at_once, reply_in
from tickets.models import AuditEntry, Conversation, Customer, OutgoingEmail
from tickets.services.attachments import store_attachment
from tickets.services.availability import set_away
from tickets.services.conversations import start_conversation
from tickets.services.events import events_after
from tickets.services.messages import add_bot_answer
from tickets.services.tickets import ensure_ticket

Status = OutgoingEmail.Status


@pytest.fixture
def talk(smtp: Smtp, ada: Customer) -> Conversation:
    """Ada's chat; her address is known, and she has left."""
    Customer.objects.filter(pk=ada.pk).update(email="ada@example.org")
    ada.refresh_from_db()
    conversation = start_conversation(customer=ada)
    ask(conversation, "My kettle leaks.")
    return conversation


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def later(minutes: float) -> int:
    """What is sent when so much time has passed."""
    OutgoingEmail.objects.filter(status=Status.WAITING).update(
        due_at=timezone.now() - dt.timedelta(minutes=minutes)
    )
    return send_due()


def test_an_address_left_in_the_chat_gets_the_reply_and_a_link_back(
    smtp: Smtp, conversation: Conversation, ben: User, settings: Settings
) -> None:
    settings.WIDGET_ORIGINS = ["https://shop.example"]
    token = visitor_tokens.issue(conversation.customer_id).token
    api, path = as_visitor(token), f"/api/v1/conversations/{conversation.pk}"
    ask(conversation, "My kettle leaks.")
    set_away(agent=ben, away=True, by=ben)
    api.post(f"{path}/handover/")
    (waiting,) = [one for one in _events(conversation) if one["type"] == "handover.changed"]
    assert waiting["offer_address"], "nobody is at the desk"

    wrong = api.post(f"{path}/address/", {"email": "ada at example"}).json()
    assert (wrong["code"], wrong["detail"][:25]) == ("bad_email", "This is no e-mail address")
    page = "https://shop.example/kettles?cart=7"
    body = {"email": " ada@example.org ", "name": "Ada L.", "consent": "Yes.", "page": page}
    assert api.post(f"{path}/address/", body).json() == {"address": "a…@example.org"}
    assert _events(conversation)[-1]["address"] == "a…@example.org"
    entry = AuditEntry.objects.get(action="customer.address_left")
    assert entry.data == {"by": "customer", "consent": "Yes."}

    reply_in(conversation, ben, "Please descale it first.")
    assert later(0) == 1
    (mail,) = smtp.taken
    assert mail["To"] == '"Ada L." <ada@example.org>'
    link = re.search(r"Go on in the chat: (\S+)", text_of(mail))
    assert link is not None
    where, _, back = link[1].partition("#support-chat=")
    assert where == "https://shop.example/kettles"
    again = APIClient().post("/api/v1/visitors/", {"return_token": back}).json()
    assert again["visitor_id"] == str(conversation.customer_id)
    forged = APIClient().post("/api/v1/visitors/", {"return_token": token}).json()
    assert forged["visitor_id"] != again["visitor_id"]


@pytest.mark.parametrize("page", ["https://evil.example/", "javascript:alert(1)", "/", "http://["])
def test_no_link_leads_to_a_page_of_others(page: str, db: None) -> None:
    assert page_of_ours(page, "support.example") == ""


def _events(conversation: Conversation) -> list[dict[str, Any]]:
    return events_after(conversation.pk, 0)


def test_an_agents_words_reach_a_customer_who_has_left(
    talk: Conversation, ben: User, smtp: Smtp
) -> None:
    ticket = ensure_ticket(conversation=talk)
    reply_in(talk, ben, "Please descale it first.")
    assert send_due() == 0, "not before she has been away for some minutes"
    assert later(0) == 1
    (mail,) = smtp.taken
    assert mail["Subject"] == f"Re: My kettle leaks. [#{ticket.pk}]"
    assert mail["To"] == "Ada <ada@example.org>"
    assert mail["From"] == "Tidewater <support@shop.example>"
    assert find_conversation_id([mail["Reply-To"].addresses[0].addr_spec]) == talk.pk
    text = text_of(mail)
    assert text.startswith("Please descale it first.\n\nBen\n")
    assert "> My kettle leaks." in text
    email = OutgoingEmail.objects.get()
    assert (email.status, mail["Message-ID"]) == (Status.SENT, email.message_id)
    assert actions_on(email) == ["email.sent"]


def test_what_is_said_in_a_few_minutes_is_one_email(
    talk: Conversation, ben: User, smtp: Smtp
) -> None:
    for text in ("One.", "Two.", "Three."):
        reply_in(talk, ben, text)
    assert later(0) == 1
    (mail,) = smtp.taken
    text = text_of(mail)
    assert text.index("One.") < text.index("Two.") < text.index("Three.")
    reply_in(talk, ben, "Four.")
    assert later(0) == 1
    second = smtp.taken[1]
    assert (second["In-Reply-To"], second["References"]) == (mail["Message-ID"],) * 2


def test_who_reads_it_in_the_chat_gets_no_email(
    talk: Conversation, ben: User, smtp: Smtp, ada: Customer
) -> None:
    reply_in(talk, ben, "Please descale it first.")
    Customer.objects.filter(pk=ada.pk).update(last_seen_at=timezone.now() + dt.timedelta(minutes=2))
    assert later(0) == 0
    assert OutgoingEmail.objects.get().status == Status.DROPPED
    assert smtp.taken == []


def test_who_has_just_left_is_given_time_to_come_back(
    talk: Conversation, ben: User, ada: Customer
) -> None:
    reply_in(talk, ben, "Please descale it first.")
    Customer.objects.filter(pk=ada.pk).update(last_seen_at=timezone.now())
    assert later(0) == 0
    email = OutgoingEmail.objects.get()
    assert email.status == Status.WAITING
    assert email.due_at > timezone.now() + dt.timedelta(minutes=4)
    Customer.objects.filter(pk=ada.pk).update(last_seen_at=timezone.now() - dt.timedelta(minutes=6))
    assert later(0) == 1


def test_nobody_without_an_address_is_written_to(
    smtp: Smtp, conversation: Conversation, ben: User
) -> None:
    reply_in(conversation, ben, "Hello.")
    assert OutgoingEmail.objects.count() == 0


def test_nothing_is_queued_where_email_is_off(
    conversation: Conversation, ada: Customer, ben: User
) -> None:
    Customer.objects.filter(pk=ada.pk).update(email="ada@example.org")
    reply_in(conversation, ben, "Hello.")
    assert OutgoingEmail.objects.count() == 0


@pytest.mark.parametrize("wanted", [True, False])
def test_the_bots_answers_go_where_the_installation_wants_them(
    talk: Conversation, smtp: Smtp, settings: Settings, wanted: bool
) -> None:
    settings.MAIL = replace(settings.MAIL, bot_answers=wanted)
    question = ask(talk)
    cited = [{"text": "Within 30 days.", "citations": [{"title": "Returns policy"}]}]
    add_bot_answer(question=question, run_id=question.pk, text="Within 30 days.", sentences=cited)
    assert later(0) == int(wanted)
    if wanted:
        (mail,) = smtp.taken
        assert mail["Auto-Submitted"] == "auto-replied"
        assert "From: Returns policy" in text_of(mail)


def test_the_files_of_a_message_go_with_it(talk: Conversation, ben: User, smtp: Smtp) -> None:
    store_attachment(
        message=reply_in(talk, ben, "See the label."), name="label.pdf", content=b"%PDF-1.4 x"
    )
    later(0)
    (file,) = smtp.taken[0].iter_attachments()
    assert (file.get_filename(), file.get_content_type()) == ("label.pdf", "application/pdf")


def test_files_are_sent_although_the_words_were_read_in_the_chat(
    talk: Conversation, ben: User, smtp: Smtp, ada: Customer
) -> None:
    store_attachment(message=reply_in(talk, ben, "See it."), name="label.txt", content=b"label")
    Customer.objects.filter(pk=ada.pk).update(last_seen_at=timezone.now() + dt.timedelta(minutes=2))
    assert later(0) == 1


def test_what_an_agent_writes_is_no_markup_and_what_is_no_name_is_not_said(
    talk: Conversation, ben: User, smtp: Smtp
) -> None:
    Customer.objects.update(name="Your prize is at w3ird.invalid")
    reply_in(talk, ben, "<script>alert(1)</script>\nBye")
    later(0)
    assert smtp.taken[0]["To"] == "ada@example.org"
    html = smtp.taken[0].get_body(("html",))
    assert html is not None
    assert "<script>" not in html.get_content()


# -- Exactly once ---------------------------------------------------------------------------------
def test_of_many_senders_at_once_one_sends(
    transactional_db: None, talk: Conversation, ben: User, smtp: Smtp
) -> None:
    reply_in(talk, ben, "Once.")
    OutgoingEmail.objects.update(due_at=timezone.now())
    results = at_once([send_due] * 4)
    assert sorted(map(str, results)) == ["0", "0", "0", "1"]
    assert len(smtp.taken) == 1


def test_after_a_crash_it_goes_out_under_the_same_id(
    talk: Conversation, ben: User, smtp: Smtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    reply_in(talk, ben, "Once.")

    def die(email: OutgoingEmail) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sending, "_mark_sent", die)
        with pytest.raises(KeyboardInterrupt):
            later(0)
    assert send_due() == 0, "the lease has not ended"
    reply_in(talk, ben, "A message from after the crash.")
    OutgoingEmail.objects.filter(status=Status.SENDING).update(lease_until=timezone.now())
    assert send_due() == 1
    first, second = smtp.taken
    assert first["Message-ID"] == second["Message-ID"]
    assert text_of(first) == text_of(second)


def test_a_message_that_comes_while_it_is_sent_goes_into_another(
    talk: Conversation, ben: User
) -> None:
    reply_in(talk, ben, "First.")
    taken = claim(OutgoingEmail.objects.get().pk)
    assert taken is not None
    reply_in(talk, ben, "Second.")
    assert [email.parts.count() for email in OutgoingEmail.objects.order_by("pk")] == [1, 1]


# -- What goes wrong ------------------------------------------------------------------------------
def test_a_dead_address_is_noted_on_its_customer(
    talk: Conversation, ben: User, ada: Customer
) -> None:
    Customer.objects.filter(pk=ada.pk).update(email="gone@example.org")
    reply_in(talk, ben, "Hello?")
    assert later(0) == 0
    assert OutgoingEmail.objects.get().status == Status.BOUNCED
    ada.refresh_from_db()
    assert ada.email_bounced_at is not None
    assert ada.email_bounce == "550 5.1.1 No such mailbox here"
    assert actions_on(ada) == ["customer.email_bounced"]
    reply_in(talk, ben, "Still there?")
    assert OutgoingEmail.objects.count() == 1, "nothing more is sent there"


def test_a_busy_server_is_asked_again_later(talk: Conversation, ben: User, ada: Customer) -> None:
    Customer.objects.filter(pk=ada.pk).update(email="busy@example.org")
    reply_in(talk, ben, "Hello?")
    assert later(0) == 0
    email = OutgoingEmail.objects.get()
    assert (email.status, email.error) == (Status.SENDING, "451 4.3.0 Try again later")
    assert email.lease_until is not None
    assert email.lease_until > timezone.now()
    for _ in sending.RETRY_MINUTES:
        OutgoingEmail.objects.update(lease_until=timezone.now())
        send_due()
    email.refresh_from_db()
    assert (email.status, email.attempts) == (Status.FAILED, len(sending.RETRY_MINUTES) + 1)
    assert actions_on(email) == ["email.failed"]


def test_a_server_that_is_down_loses_nothing(
    talk: Conversation, ben: User, smtp: Smtp, settings: Settings
) -> None:
    settings.EMAIL_PORT = free_port()
    reply_in(talk, ben, "Hello?")
    assert later(0) == 0
    assert "could not be reached" in OutgoingEmail.objects.get().error
    settings.EMAIL_PORT = smtp.port
    OutgoingEmail.objects.update(lease_until=timezone.now())
    assert send_due() == 1
    assert OutgoingEmail.objects.get().error == ""


# -- The address to answer to ---------------------------------------------------------------------
def test_a_signed_address_leads_back_whatever_its_case(
    smtp: Smtp, conversation: Conversation
) -> None:
    address = reply_address(conversation.pk)
    assert len(address.partition("@")[0]) <= 64
    assert find_conversation_id(["x@y.example", address.upper()]) == conversation.pk


def test_a_forged_address_leads_nowhere(smtp: Smtp, conversation: Conversation) -> None:
    address = reply_address(conversation.pk)
    other = f"{address[:20]}{'a' if address[20] != 'a' else 'b'}{address[21:]}"
    for wrong in (other, "support+@shop.example", "support+abc@shop.example", "support@x", ""):
        assert find_conversation_id([wrong]) is None


def test_an_address_survives_a_change_of_the_key(
    smtp: Smtp, conversation: Conversation, settings: Settings
) -> None:
    address = reply_address(conversation.pk)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"
    assert find_conversation_id([address]) == conversation.pk
    settings.SECRET_KEY_FALLBACKS = []
    assert find_conversation_id([address]) is None
