"""What the support check is trained on: pairs of a source's words and a sentence.

Judged responses as they are. Of those that are supported, and of sentences that stand in documents:
the same reworded (still supported), and with one fact changed (not supported, and it is known which
words are at fault).
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from knowledge.text.units import Form, Unit, units_of
from supportbot.evaluation.corruptions import Kind, corruptions_of
from supportbot.evaluation.grounding_dataset import JudgedResponse
from supportbot.evaluation.questions import Text
from supportbot.evaluation.wordnet import WordNet
from supportbot.guardrails.alignment import words_of

Chance = random.Random
Span = tuple[int, int]

EVIDENCE = 4  # units of a context that stand for it
WORDS = 90  # of the source in a pair
LEAST_WORDS, MOST_WORDS = 6, 40  # of a document's sentence
CORRUPTED = 2  # times that a supported response is corrupted
# How a fact is changed: another word, more words, or as in supportbot.evaluation.corruptions.
OTHER_WORD, MORE_WORDS = 0.4, 0.1
ANTONYM, SIBLING = 0.6, 0.85
TITLED, BESIDE = 0.5, 0.5  # shares of the documents' sentences
SAME = 0.8  # share of words from which another unit may say the same
# How often a kind is chosen against one that most sentences allow.
RARE = {Kind.CONDITION: 8, Kind.EXCEPTION: 4, Kind.UNIT: 4, Kind.MONEY: 3, Kind.COMPARISON: 2}


@dataclass(frozen=True)
class Pair:
    """`faults` are the characters of the sentence that the source does not support; None where
    nobody knows which they are. `origin`: the data set, and how the sentence was made."""

    source: str
    sentence: str
    supported: bool
    faults: tuple[Span, ...] | None
    origin: str


def pairs_of_responses(
    name: str, judged: Iterable[JudgedResponse], wordnet: WordNet, chance: Chance
) -> Iterator[Pair]:
    """Each response, and of each supported one a rewording and corruptions."""
    for one in judged:
        source = evidence(one.context, one.response, chance.choice((1, 2, 3, EVIDENCE, EVIDENCE)))
        if not one.supported:
            yield Pair(source, one.response, supported=False, faults=None, origin=name)
            continue
        yield Pair(source, one.response, supported=True, faults=(), origin=name)
        for _ in range(CORRUPTED):
            if made := corrupted(one.response, one.context, wordnet, chance):
                yield Pair(source, *made, origin=f"{name}, corrupted")
        new = reworded(one.response, wordnet, chance, chance.choice((1, 2, 3)))
        if new != one.response:
            yield Pair(source, new, supported=True, faults=(), origin=f"{name}, reworded")


def pairs_of_documents(
    name: str, documents: Sequence[Text], wanted: int, wordnet: WordNet, chance: Chance
) -> Iterator[Pair]:
    """`wanted` sentences, reworded more or less, and corrupted, each with where it stands; and some
    with what stands beside them, which does not support them."""
    places = [
        (document, units, number)
        for document in documents
        for units in [units_of(document.text)]
        for number in _usable(units)
    ]
    for document, units, number in chance.sample(places, min(wanted, len(places))):
        sentence = units[number].text
        title = f"{document.title}: " if chance.random() < TITLED else ""
        source = title + _surroundings(units, number, chance)
        new = reworded(sentence, wordnet, chance, chance.choice((0, 0, 1, 1, 2, 3)))
        yield Pair(source, new, supported=True, faults=(), origin=name)
        if made := corrupted(sentence, document.text, wordnet, chance):
            yield Pair(source, *made, origin=f"{name}, corrupted")
        beside = [unit.text for unit in units if unit.text not in {sentence, source}]
        if beside and chance.random() < BESIDE:
            other = max(
                chance.sample(beside, min(4, len(beside))), key=lambda t: _shared(sentence, t)
            )
            if _shared(sentence, other) < SAME:
                yield Pair(
                    title + other, new, supported=False, faults=None, origin=f"{name}, beside"
                )


def _surroundings(units: Sequence[Unit], number: int, chance: Chance) -> str:
    """The unit, often with one of its neighbours."""
    first, last = number - chance.choice((0, 0, 1)), number + chance.choice((0, 0, 1))
    text = " ".join(unit.text for unit in units[max(0, first) : last + 1])
    return text if len(text.split()) <= WORDS else units[number].text


def _shared(sentence: str, other: str) -> float:
    said = set(words_of(sentence).content)
    return len(said & words_of(other).known) / (len(said) or 1)


def _usable(units: Sequence[Unit]) -> Iterator[int]:
    for number, unit in enumerate(units):
        has_words = LEAST_WORDS <= len(unit.text.split()) <= MOST_WORDS
        if unit.form is not Form.ROW and has_words and not unit.text.endswith("?"):
            yield number


def evidence(context: str, sentence: str, count: int) -> str:
    """The `count` units of a context that share most words with the sentence, in their order."""
    units = [unit.text for unit in units_of(context)]
    said = set(words_of(sentence).content)
    shared = [len(said & words_of(unit).known) for unit in units]
    best = sorted(range(len(units)), key=lambda n: (-shared[n], n))[:count]
    chosen: list[int] = []
    for number in best:
        length = sum(len(units[n].split()) for n in (*chosen, number))
        if not chosen or length <= WORDS:
            chosen.append(number)
    return " ".join(units[number] for number in sorted(chosen))


def reworded(sentence: str, wordnet: WordNet, chance: Chance, count: int) -> str:
    """At most `count` words replaced by synonyms."""
    places = [place for place in wordnet.words_in(sentence) if wordnet.synonyms(place[2])]
    for start, end, word in sorted(chance.sample(places, min(count, len(places))), reverse=True):
        new = word.inflected(chance.choice(wordnet.synonyms(word)))
        sentence = f"{sentence[:start]}{new}{sentence[end:]}"
    return sentence


def corrupted(
    sentence: str, context: str, wordnet: WordNet, chance: Chance
) -> tuple[str, bool, tuple[Span, ...]] | None:
    """(sentence with one fact changed, False, the characters at fault)."""
    how = chance.random()
    if how < OTHER_WORD and (made := _other_word(sentence, context, wordnet, chance)):
        return made
    if how < OTHER_WORD + MORE_WORDS and (made := _more_words(sentence, wordnet, chance)):
        return made
    whole = sentence if sentence.endswith((".", "!")) else f"{sentence}."
    if made_of := corruptions_of(whole, context, str(chance.random())):
        [one] = chance.choices(made_of, [RARE.get(made.kind, 1) for made in made_of])
        fault = (0, len(one.text)) if one.kind is Kind.CONDITION else changed(whole, one.text)
        return one.text, False, (fault,)
    return _other_word(sentence, context, wordnet, chance)


def changed(was: str, becomes: str) -> Span:
    """The characters of `becomes` that differ, out to whole words; where words were only taken
    out, the word before."""
    least = min(len(was), len(becomes))
    start = next((n for n in range(least) if was[n] != becomes[n]), least)
    behind = next(
        (n for n in range(least - start) if was[-1 - n] != becomes[-1 - n]), least - start
    )
    start = becomes.rfind(" ", 0, start) + 1
    end = becomes.find(" ", max(len(becomes) - behind, start + 1))
    return start, end if end >= 0 else len(becomes)


def _other_word(
    sentence: str, context: str, wordnet: WordNet, chance: Chance
) -> tuple[str, bool, tuple[Span, ...]] | None:
    """A word replaced by its opposite, by another of its kind, or by any of its part of speech."""
    places = list(wordnet.words_in(sentence))
    chance.shuffle(places)
    for start, end, word in places:
        how = chance.random()
        choice = wordnet.common[word.part]
        if how < ANTONYM:
            choice = wordnet.antonyms(word)
        if how < SIBLING:
            choice = choice or wordnet.siblings(word)
        others = [w for w in choice if w not in context.lower() and w not in wordnet.synonyms(word)]
        if others:
            new = word.inflected(chance.choice(others))
            return f"{sentence[:start]}{new}{sentence[end:]}", False, ((start, start + len(new)),)
    return None


def _more_words(
    sentence: str, wordnet: WordNet, chance: Chance
) -> tuple[str, bool, tuple[Span, ...]] | None:
    """“… and receipts” is put behind a noun."""
    places = [place for place in wordnet.words_in(sentence) if place[2].part == "n"]
    if not places:
        return None
    _, end, word = chance.choice(places)
    other = chance.choice(wordnet.siblings(word) or wordnet.common["n"])
    new = f" and {word.inflected(other)}"
    return f"{sentence[:end]}{new}{sentence[end:]}", False, ((end + 1, end + len(new)),)
