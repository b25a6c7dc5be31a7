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
STRUCTURE_FEATURES = (*STRUCTURE, ENCODED)


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
