"""E-mail in, through a real IMAP server: threads, tickets, loops, bounces, files."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from email.message import EmailMessage

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from supportbot.answers.models import AnswerRun
from supportbot.answers.runner import execute
from supportbot.answers.threads import in_thread
from supportbot.mail import imap as reading
from supportbot.mail import receiving
from supportbot.mail.models import IncomingEmail, Mailbox
from supportbot.mail.receiving import process_waiting, store_incoming
from supportbot.mail.sending import send_due
from tests.mail.conftest import Imap, Smtp, free_port
from tests.mail.letters import ANSWERS, OWN, answer_to, letter
from tests.tickets.cast import actions_on, ask, reply_in
from tickets.models import (
    Attachment,
    AuditEntry,
    Conversation,
    Customer,
    Message,
    OutgoingEmail,
    Ticket,
    TicketLink,
)
from tickets.services.contact import check_contact, leave_address
from tickets.services.drafts import send_reply
from tickets.services.tickets import change_status
from tickets.tasks import close_idle

Status = IncomingEmail.Status


def take(*letters: EmailMessage) -> list[IncomingEmail]:
    """What is made of e-mails that came in."""
    rows = [store_incoming(raw=one.as_bytes(), source="webhook")[0] for one in letters]
    process_waiting()
    for row in rows:
        row.refresh_from_db()
    return rows


def sent_by(agent: User, ticket: Ticket, text: str, smtp: Smtp) -> EmailMessage:
    """The e-mail that an agent's reply becomes."""
    send_reply(ticket=ticket, agent=agent, text=text)
    assert send_due() == 1
    return smtp.taken[-1]


# -- The mailbox ----------------------------------------------------------------------------------
def test_an_email_from_somebody_new_opens_a_ticket(smtp: Smtp, imap: Imap, db: None) -> None:
    imap.deliver(letter("How long may I take to return a kettle?").as_bytes())
    assert reading.poll() == 1
    assert process_waiting() == 1
    customer = Customer.objects.get()
    assert (customer.name, customer.email) == ("Ada Lovelace", "ada@example.org")
    ticket = Ticket.objects.get()
    assert (ticket.subject, ticket.status) == ("Returning a kettle", Ticket.Status.NEW)
    conversation = ticket.conversation
    assert conversation.channel == Conversation.Channel.EMAIL
    message = conversation.messages.get()
    assert message.text == "How long may I take to return a kettle?"
    assert AnswerRun.objects.get().question == message, "the bot writes a draft or an answer"
    assert actions_on(message) == ["email.received"]
    assert "ticket.opened" in actions_on(ticket)


def test_a_mailbox_is_read_once(smtp: Smtp, imap: Imap, db: None) -> None:
    first, second = letter("One."), letter("Two.")
    imap.deliver(first.as_bytes())
    assert reading.poll() == 1
    assert reading.poll() == 0
    imap.deliver(first.as_bytes())  # a server that delivers twice
    imap.deliver(second.as_bytes())
    assert reading.poll() == 1
    process_waiting()
    assert sorted(Message.objects.values_list("text", flat=True)) == ["One.", "Two."]


def test_what_a_person_has_read_in_the_mailbox_is_fetched_all_the_same(
    smtp: Smtp, imap: Imap, db: None
) -> None:
    assert reading.poll() == 0
    imap.deliver(letter().as_bytes())
    with reading.connected(imap.server) as box:
        box.flag(box.uids(), ["\\Seen"], True)
    assert reading.poll() == 1


def test_a_crash_while_polling_loses_nothing(
    smtp: Smtp, imap: Imap, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for text in ("One.", "Two.", "Three."):
        imap.deliver(letter(text).as_bytes())
    real = reading._store
    stored: list[int] = []

    def die_at_the_second(*args: object) -> bool:
        if stored:
            raise KeyboardInterrupt
        stored.append(1)
        return real(*args)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(reading, "_store", die_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            reading.poll()
    assert reading.poll() == 2
    process_waiting()
    assert Message.objects.count() == 3


def test_one_process_polls_at_a_time(imap: Imap, db: None) -> None:
    reading.poll()
    Mailbox.objects.update(lease_until=timezone.now() + dt.timedelta(minutes=1))
    assert reading.poll() is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"port": 1}, "could not be reached"),
        ({"password": "wrong"}, "refused the log-in of support@shop.example"),
        ({"folder": "Nowhere"}, "has no folder “Nowhere”"),
    ],
)
def test_what_is_wrong_with_a_mailbox_is_said_in_words(
    imap: Imap, db: None, settings: Settings, change: dict[str, object], words: str
) -> None:
    settings.MAIL = replace(settings.MAIL, imap=replace(imap.server, **change))  # type: ignore[arg-type]
    with pytest.raises(reading.MailboxError, match=words):
        reading.poll()
    box = Mailbox.objects.get()
    assert words in box.last_error
    assert (box.lease_until, box.last_success_at) == (None, None)


def test_the_command_says_what_works(
    smtp: Smtp, imap: Imap, db: None, capsys: pytest.CaptureFixture[str], settings: Settings
) -> None:
    call_command("mail", "check")
    said = capsys.readouterr().out
    assert "Out: works, from Tidewater <support@shop.example> through 127.0.0.1." in said
    assert "Mailbox: works, support@shop.example@127.0.0.1/INBOX has 0 e-mails." in said
    settings.EMAIL_PORT = free_port()
    with pytest.raises(SystemExit):
        call_command("mail", "check")
    assert "Out: does not work. The mail server could not be reached" in capsys.readouterr().out


# -- Threads --------------------------------------------------------------------------------------
def test_a_round_trip_stays_in_one_ticket(smtp: Smtp, imap: Imap, ben: User) -> None:
    take(letter("My kettle leaks."))
    ticket = Ticket.objects.get()
    ours = sent_by(ben, ticket, "Please descale it first.", smtp)
    ticket.refresh_from_db()
    assert ticket.status == Ticket.Status.PENDING
    imap.deliver(answer_to(ours, ANSWERS["Gmail"][0]).as_bytes())
    reading.poll()
    process_waiting()
    texts = list(ticket.conversation.messages.values_list("author", "text"))
    assert texts == [
        ("customer", "My kettle leaks."),
        ("agent", "Please descale it first."),
        ("customer", OWN),
    ]
    ticket.refresh_from_db()
    assert ticket.status == Ticket.Status.OPEN
    again = sent_by(ben, ticket, "Then send it to us.", smtp)
    assert again["In-Reply-To"] in {row.mail_id for row in IncomingEmail.objects.all()}
    assert str(ours["Message-ID"]) in again["References"]


@pytest.mark.parametrize("program", ANSWERS)
def test_answers_of_five_programs_hold_what_was_written(
    smtp: Smtp, ben: User, program: str
) -> None:
    take(letter("My kettle leaks."))
    ours = sent_by(ben, Ticket.objects.get(), "Please descale the machine first.", smtp)
    plain, html = ANSWERS[program]
    take(answer_to(ours, plain, html=html))
    assert Message.objects.order_by("seq").last().text == OWN  # type: ignore[union-attr]


def test_the_ids_alone_lead_to_the_thread(smtp: Smtp, ben: User) -> None:
    take(letter("My kettle leaks."))
    ours = sent_by(ben, Ticket.objects.get(), "Please descale it.", smtp)
    (row,) = take(answer_to(ours, "I did.", to="support@shop.example"))
    assert row.conversation == Ticket.objects.get().conversation


def test_the_signed_address_alone_leads_to_the_thread(smtp: Smtp, ben: User) -> None:
    take(letter("My kettle leaks."))
    ours = sent_by(ben, Ticket.objects.get(), "Please descale it.", smtp)
    (row,) = take(letter("I did.", to=str(ours["Reply-To"]), subject="Another subject"))
    assert row.conversation == Ticket.objects.get().conversation


def test_somebody_else_who_answers_speaks_for_themselves(smtp: Smtp, ben: User) -> None:
    take(letter("My kettle leaks."))
    ours = sent_by(ben, Ticket.objects.get(), "Please descale it.", smtp)
    (row,) = take(answer_to(ours, "Send me her invoices.", sender="mallory@example.net"))
    assert row.conversation != Ticket.objects.order_by("pk")[0].conversation
    assert Ticket.objects.count() == Customer.objects.count() == 2


def test_a_reply_reopens_a_solved_ticket(smtp: Smtp, ben: User) -> None:
    take(letter("My kettle leaks."))
    ticket = Ticket.objects.get()
    ours = sent_by(ben, ticket, "Please descale it.", smtp)
    change_status(ticket=ticket, status=Ticket.Status.SOLVED, agent=ben)
    # Weeks later, with the sweep for silent conversations in between.
    Conversation.objects.update(last_message_at=timezone.now() - dt.timedelta(days=20))
    close_idle()
    take(answer_to(ours, "It leaks again."))
    ticket.refresh_from_db()
    assert ticket.status == Ticket.Status.REOPENED
    assert Ticket.objects.count() == 1


def test_a_reply_to_a_closed_ticket_opens_another_that_follows_it(smtp: Smtp, ben: User) -> None:
    take(letter("My kettle leaks."))
    ticket = Ticket.objects.get()
    ours = sent_by(ben, ticket, "Please descale it.", smtp)
    change_status(ticket=ticket, status=Ticket.Status.CLOSED, agent=ben)
    take(answer_to(ours, "It leaks again."))
    new = Ticket.objects.exclude(pk=ticket.pk).get()
    assert new.conversation.continues.get() == ticket.conversation
    assert new.subject == ticket.subject
    link = TicketLink.objects.get()
    assert (link.ticket, link.other) == (ticket, new)
    assert new.conversation.channel == Conversation.Channel.EMAIL
    ticket.refresh_from_db()
    assert ticket.status == Ticket.Status.CLOSED


def test_an_answer_to_a_chat_goes_back_into_it(
    smtp: Smtp, ben: User, conversation: Conversation
) -> None:
    Customer.objects.update(email="ada@example.org")
    ask(conversation, "My kettle leaks.")
    reply_in(conversation, ben, "Please descale it.")
    OutgoingEmail.objects.update(due_at=timezone.now())
    send_due()
    (row,) = take(answer_to(smtp.taken[0], "I did."))
    assert row.conversation == conversation
    # She is by e-mail now, so the next words go there at once.
    reply_in(conversation, ben, "Then send it to us.")
    assert send_due() == 1


# -- The bot --------------------------------------------------------------------------------------
async def test_the_bot_answers_by_mode(
    transactional_db: None, smtp: Smtp, settings: Settings
) -> None:
    settings.MAIL = replace(settings.MAIL, mode=settings.ANSWER_MODE)
    await in_thread(take)(letter("Hello"))
    run = await in_thread(AnswerRun.objects.get)()
    await execute(run.pk)
    assert await in_thread(send_due)() == 1
    assert smtp.taken[0]["Auto-Submitted"] == "auto-replied"
    assert smtp.taken[0]["To"] == "Ada Lovelace <ada@example.org>"


# -- Machines -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"Auto_Submitted": "auto-replied"}, "Auto-Submitted: auto-replied"),
        ({"Precedence": "bulk"}, "Precedence: bulk"),
        ({"List_Id": "<news.example.org>"}, "mailing list"),
        ({"X_Autoreply": "yes"}, "automatic reply"),
        ({"Return_Path": "<>"}, "no reply"),
        ({"sender": "noreply@example.org"}, "Nobody reads"),
        ({"sender": "Tidewater <support@shop.example>"}, "our own address"),
        ({"sender": "support+abc@shop.example"}, "our own address"),
    ],
)
def test_what_a_machine_wrote_is_put_aside(
    smtp: Smtp, db: None, headers: dict[str, str], words: str
) -> None:
    (row,) = take(letter("I am away until Monday.", **headers))
    assert row.status == Status.IGNORED
    assert words in row.reason
    assert Message.objects.count() == Ticket.objects.count() == Customer.objects.count() == 0


def test_a_person_may_say_that_no_machine_wrote_it(smtp: Smtp, db: None) -> None:
    (row,) = take(letter(Auto_Submitted="no"))
    assert row.status == Status.RECEIVED


def test_our_own_email_that_comes_back_is_put_aside(smtp: Smtp, ben: User) -> None:
    take(letter("My kettle leaks."))
    ours = sent_by(ben, Ticket.objects.get(), "Please descale it.", smtp)
    del ours["From"]
    ours["From"] = "ada@example.org"  # a mailbox that sends everything back
    (row,) = take(ours)
    assert (row.status, row.reason) == (
        Status.IGNORED,
        "It is an e-mail of ours that came back to us.",
    )


def test_two_programs_that_answer_each_other_stop(
    smtp: Smtp, ben: User, settings: Settings
) -> None:
    settings.MAIL = replace(settings.MAIL, max_per_hour=5)
    take(letter("Ticket received."))
    ticket = Ticket.objects.get()
    for number in range(8):
        take(letter(f"Ticket received, number {number}."))
    assert IncomingEmail.objects.filter(status=Status.RECEIVED).count() == 5
    put_aside = IncomingEmail.objects.filter(status=Status.IGNORED)
    assert put_aside.count() == 4
    assert "within an hour" in put_aside[0].reason
    assert ticket.pk


def bounce_of(ours: EmailMessage, action: str = "failed") -> bytes:
    return (
        "From: MAILER-DAEMON@mx.example.org\r\nTo: support@shop.example\r\n"
        "Subject: Undelivered Mail\r\nMessage-ID: <b@mx.example.org>\r\n"
        "Auto-Submitted: auto-replied\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="B"\r\n\r\n'
        "--B\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n"
        "--B\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.org\r\n"
        f"\r\nFinal-Recipient: rfc822; ada@example.org\r\nAction: {action}\r\n"
        f"Status: {'5.1.1' if action == 'failed' else '4.0.0'}\r\n"
        "Diagnostic-Code: smtp; 550 No such user\r\n"
        f"\r\n--B\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {ours['Message-ID']}\r\n"
        "\r\n--B--\r\n"
    ).encode()


def test_a_bounce_is_noted_on_the_customer(smtp: Smtp, ben: User) -> None:
    take(letter("My kettle leaks."))
    ours = sent_by(ben, Ticket.objects.get(), "Please descale it.", smtp)
    store_incoming(raw=bounce_of(ours), source="imap")
    process_waiting()
    customer = Customer.objects.get()
    assert customer.email_bounce == "550 No such user"
    take(letter("I am here again."))
    customer.refresh_from_db()
    assert customer.email_bounced_at is None


def test_a_mail_that_is_late_is_no_bounce(smtp: Smtp, ben: User) -> None:
    take(letter("My kettle leaks."))
    ours = sent_by(ben, Ticket.objects.get(), "Please descale it.", smtp)
    row, _ = store_incoming(raw=bounce_of(ours, "delayed"), source="imap")
    process_waiting()
    row.refresh_from_db()
    assert row.status == Status.IGNORED
    assert Customer.objects.get().email_bounced_at is None


# -- Files and odd letters ------------------------------------------------------------------------
def test_files_are_kept_by_what_they_are(smtp: Smtp, db: None) -> None:
    mail = letter("See the picture.")
    png = b"\x89PNG\r\n\x1a\n" + b"0" * 40
    mail.add_attachment(png, maintype="text", subtype="html", filename="../../etc/leak.html")
    mail.add_attachment(b"MZ\x90\x00", maintype="image", subtype="png", filename="photo.png")
    mail.add_attachment(b"", maintype="image", subtype="png", filename="empty.png")
    take(mail)
    kept = {file.name: file for file in Attachment.objects.all()}
    assert kept["leak.html"].content_type == "image/png"
    assert kept["leak.html"].file.read() == png
    assert kept["photo.png"].refused == "It is a program, which is not kept."
    assert kept["empty.png"].refused == "It is empty."
    assert AuditEntry.objects.filter(action="attachment.refused").count() == 2


def test_files_are_under_the_limit_of_uploads(smtp: Smtp, db: None, settings: Settings) -> None:
    settings.UPLOAD_MAX_BYTES = 1024**2
    mail = letter()
    mail.add_attachment(b"x" * (1024**2 + 1), maintype="text", subtype="plain", filename="a.txt")
    take(mail)
    assert Attachment.objects.get().refused == "It is larger than 1 MB."


def test_a_file_is_deleted_with_its_message(
    smtp: Smtp, db: None, django_capture_on_commit_callbacks: object
) -> None:
    mail = letter()
    mail.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="a.pdf")
    take(mail)
    file = Attachment.objects.get().file
    storage, name = file.storage, str(file.name)
    assert storage.exists(name)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        Customer.objects.all().delete()
    assert not storage.exists(name)


def test_a_long_letter_is_attached_whole(smtp: Smtp, db: None, settings: Settings) -> None:
    settings.MESSAGE_MAX_CHARACTERS = 100
    take(letter("word " * 100))
    message = Message.objects.get()
    assert len(message.text) <= 100
    assert message.text.endswith("(The whole e-mail is attached.)")
    assert message.attachments.get().file.read().decode().count("word") == 100


def test_a_letter_without_words_says_its_subject(smtp: Smtp, db: None) -> None:
    take(letter("\n", subject="Call me"))
    assert Message.objects.get().text == "Call me"


def test_what_is_forwarded_is_kept(smtp: Smtp, db: None) -> None:
    text = "Is this from you?\n\n---------- Forwarded message ---------\nFrom: x\n\nYou won!"
    take(letter(text, subject="Fwd: Prize"))
    assert "You won!" in Message.objects.get().text


def test_a_letter_that_cannot_be_dealt_with_is_kept_and_tried_again(
    smtp: Smtp, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    mail = letter()
    mail.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="a.pdf")
    with monkeypatch.context() as patch:
        patch.setattr(receiving, "store_attachment", fail)
        (row,) = take(mail)
    assert (row.status, row.reason) == (Status.NEW, "OSError: the disk is full")
    assert Message.objects.count() == 0, "nothing half done"
    IncomingEmail.objects.update(due_at=timezone.now())
    assert process_waiting() == 1
    assert Message.objects.count() == 1


def test_what_nobody_sent_ends_as_failed(db: None) -> None:
    row, _ = store_incoming(raw=b"Subject: x\r\n\r\nhello", source="imap")
    process_waiting()
    row.refresh_from_db()
    assert (row.status, row.reason) == (Status.FAILED, "The e-mail does not say who sent it.")


def test_a_left_address_brings_nobody_elses_mail_into_the_chat(
    smtp: Smtp, conversation: Conversation
) -> None:
    """Whoever leaves the address of somebody else gets none of what that person writes to us."""
    leave_address(conversation=conversation, contact=check_contact(email="vera@example.org"))
    (row,) = take(letter(sender="Vera <vera@example.org>", text="My order is late."))
    assert row.conversation is not None
    assert row.conversation.customer_id != conversation.customer_id
