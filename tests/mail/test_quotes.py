"""supportbot.mail.quotes and parsing: what the sender wrote, in five programs' styles."""

from __future__ import annotations

import pytest

from supportbot.mail.parsing import UnreadableMailError, parse_mail
from supportbot.mail.quotes import reply_of_text
from tests.mail.letters import ANSWERS, OWN, QUOTED, letter


@pytest.mark.parametrize("program", ANSWERS)
def test_the_quoted_text_of_a_plain_answer_is_removed(program: str) -> None:
    mail = parse_mail(letter(ANSWERS[program][0]).as_bytes())
    assert mail.reply == OWN
    assert QUOTED in mail.text


@pytest.mark.parametrize("program", ANSWERS)
def test_the_quoted_text_of_an_html_answer_is_removed(program: str) -> None:
    mail = parse_mail(letter("", html=ANSWERS[program][1]).as_bytes())
    assert mail.reply == OWN
    assert QUOTED in mail.text


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("Yes please.\n\nSent from my iPhone", "Yes please."),
        ("Ja.\n\nVon meinem iPhone gesendet", "Ja."),
        ("No.\n\nGet Outlook for Android<https://aka.ms/AAb9ysg>", "No."),
        (
            "Es leckt.\n\nVon: Tidewater <support@shop.example>\nGesendet: Dienstag, 24. November "
            "2026 10:12\nAn: Ada <ada@example.org>\nBetreff: AW: Leck\n\nHallo Ada,\n",
            "Es leckt.",
        ),
        # Answers between the lines make no sense without the lines.
        ("> Did you descale it?\nYes.\n> With what?\nVinegar.", None),
        ("Hello,\n\nmy kettle from: the shop leaks.\nI wrote: it leaks.", None),
        ("I paid > 30 pounds.\n> 30, I said.", None),
    ],
)
def test_what_a_person_wrote_stays(text: str, reply: str | None) -> None:
    assert reply_of_text(text) == (text if reply is None else reply)


def test_nothing_of_html_is_left_that_could_run() -> None:
    html = (
        '<p>Hi<script>alert(1)</script><img src=x onerror="alert(2)"><a href="javascript:x">y</a>'
    )
    mail = parse_mail(letter("", html=html).as_bytes())
    assert mail.text == "Hi y"


def test_the_newest_reference_comes_first() -> None:
    mail = parse_mail(letter(References="<1@x> <2@x>", In_Reply_To="<3@x>").as_bytes())
    assert mail.references == ("<3@x>", "<2@x>", "<1@x>")


@pytest.mark.parametrize("subject", ["Re: Fwd: Kettle", "AW: WG: Kettle", "RE[2]: Kettle"])
def test_a_subject_is_what_it_was_before_answers(subject: str) -> None:
    assert parse_mail(letter(subject=subject).as_bytes()).subject == "Kettle"


def test_a_letter_without_an_id_gets_one_of_its_content() -> None:
    raw = letter().as_bytes().replace(b"Message-ID", b"X-Other")
    assert parse_mail(raw).message_id == parse_mail(raw).message_id
    assert parse_mail(raw).message_id != parse_mail(raw + b"!").message_id


@pytest.mark.parametrize("raw", [b"", b"\x00\xff", b"Subject: x\r\n\r\nhello", b"From: ,\r\n\r\nx"])
def test_what_nobody_sent_is_refused(raw: bytes) -> None:
    with pytest.raises(UnreadableMailError, match="does not say who sent it"):
        parse_mail(raw)


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "no-such-charset"])
def test_letters_in_any_charset_are_read(charset: str) -> None:
    raw = f"From: a@example.org\r\nContent-Type: text/plain; charset={charset}\r\n\r\n".encode()
    body = "Größe?".encode("utf-8" if charset != "iso-8859-1" else charset)
    assert parse_mail(raw + body).reply == "Größe?"
