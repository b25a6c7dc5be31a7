"""Who acts in a clause, and how sure it is: permission, duty, advice, future."""

from __future__ import annotations

import re
from collections.abc import Sequence

from supportbot.guardrails import lexicon
from supportbot.guardrails.lexicon import WE, YOU
from supportbot.guardrails.words import Word

PREPOSITIONS = frozenset(
    [
        "by",
        "from",
        "to",
        "for",
        "with",
        "of",
        "at",
        "in",
        "on",
        "through",
        "via",
        "about",
        "against",
        "between",
    ]
)
DETERMINERS = frozenset(
    ["the", "a", "an", "our", "your", "their", "its", "any", "each", "every", "support", "customer"]
)
_PARTICIPLES = frozenset(
    [
        "sent",
        "paid",
        "given",
        "made",
        "held",
        "kept",
        "lost",
        "sold",
        "bought",
        "taken",
        "shown",
        "told",
        "put",
        "met",
        "left",
        "built",
        "done",
        "lent",
        "cut",
        "set",
        "hit",
    ]
)


def modality_of(
    lows: Sequence[str], *, denied: bool, subject: str, passive: bool
) -> frozenset[str]:
    """Some of permission, possibility, obligation, advice, future, prohibition, optional."""
    found = {
        name
        for name, listed in (
            ("permission", lexicon.PERMISSION),
            ("possibility", lexicon.POSSIBILITY),
            ("obligation", lexicon.OBLIGATION),
            ("advice", lexicon.ADVICE),
            ("future", lexicon.FUTURE),
        )
        if any(low in listed for low in lows)
    }
    text = " ".join(lows)
    if lows[0] == "should":  # “Should we cancel …”
        found.discard("advice")
    if "may" in lows and (subject == YOU or passive):
        found = (found - {"possibility"}) | {"permission"}
    if set(lows) & lexicon.OPTIONAL or "up to you" in text:
        found.add("optional")
    if denied and "obligation" in found and not re.search(r"\b(?:must|shall) not\b", text):
        found = (found - {"obligation"}) | {"optional"}
    elif denied and found & {"permission", "possibility", "obligation"}:
        found = (found - {"permission", "possibility", "obligation"}) | {"prohibition"}
    return frozenset(found)


def actors_of(part: Sequence[Word]) -> tuple[str, str, bool]:
    """(grammatical subject, who acts, whether the verb is passive); "" where it is not said."""
    subject, by, passive, has_verb = "", "", False, False
    for at, word in enumerate(part):
        has_verb = has_verb or word.low in lexicon.AUXILIARIES or word.low in lexicon.OBLIGATION
        if word.low in lexicon.BE and _participle_follows(part, at):
            passive = True
        if not (actor := lexicon.ACTORS.get(word.low, "")):
            continue
        if actor == WE and at and part[at - 1].low in {"your", "their"}:
            continue  # another company
        before = _word_before(part, at)
        if word.is_name or (word.low == "us" and before != "by"):
            continue  # never who acts: “ask us”
        if before == "by":
            by = actor
        elif not subject and before not in PREPOSITIONS and not has_verb and _is_head(part, at):
            subject = actor
    return subject, by or ("" if passive else subject), passive


def _is_head(part: Sequence[Word], at: int) -> bool:
    """Not “customer” in “customer service”: no noun follows."""
    following = part[at + 1] if at + 1 < len(part) else None
    return following is None or part[at].low in {"you", "we"} or following.low != "service"


def _word_before(part: Sequence[Word], at: int) -> str:
    """The word before, determiners left out."""
    at -= 1
    while at >= 0 and part[at].low in DETERMINERS:
        at -= 1
    return part[at].low if at >= 0 else ""


def _participle_follows(part: Sequence[Word], at: int) -> bool:
    for word in part[at + 1 : at + 4]:
        if word.low.endswith(("ed", "en")) or word.low in _PARTICIPLES:
            return True
        if word.is_content and not word.low.endswith("ly"):
            return False
    return False
