"""Completes a question that is too bare to be found: “phone number” becomes “how do i contact you
by telephone”, “how much is the duo” becomes “price of the duo”. English only.
"""

from __future__ import annotations

import re

_GREETING = r"(?:(?:hi|hello|hey)\W+(?:there\W+)?)?"
_ASKS = r"(?:what(?:'s| is| are)? |where(?:'s| is| are)? |do you have |give me |i need )?"
_YOUR = r"(?:the |an? |your |ur |our )*"
_SERVICE = r"customer (?:service|support|care)"
_COMPLETED = [
    (re.compile(rf"\W*{_GREETING}{_ASKS}{_YOUR}(?:{bare})\W*", re.IGNORECASE), complete)
    for bare, complete in (
        (
            rf"(?:(?:{_SERVICE} |contact )?(?:tele)?(?:phone )?(?:number|no|phone))"
            r"|(?:(?:how )?can i )?(?:call|ring|phone) (?:you|u|someone)",
            "how do i contact you by telephone",
        ),
        (
            rf"(?:{_SERVICE} |contact )?e-?mail(?: address)?",
            "how do i contact you by email",
        ),
        (
            rf"contact(?: us| details| information)?|{_SERVICE}"
            rf"|(?:how (?:can|do) i )?(?:contact|reach|get in touch with) (?:you|u|us|{_SERVICE})",
            "how do i contact you",
        ),
        (r"(?:you )?(?:located|based)|location|address", "what is the address of your stores"),
    )
]


# The price of a thing, which price lists call so. What it costs to have something done is no price.
_PRICE_OF = re.compile(
    rf"\W*{_GREETING}how much (?:is|are|does|do|for) "
    r"(?!it\b|this\b|that\b|shipping|delivery|postage)"
    r"((?:[\w.-]+ ){0,3}?[\w.-]+?)(?: costs?)?\W*",
    re.IGNORECASE,
)


def complete_bare_question(text: str) -> str:
    """The text, or the complete question that a bare one stands for."""
    if asked := _PRICE_OF.fullmatch(text):
        return f"price of {asked[1]}"
    return next((complete for bare, complete in _COMPLETED if bare.fullmatch(text)), text)
