"""The features of a unit of a text: its embedding, its words, word pairs and letter triples, and
what in its form speaks to an assistant."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence

import numpy as np

from knowledge.embedding.vectors import Vectors

LEXICAL = 4096  # hashed, as in the paper on feature hashing (Weinberger and others, 2009)
LEXICAL_LENGTH = 1.0  # of the lexical part; the embedding has length 1
STRUCTURE_LENGTH = 0.5  # of each that is true
_SIGN = 1 << 31
_TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)?|[?!:<>|\[\]{}#]")
_WIDE = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]+")  # written without spaces

# What makes a text one that speaks to an assistant, whatever it says.
STRUCTURE: dict[str, re.Pattern[str]] = {
    name: re.compile(pattern, re.IGNORECASE)
    for name, pattern in {
        "names an assistant": r"\b(?:ais?|llms?|gpts?|chat ?gpt|\w*gpt|chat ?bots?|assistant|"
        r"language models?|openai|copilot|claude|gemini|k\.?i\.?|ia)\b|人工智能|인공지능|ذكاء|एआई"
        r"|\bии\b",
        "rules": r"\b(?:instruct|rule|guideline|polic|restrict|filter|prompt|directive|censor|"
        r"limit|ethic|moral)\w*|\b(?:anweisung|regel|instru[cçk]|règle|regla|regole|regra|consigne)"
        r"\w*|инструкц|правил|指令|规则|指示|지시|تعليمات|निर्देश",
        "lifts": r"\b(?:ignore|disregard|forget|bypass|override|skip|drop|overlook|no longer|"
        r"without any|break|never refuse|unrestricted|unfiltered|jailbr\w+)\b|\b(?:ignor|vergiss|"
        r"vergeet|oubli|olvid|dimentic|esque[cç]|zignoruj|zapomn|yok say|unut)\w*|忽略|忘记|無視|"
        r"무시|잊어|تجاهل|игнорир|забудь|अनदेखा",
        "gives a role": r"\b(?:you are (?:now|going|about|to|no longer|an?\b|the\b)|"
        r"you're (?:now|a)\b|you (?:will|shall|must|should|can|have to)|act (?:as|like)|"
        r"pretend|role ?play|simulat\w+|impersonat\w+|persona|stay in|in character|from now on|"
        r"your name is)",
        "about the answer": r"\b(?:in|your|each|every|all|the|following) (?:your )?(?:next )?"
        r"(?:response|answer|reply|replies|output|solution)s?\b|\bcodebase\b|\bsnippet\b",
        "role tag": r"<\|?/?\w+\|?>|\[/?(?:inst|sys|admin|system|prompt)\b|^\W*(?:system|assistant|"
        r"user|admin|developer|human|ai)\s*:|\[[a-z ]*(?:insert|prompt|request|question)[a-z ]*\]"
        r"|\{\{?\s*\w+\s*\}\}?|###",
        "code": r"```|\bimport \w+|\w+\.\w+\(|\bdef \w+\(|os\.system",
    }.items()
}
ENCODED = "was encoded"
# No honest sentence asks not to be passed on.
_PUTS_WORDS = re.compile(  # into the mouth of an assistant that is no person
    r"(?<!sales )(?<!shop )(?<!store )\b(?:assistant|chat ?bot|ai|llm) (?:must|has to|shall) "
    r"(?:say|claim|deny|confirm|state)\b",
    re.IGNORECASE,
)
_KEEPS_ITSELF_SECRET = re.compile(
    r"\b(?:do not|don't|never) (?:mention|reveal|repeat|disclose|quote|show) this "
    r"(?:sentence|note|instruction|message|text|paragraph|line)\b",
    re.IGNORECASE,
)
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
    rf"|\W*{_NOT_HEARD}{_POLITE}(?:say|repeat|explain) (?:it|that|this|your (?:last )?answer)"
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
_MOST_AFTER = 10  # words
STRUCTURE_FEATURES = (*STRUCTURE, ENCODED)


def asks_for_form_alone(text: str) -> bool:
    """Whether a customer's sentence only says how to answer and for whom, which manual to send, or
    that an own message or order does not count: there is nothing else in it that could steer."""
    if _ONLY_FORM.fullmatch(text):
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


def places_of_secrecy(text: str) -> list[tuple[int, int]]:
    """Where a sentence of a document asks not to be passed on, or says what an assistant says."""
    patterns = (_KEEPS_ITSELF_SECRET, _PUTS_WORDS)
    return [found.span() for pattern in patterns for found in pattern.finditer(text)]


def features(texts: Sequence[str], embeddings: Vectors, encoded: Sequence[bool]) -> Vectors:
    """(units, dimensions of the embedding + LEXICAL + the structure)"""
    lexical = np.stack([_lexical(text) for text in texts])
    structure = np.stack([_structure(*one) for one in zip(texts, encoded, strict=True)])
    return np.hstack([embeddings, lexical, structure])


def _structure(text: str, encoded: bool) -> Vectors:
    found = [bool(pattern.search(text)) for pattern in STRUCTURE.values()]
    return np.array([*found, encoded], dtype=np.float32) * np.float32(STRUCTURE_LENGTH)


def _lexical(text: str) -> Vectors:
    vector = np.zeros(LEXICAL, dtype=np.float32)
    names = list(_names(text.lower().replace("’", "'")))
    for name in names:
        number = zlib.crc32(name.encode())
        vector[number % LEXICAL] += 1 if number & _SIGN else -1
    return vector * np.float32(LEXICAL_LENGTH / max(1, len(names)) ** 0.5)


def _names(text: str) -> Iterator[str]:
    words = _TOKEN.findall(text)
    for word in words:
        yield f"w {word}"
        if _WIDE.match(word):
            yield from (f"c {word[at : at + 2]}" for at in range(len(word) - 1))
    for first, second in zip(["^", *words], [*words, "$"], strict=True):
        yield f"b {first} {second}"
