"""A sentence → its words, each with what it stands for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import Stemmer

from supportbot.guardrails import lexicon

_TOKEN = re.compile(
    r"n['’]t\b|['’](?:ll|re|ve|s|d|m)\b|[^\W_]+?(?=n['’]t\b)"
    r"|[^\W_]+(?:[.’'-](?!(?:ll|re|ve|s|d|m|t)\b)[^\W_]+)*|[;:()—–,.!?]"
)
_LONG_FORMS = {
    "n't": "not",
    "n’t": "not",
    "'ll": "will",
    "’ll": "will",
    "'ve": "have",
    "’ve": "have",
}
_STEMS_OF_SHORT_FORMS = {"ca": "can", "wo": "will", "sha": "shall"}
_LEFT_OUT = frozenset({"'s", "’s", "'d", "’d", "'m", "’m", "'re", "’re"})
_PUNCTUATION = frozenset(";:()—–,.!?")
_UN = re.compile(r"^(?:un|non-?)(?=[a-z]{4})")
MOST_FOREIGN = 2  # words of German that an English sentence may have by chance, and one more
_stemmer = Stemmer.Stemmer("english")


@dataclass(frozen=True, slots=True)
class Word:
    """`stem` stands for the word and its synonyms; `flipped` if the word says the opposite of its
    stem (“sealed” is not “opened”)."""

    written: str
    low: str
    stem: str
    start: int
    end: int
    flipped: bool = False
    is_content: bool = False
    is_name: bool = False


def words_of(text: str, numbers: Sequence[tuple[int, int]]) -> tuple[Word, ...]:
    """In reading order, with punctuation. Words inside `numbers` (spans) are no content."""
    found: list[Word] = []
    for match in _TOKEN.finditer(text):
        word = _word(match, text, at_start=not found or found[-1].low in ".!?:")
        if word is None:
            continue
        if word.low == "cannot":
            found.append(replace(word, low="can", stem="can", is_content=False))
            word = replace(word, low="not", stem="not", is_content=False)
        elif not found and word.low in lexicon.ANSWERS and text[word.end :].startswith((",", ".")):
            word = replace(word, low="so", stem="so", is_content=False)  # it denies nothing here
        elif any(start <= word.start < end for start, end in numbers):
            if word.low in _PUNCTUATION:
                continue  # the colon of “8:00”
            word = replace(word, is_content=False, is_name=False)
        found.append(word)
    if sum(word.low in lexicon.GERMAN for word in found) >= MOST_FOREIGN:
        found = [replace(word, is_name=word.is_name and word.written.isupper()) for word in found]
    return tuple(_joined(found))


def stem_of(low: str) -> str:
    """The stem of the word that a word stands for."""
    stem: str = _stemmer.stemWord(lexicon.SYNONYMS.get(low, low))
    return stem


def meaning_of(low: str) -> tuple[str, bool]:
    """(stem, whether the word says its opposite)"""
    if low in lexicon.ANTONYMS:
        base, flipped = lexicon.ANTONYMS[low]
        return stem_of(base), flipped
    stem = stem_of(low)
    bare = _UN.sub("", low)
    if bare != low and low not in lexicon.NO_OPPOSITE:
        base, flipped = lexicon.ANTONYMS.get(bare, (bare, False))
        return stem_of(base), not flipped
    return stem, False


def phrase_at(words: Sequence[Word], at: int, phrases: lexicon.Phrases) -> str:
    """The longest of the phrases that begins at this word; "" if none does."""
    if not 0 <= at < len(words):
        return ""
    for rest, phrase in phrases.get(words[at].low, ()):
        if tuple(word.low for word in words[at + 1 : at + 1 + len(rest)]) == rest:
            return phrase
    return ""


def _word(match: re.Match[str], text: str, *, at_start: bool) -> Word | None:
    low = match.group().lower().replace("’", "'")
    if low in _LEFT_OUT:
        return None
    rest = text[match.end() :]
    if rest[:3].lower() in {"n't", "n’t"}:
        low = _STEMS_OF_SHORT_FORMS.get(low, low)
    low = _LONG_FORMS.get(low, low)
    if low in {"have", "has", "had", "need", "needs"} and re.match(r"\s+to\b", rest):
        low = f"{low}-to"
    stem, flipped = meaning_of(low)
    is_word = low[0].isalnum() and not low.endswith("-to")
    return Word(
        match.group(),
        low,
        stem,
        match.start(),
        match.end(),
        flipped,
        is_content=is_word and low not in lexicon.STOP_WORDS,
        is_name=_is_name(match.group(), at_start=at_start),
    )


def _is_name(written: str, *, at_start: bool) -> bool:
    if not written.isalpha() and any(char.isdigit() for char in written):
        return any(char.isalpha() for char in written)
    capital = written[0].isupper() and written != "I"
    return capital and (not at_start or (written.isupper() and len(written) > 1))


def _joined(words: list[Word]) -> list[Word]:
    """Phrases that stand for one word become that word."""
    out: list[Word] = []
    at = 0
    while at < len(words):
        phrase = phrase_at(words, at, _PHRASES)
        size = phrase.count(" ") + 1 if phrase else 1
        if phrase:
            low = lexicon.PHRASES[phrase]
            stem, flipped = meaning_of(low)
            last = words[at + size - 1]
            is_content = low not in lexicon.STOP_WORDS
            out.append(Word(phrase, low, stem, words[at].start, last.end, flipped, is_content))
        else:
            out.append(words[at])
        at += size
    return out


_PHRASES = lexicon.by_first_word(lexicon.PHRASES)
LIGHT_STEMS = frozenset(map(stem_of, lexicon.LIGHT))
