"""What the sender has written themselves, without the text that their mail program quotes.

mail-parser-reply knows the headings of quotes in 13 languages, and signatures. Of an HTML mail the
elements that mail programs put quotes into are taken out before. (talon is unmaintained since 2017,
email-reply-parser knows English alone.)
"""

from __future__ import annotations

import re
from itertools import pairwise

from lxml import etree
from mailparser_reply import EmailReplyParser

from knowledge.reading.html import render_html

LANGUAGES = ["en", "de", "fr", "es", "it", "nl", "pl", "sv", "da", "cs", "ja", "ko", "zh"]
_PARSER = EmailReplyParser(languages=LANGUAGES)
# Gmail, Yahoo, Thunderbird's heading, ProtonMail, Outlook on the web and for phones.
_QUOTES = (
    "//*[contains(concat(' ', normalize-space(@class), ' '), ' gmail_quote ')]"
    " | //*[contains(concat(' ', normalize-space(@class), ' '), ' yahoo_quoted ')]"
    " | //*[contains(concat(' ', normalize-space(@class), ' '), ' moz-cite-prefix ')]"
    " | //*[contains(concat(' ', normalize-space(@class), ' '), ' protonmail_quote ')]"
    " | //blockquote[@type='cite']"
    " | //*[@id='divRplyFwdMsg']/following-sibling::*"
    " | //*[@id='divRplyFwdMsg'] | //*[@id='appendonsend']/following-sibling::*"
    " | //*[@id='mail-editor-reference-message-container']"
)
# Outlook for Windows has no element for it: a rule above “From: … Sent: …”.
_OUTLOOK_RULE = "//div[contains(translate(@style, ' ', ''), 'border-top:solid#E1E1E1')]"
_DEVICE = re.compile(
    r"(?:sent (?:from|with) (?:my|the) .{2,60}|get outlook for .{2,80}|sent from outlook.{0,60}"
    r"|sent from yahoo mail.{0,60}|von meinem .{2,60} gesendet|gesendet mit .{2,60}"
    r"|envoyé de mon .{2,60}|enviado desde mi .{2,60})\.?",
    re.IGNORECASE,
)
_SIGNATURE = re.compile(r"\n-- ?\n(?:.*\n?){1,8}\Z")  # RFC 3676, section 4.3
_HEADING = re.compile(
    r"(?:on|am|le|el|il|op)\b.{5,200}(?:wrote|schrieb|écrit|escribió|scritto).{0,80}:"
)
_RULE = re.compile(
    r"[-_=\s]{5,}(?:original message|ursprüngliche nachricht)?[-_=\s]*", re.IGNORECASE
)


def reply_of_text(text: str) -> str:
    """The reply in a plain text mail; empty if all of it is quoted."""
    text = text.replace("\r\n", "\n").replace("\u00a0", " ").replace("\ufeff", "")
    reply = _PARSER.read(text=text).latest_reply or ""
    return _trim(_SIGNATURE.sub("", _below_the_quote(reply)))


def reply_of_html(html: str) -> str:
    """The reply in an HTML mail, as text. Nothing that it refers to is loaded."""
    return reply_of_text(text_of_html(without_quotes(html)))


def text_of_html(html: str) -> str:
    """An HTML mail as text, by the product's own reader of HTML."""
    return render_html(html).strip()


def without_quotes(html: str) -> str:
    parser = etree.HTMLParser(recover=True, no_network=True, encoding="utf-8")
    content = html.replace("\x00", "").encode("utf-8", errors="replace")
    root = etree.fromstring(content, parser) if content.strip() else None
    if root is None:
        return ""
    for element in [*root.xpath(_QUOTES), *_outlook_quote(root)]:
        parent = element.getparent()
        if parent is None:
            continue
        if element.tail and (before := element.getprevious()) is not None:
            before.tail = (before.tail or "") + element.tail
        elif element.tail:
            parent.text = (parent.text or "") + element.tail
        parent.remove(element)
    return str(etree.tostring(root, encoding="unicode", method="html"))


def _outlook_quote(root: etree._Element) -> list[etree._Element]:
    """The heading of a quote in Outlook for Windows, and all that follows on it."""
    found = root.xpath(_OUTLOOK_RULE)
    if not found:
        return []
    # The rule may stand in a <div> of its own.
    heading = found[0]
    while (above := heading.getparent()) is not None and len(above) == 1 and above.tag == "div":
        heading = above
    return [heading, *heading.itersiblings()]


def _below_the_quote(reply: str) -> str:
    """Who answers below the quote has written what follows on it. Who answers between the lines
    keeps the lines they answer."""
    lines = reply.strip().split("\n")
    start = 1 if _HEADING.fullmatch(lines[0].strip().lower()) else 0
    rest = [line for line in lines[start:] if line.strip()]
    if not rest or not rest[0].startswith(">"):
        return reply
    quoted = [line.startswith(">") for line in rest]
    changes = sum(before != after for before, after in pairwise(quoted))
    if all(quoted):
        return ""
    if changes > 1:
        return "\n".join(lines[start:])
    own = [line for line in lines[start:] if not line.startswith(">")]
    return "\n".join(own)


def _trim(reply: str) -> str:
    lines = reply.rstrip().split("\n")
    while lines and (not lines[-1].strip() or _is_furniture(lines[-1].strip())):
        lines.pop()
    return "\n".join(line.rstrip() for line in lines).strip()


def _is_furniture(line: str) -> bool:
    plain = re.sub(r"<[^>]*>|\[|\]\([^)]*\)|[*_]", "", line).strip()
    return bool(_RULE.fullmatch(line) or _DEVICE.fullmatch(plain))
