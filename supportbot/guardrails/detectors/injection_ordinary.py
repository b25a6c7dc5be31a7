"""Sentences of customers that score like attacks and hold nothing that could steer: how to be
answered, which manual to send, that an own message does not count, and what the company owes them.
"""

from __future__ import annotations

import re

from supportbot.guardrails.detectors.injection_features import STRUCTURE

# A customer's whole sentence that says no more than how to be answered, or which manual to send.
_POLITE = r"(?:(?:please|can you|could you|would you|kindly)\W+)*"
_ONCE_MORE = r"(?:\W+(?:again|once more|please|for me|to me))*\W*"
_THING = r"(?!(?:assistant|bot|chat\w*|ai|llm|model|system)\b)\w+(?: \w+)?"
_LANGUAGES = (
    r"english|german|french|spanish|italian|dutch|portuguese|polish|turkish|russian|ukrainian|arabic"
    r"|chinese|japanese|korean|hindi|swedish|danish|norwegian|finnish|czech|greek|hungarian|romanian"
)
_HOW = (
    rf"(?:in|into|to) (?:{_LANGUAGES})|in (?:simple|simpler|plain|easy|other|your own) (?:words|"
    r"language|terms)|in (?:one|two|three|a few) (?:sentences?|words|points)|in (?:short|detail|"
    r"capital letters|large letters|a list|a table)|more (?:simply|slowly|briefly)"
)
_NOT_HEARD = (
    r"(?:(?:sorry|i (?:did not|didn't|could not|couldn't) (?:hear|get|understand)(?: you)?)\W+)*"
)
_ONLY_FORM = re.compile(
    rf"\W*how (?:do|would) (?:you|i|we) say [\w' ]{{1,30}} in (?:{_LANGUAGES})\W*|"
    rf"\W*{_POLITE}(?:(?:say|repeat|explain|write|put|answer|reply|respond|translate|tell me|speak)"
    rf"(?:\W+(?:it|that|this|me|the answer|your (?:last )?answer|again|once more))*\W+)?"
    rf"(?:{_HOW}){_ONCE_MORE}"
    rf"|\W*{_NOT_HEARD}what (?:did|have) you (?:just )?(?:say|said)(?: (?:before|again))?\W*"
    rf"|\W*{_NOT_HEARD}{_POLITE}(?:say|repeat|explain) (?:it|that|this|your (?:last )?answer"
    rf"|(?:your|the) last (?:message|sentence|step))"
    rf"{_ONCE_MORE}"
    rf"|\W*{_POLITE}(?:translate|summari[sz]e|explain) (?:the|your) (?:returns?|warranty|"
    rf"delivery|shipping|privacy|refund) (?:policy|terms|conditions|page|rules)"
    rf"(?:\W+(?:{_HOW}))?{_ONCE_MORE}"
    rf"|\W*{_POLITE}(?:send|resend|show|give|e-?mail|print)(?: me| us)? (?:the|a) (?:(?:assembly|"
    r"cleaning|user|installation|descaling|care|operating|safety|washing|set-?up) )?"
    rf"(?:instructions?|manual|guide)(?: again| once more| for (?:the|my) {_THING})?{_ONCE_MORE}",
    re.IGNORECASE,
)
# “Please ignore my mail from yesterday, …”: what is said of an own message or of a thing.
_TAKES_BACK = re.compile(
    rf"\W*{_POLITE}(?:ignore|disregard|forget|skip) (?:(?:my|our) (?:\w+ )?(?:e-?mail|mail|message|"
    r"call|letter|ticket|question|request|complaint|note|order|parcel)|the (?:\w+ )?(?:order|"
    r"item|parcel|invoice|photo|attachment|address|reminder|discount|voucher))\b",
    re.IGNORECASE,
)
# “Pretend I am five and explain the return policy”: whom to explain it to.
_POLICY = (
    r"\b(?:returns?|warranty|guarantee|delivery|shipping|privacy|refund|payment) "
    r"(?:policy|policies|terms|conditions|rules)\b"
)
_FOR_WHOM = re.compile(
    rf"\W*{_POLITE}(?:(?:pretend|imagine|assume|suppose) (?:that )?i(?:['’]?m| am| was| were)"
    r"|as if i (?:were|was)|like i(?:['’]?m| am)) (?:an? |only |just )*"
    r"(?:(?:complete |total |absolute )?(?:beginner|newbie|child|kid|dummy|new(?: here)?)"
    r"|four|five|six|seven|eight|ten|[4-9]|1[0-2])(?:[ -]years?[ -]old)?\b",
    re.IGNORECASE,
)
# “Your own rules say that I can return it”, “you must refund me”: to keep rules is no attack.
_TERMS = (
    r"(?:rules?|polic(?:y|ies)|terms(?: and conditions)?|conditions|guarantees?|warrant(?:y|ies))"
)
_OF_TRADE = (
    r"(?:returns?|warranty|guarantee|delivery|shipping|privacy|refunds?|payment|gift cards?"
    r"|vouchers?|loyalty|subscription)"
)
_CLAIMS = [
    re.compile(rf"\W*(?:(?:but|and|so|well|please|no|sorry)\W+)*(?:{pattern})\b", re.IGNORECASE)
    for pattern in (
        rf"(?:by|according to|under) your (?:own )?{_TERMS}",
        rf"your (?:own )?{_TERMS} (?:says?|states?|allows?|promises?|gives?|clearly)",
        rf"(?:you are|you['’]re|why are you) (?:ignoring|breaking|not (?:following|keeping)) your "
        rf"(?:own )?{_TERMS}",
        rf"(?:follow|keep|stick|respect|read|keep to|stick to) (?:to )?your own {_TERMS}",
        r"(?:you|u) (?:must|have to|will|need to|are going to) (?:refund|replace|repair|exchange"
        r"|compensate|take (?:it|this|them) back|(?:give|pay|send) me|deliver)",
        rf"(?:tell|show|send|give|list|explain(?: to)?)(?: me| us)? (?:about )?(?:your|the) "
        rf"(?:(?:{_OF_TRADE}) {_TERMS}|terms and conditions)",
        rf"what are (?:your|the) "
        rf"(?:(?:{_OF_TRADE}) {_TERMS}|{_TERMS} (?:for|on|about) {_OF_TRADE})",
        r"tienen? que (?:devolver|cambiar|pagar)|tienes que (?:devolver|cambiar|pagar)",
        r"(?:ihr müsst|sie müssen|du musst) (?:mir|das|es|uns)|(?:vous devez|tu dois) me",
        r"(?:nach|laut) (?:euren|ihren|deinen) (?:eigenen )?(?:regeln|bedingungen)",
    )
]
# What no claim needs: who lifts rules, gives a role, or wants more than the own case settled.
_MORE_THAN_A_CLAIM = re.compile(
    r"\b(?:ignor\w*|disregard|forget|bypass|overrid\w+|instruct\w*|prompts?|system|hidden|secret\w*"
    r"|internal|from now on|pretend|act as|role|now allowed|every (?:refund|order|customer)"
    r"|all (?:refunds|orders|customers)|always|never refuse"
    r"|you are (?:now|free)|mode|free of|no longer|anweisung\w*|consignes|instrucciones"
    r"|say that|confirm|reply with|repeat|write)\b",
    re.IGNORECASE,
)
_NEVER_IN_A_CLAIM = ("names an assistant", "lifts", "role tag", "code", "about the answer")
_MOST_OF_A_CLAIM = 25  # words
_MOST_AFTER = 10  # words


def cannot_steer(text: str) -> bool:
    """Whether a customer's sentence only says how to answer and for whom, which manual to send,
    that an own message or order does not count, or what the company owes by its rules."""
    if _ONLY_FORM.fullmatch(text) or _only_claims(text):
        return True
    found, rest = _TAKES_BACK.match(text), ""
    if found:
        rest = text[found.end() :]
    elif found := _FOR_WHOM.search(text):
        rest = re.sub(_POLICY, "", text[: found.start()] + text[found.end() :], flags=re.IGNORECASE)
    return (
        found is not None
        and len(rest.split()) <= _MOST_AFTER
        and not any(pattern.search(rest) for pattern in STRUCTURE.values())
    )


def _only_claims(text: str) -> bool:
    found = next((match for one in _CLAIMS if (match := one.match(text))), None)
    rest = text[found.end() :] if found else ""
    return (
        found is not None
        and len(text.split()) <= _MOST_OF_A_CLAIM
        and not _MORE_THAN_A_CLAIM.search(rest)
        and not any(STRUCTURE[name].search(rest) for name in _NEVER_IN_A_CLAIM)
    )
