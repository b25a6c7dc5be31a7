"""E-mails as five mail programs write them."""

from __future__ import annotations

import uuid
from email.message import EmailMessage
from typing import Any

ADA = "Ada Lovelace <ada@example.org>"
SUPPORT = "support@shop.example"


def letter(
    text: str = "How long may I take to return a kettle?",
    *,
    sender: str = ADA,
    to: str = SUPPORT,
    subject: str = "Returning a kettle",
    html: str = "",
    **headers: str,
) -> EmailMessage:
    """An e-mail with a Message-ID of its own; header names with `_` for `-`."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Message-ID"] = headers.pop("Message_ID", f"<{uuid.uuid4().hex}@example.org>")
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    if text:
        message.set_content(text)
        if html:
            message.add_alternative(html, subtype="html")
    else:
        message.set_content(html, subtype="html")
    return message


def answer_to(message: EmailMessage, text: str, **more: Any) -> EmailMessage:
    """What a mail program makes of “Reply” to an e-mail that we sent."""
    headers = {
        "In_Reply_To": str(message["Message-ID"]),
        "References": f"{message['References'] or ''} {message['Message-ID']}".strip(),
    }
    to = more.pop("to", str(message["Reply-To"]))
    return letter(text, to=to, subject=str(message["Subject"]), **headers, **more)


QUOTED = "Please descale the machine first."
OWN = "I did that. It still leaks."

# Mail program → (plain text, HTML) of an answer whose own words are OWN.
ANSWERS: dict[str, tuple[str, str]] = {
    "Gmail": (
        f"{OWN}\n\nOn Tue, 24 Nov 2026 at 10:12, Tidewater <\nsupport+abc@shop.example> wrote:\n\n"
        f"> Hello Ada,\n> {QUOTED}\n>\n> Ben\n",
        f'<div dir="ltr">{OWN}</div><br><div class="gmail_quote gmail_quote_container">'
        '<div dir="ltr" class="gmail_attr">On Tue, 24 Nov 2026 at 10:12, Tidewater &lt;'
        '<a href="mailto:support@shop.example">support@shop.example</a>&gt; wrote:<br></div>'
        f'<blockquote class="gmail_quote"><div>{QUOTED}</div></blockquote></div>',
    ),
    "Outlook": (
        f"{OWN}\n\n________________________________\nFrom: Tidewater <support@shop.example>\n"
        "Sent: Tuesday, November 24, 2026 10:12 AM\nTo: Ada <ada@example.org>\n"
        f"Subject: Re: Leak [#12]\n\nHello Ada,\n{QUOTED}\n",
        f'<html><body><div class="WordSection1"><p class="MsoNormal">{OWN}</p>'
        '<div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm">'
        '<p class="MsoNormal"><b>From:</b> Tidewater &lt;support@shop.example&gt;<br>'
        "<b>Sent:</b> Tuesday, November 24, 2026 10:12 AM<br><b>To:</b> Ada<br>"
        f'<b>Subject:</b> Re: Leak [#12]</p></div></div><p class="MsoNormal">{QUOTED}</p>'
        "</div></body></html>",
    ),
    "Apple Mail": (
        f"{OWN}\n\n> On 24 Nov 2026, at 10:12, Tidewater <support@shop.example> wrote:\n> \n"
        f"> \ufeffHello Ada,\n> {QUOTED}\n",
        f'<html><body>{OWN}<br><div><br><blockquote type="cite"><div>On 24 Nov 2026, at 10:12, '
        f"Tidewater &lt;support@shop.example&gt; wrote:</div><div>{QUOTED}</div></blockquote></div>"
        "</body></html>",
    ),
    "Thunderbird": (
        f"On 24/11/2026 10:12, Tidewater wrote:\n> Hello Ada,\n> {QUOTED}\n\n{OWN}\n\n-- \n"
        "Ada Lovelace\nAnalytical Engines\n",
        '<html><body><div class="moz-cite-prefix">On 24/11/2026 10:12, Tidewater wrote:<br></div>'
        f'<blockquote type="cite" cite="mid:1@shop.example"><p>{QUOTED}</p></blockquote>'
        f"<p>{OWN}</p></body></html>",
    ),
    "a phone": (
        f"{OWN}\n\nSent from my Samsung Galaxy smartphone.\n\n-------- Original message --------\n"
        "From: Tidewater <support@shop.example>\nDate: 24/11/2026 10:12 (GMT+00:00)\n"
        f"To: Ada <ada@example.org>\nSubject: Re: Leak [#12]\n\nHello Ada,\n{QUOTED}\n",
        f'<div dir="auto">{OWN}</div><div id="ms-outlook-mobile-signature">Get <a href="https://'
        'aka.ms/AAb9ysg">Outlook for Android</a></div><hr><div id="divRplyFwdMsg"><b>From:</b> '
        f"Tidewater<br></div><div>{QUOTED}</div>",
    ),
}
