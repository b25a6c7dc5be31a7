"""The short replies to each manner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from supportbot.manners.models import Manner, MannerReply
from supportbot.manners.recognise import Recognised

DEFAULTS: Mapping[str, str] = {
    Manner.GREETING: "Hello! What would you like to know?",
    Manner.THANKS: "You are welcome. Is there anything else you would like to know?",
    Manner.GOODBYE: "Goodbye, and thank you for writing.",
    Manner.ARE_YOU_A_BOT: (
        "I am an automated assistant. I answer from our documents and show you where it says so. "
        "You can also talk to a person."
    ),
    Manner.WHAT_CAN_YOU_DO: (
        "I answer questions from our policies and manuals, with the passages they rest on. "
        "Ask me in your own words, or talk to a person."
    ),
    Manner.ACKNOWLEDGEMENT: "All right. Ask me whenever there is something else.",
    Manner.NOT_HELPED: (
        "I am sorry that did not help. Could you put it in other words, or would you like to talk "
        "to a person?"
    ),
    Manner.COMPLAINT: (
        "I am sorry about that. A colleague can look into it: would you like to talk to a person?"
    ),
    Manner.INSULT: "I am sorry this is frustrating. Would you like to talk to a person?",
    Manner.PERSON: "I am passing you on to a colleague.",
    Manner.SMALL_TALK: (
        "I am best at questions about our products and policies. What would you like to know?"
    ),
}
OFFERS_A_PERSON = frozenset(
    {
        Manner.ARE_YOU_A_BOT,
        Manner.WHAT_CAN_YOU_DO,
        Manner.NOT_HELPED,
        Manner.COMPLAINT,
        Manner.INSULT,
    }
)
REGRET = "I am sorry about that."


@dataclass(frozen=True)
class MannerlyReply:
    text: str
    offer_handover: bool


def reply_to(recognised: Recognised) -> MannerlyReply:
    """The company's reply, or the one shipped with the product."""
    own = (
        MannerReply.objects.filter(manner=recognised.manner).values_list("text", flat=True).first()
    )
    return MannerlyReply(
        (own or "").strip() or DEFAULTS[recognised.manner], recognised.manner in OFFERS_A_PERSON
    )
