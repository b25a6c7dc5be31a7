"""Whether a number is a limit: “up to 14 days”, “orders over £50”, “before 1 March”."""

from __future__ import annotations

import re

from supportbot.guardrails.quantities import Quantity

MOST, LEAST, WITHIN, ABOUT, NONE = "most", "least", "within", "about", ""
_LEAD = r"(?:\s+(?:the|a|an|first|your|total|of|on|orders?|midday|midnight|next))*\s*$"
_BEFORE = (
    (MOST, r"(?:no|not) (?:more|later|longer|older|greater|higher|larger|heavier) than|as (?:many|much|long|late) as|(?:no|not)(?: be)? (?:over|above|exceed(?:ing)?|after)|not exceed"),
    (LEAST, r"(?:no|not) (?:less|fewer|earlier|younger|lower|sooner) than|(?:no|not)(?: be)? (?:under|below|before|until)"),
    (MOST, r"up to|at most|maximum(?: \w+){0,2}|max\.?|(?:less|fewer|lower|cheaper|earlier|younger|lighter|smaller|shorter) than|under|below|before|prior to|höchstens|bis zu|maximal|au plus|jusqu['’]à|como máximo|hasta"),
    (LEAST, r"at least|minimum(?: \w+){0,2}|min\.?|(?:more|longer|older|later|heavier|larger|bigger|greater|higher|further) than|over|above|beyond|exceed(?:s|ing|ed)?|after|starting|as of|mindestens|ab|au moins|à partir de|al menos|a partir de"),
    (WITHIN, r"within|in|by|until|till|innerhalb von|innerhalb|binnen|sous|dans(?: les)?|en|dentro de"),
    (ABOUT, r"about|around|approximately|approx\.?|roughly|nearly|almost|circa|etwa|ungefähr|environ"),
)  # fmt: skip
_FROM = re.compile(rf"\b(?:from|since){_LEAD}", re.IGNORECASE)
_RULES = [(name, re.compile(rf"\b(?:{listed}){_LEAD}", re.IGNORECASE)) for name, listed in _BEFORE]
_BEHIND = (
    (MOST, re.compile(r"^\s*(?:or|and) (?:less|fewer|under|below|sooner|earlier|younger|before)\b|^\s*(?:maximum|max\b|at (?:the )?most|or smaller)", re.IGNORECASE)),
    (LEAST, re.compile(r"^\s*(?:or|and) (?:more|over|above|longer|later|older|up|upwards|after)\b|^\s*\+|^\s*(?:minimum|at (?:the )?least|or larger)", re.IGNORECASE)),
)  # fmt: skip
_NOUN = re.compile(
    r"^\s*(?:[a-z]+\s){0,2}?(?=(?:or|and) (?:more|less|over|under|above|below)\b)", re.IGNORECASE
)


def bound_of(quantity: Quantity, text: str) -> str:
    """One of MOST, LEAST, WITHIN (a soft upper end), ABOUT, NONE."""
    before, behind = text[: quantity.start], text[quantity.end :]
    behind = behind[found.end() :] if (found := _NOUN.match(behind)) else behind
    for name, rule in _BEHIND:
        if rule.match(behind):
            return name
    if (
        quantity.kind in {"date", "£", "€", "$"}
        and _FROM.search(before)
        and not re.match(r"\s*(?:to|until|–|-)\b", behind)
    ):
        return LEAST
    for name, rule in _RULES:
        if rule.search(before):
            return name
    return NONE


def agree(said: str, written: str) -> bool:
    """Whether a sentence may say a number with one bound where its source has the other."""
    if said == written:
        return True
    soft = {NONE, WITHIN, ABOUT}
    if {said, written} <= soft:
        return True
    return {said, written} == {MOST, WITHIN}
