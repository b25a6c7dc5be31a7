"""A sentence that repeats its source nearly word for word, with a word put in place of another.

So near to its source, a changed word is a changed fact: another name, another actor, “will” for
“may”. If it was meant well, the source's own sentence reads as fluently.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from rapidfuzz.distance import Levenshtein

from supportbot.guardrails import lexicon
from supportbot.guardrails.statements import Statement
from supportbot.guardrails.types import FACT, Finding
from supportbot.guardrails.words import LIGHT_STEMS, Word

NEAR = 0.65  # share of the sentence's words that stand in the source in the same order
REPEATS = 0.7  # the same, where a common word in place of another counts: below, it is a paraphrase
SHORT = 4  # words; a shorter sentence repeats too little to tell
PREFIX, PREFIX_SHARE = 5, 0.7  # letters that forms of one word share
STRETCH = 4  # words of a changed stretch; a longer one is told anew

_MODALS = (
    lexicon.PERMISSION,
    lexicon.POSSIBILITY,
    lexicon.OBLIGATION,
    lexicon.ADVICE,
    lexicon.FUTURE,
)
_ALIKE = {0, 1}  # “can” and “may” both permit


def conflicts(said: Statement, written: Statement, around: Statement | None) -> Iterator[Finding]:
    """Words in place of others between neighbours that are the source's own, and words put in."""
    mine, theirs = _spoken(said), _spoken(written)
    if len(mine) < SHORT:
        return
    steps = list(Levenshtein.opcodes([w.stem for w in theirs], [w.stem for w in mine]))
    kept = sum(step.dest_end - step.dest_start for step in steps if step.tag == "equal")
    if kept < NEAR * len(mine):
        return
    above = around.content if around else frozenset[str]()
    for step in steps:
        new, old = mine[step.dest_start : step.dest_end], theirs[step.src_start : step.src_end]
        if step.tag == "equal" or len(new) > STRETCH or len(old) > STRETCH:
            continue
        if _only_moved(new, old, said, written):
            continue
        if reason := _changed(new, old, above, repeats=kept >= REPEATS * len(mine)):
            span = (new[0].start, new[-1].end)
            yield Finding(FACT, reason, span, source_words=" ".join(word.written for word in old))


def _only_moved(
    new: Sequence[Word], old: Sequence[Word], said: Statement, written: Statement
) -> bool:
    """Whether the new words stand elsewhere in the source and take no other's place. A name or who
    acts may not be moved."""
    if not _content(new) or _modals([*new, *old]) or any(map(_acts, new)):
        return False
    told = {word.stem for word in new if word.is_content} - LIGHT_STEMS
    gone = {word.stem for word in old if word.is_content}
    return not told or (told <= written.content and not gone - LIGHT_STEMS - told)


def _acts(word: Word) -> bool:
    return word.is_name or word.low in lexicon.ACTORS


def _spoken(statement: Statement) -> list[Word]:
    return [word for word in statement.words if word.low[0].isalnum()]


def _changed(
    new: Sequence[Word], old: Sequence[Word], above: frozenset[str], *, repeats: bool
) -> str:
    """Why a stretch says something else; "" if it may say the same."""
    if not new:
        return ""
    if {word.low for word in (*new, *old)} & lexicon.RECEIVING:
        return ""  # “you get a label” for “we send a label”
    names = any(word.is_name for word in new) and any(word.is_name for word in old)
    named = any(word.is_name for word in new)  # “the machine” may be called by its name above
    content = _content(new) - (above if named and not names else frozenset())
    gone = _content(old)
    told = {one for one in content - gone if not any(inflects(one, other) for other in gone)}
    if told and gone - content and (names or repeats):
        return "word_replaced"
    actors = {lexicon.ACTORS[word.low] for word in new if word.low in lexicon.ACTORS}
    former = {lexicon.ACTORS[word.low] for word in old if word.low in lexicon.ACTORS}
    if actors and former and actors != former:
        return "actor_differs"
    modals, before = _modals(new), _modals(old)
    if modals and before and modals != before and not (modals | before) <= _ALIKE:
        return "modality_differs"
    return ""


def _content(words: Sequence[Word]) -> set[str]:
    return {word.stem for word in words if word.is_content and word.low not in _JOINING}


_JOINING = lexicon.CONDITIONS | {"after", "before"}  # compared as conditions, by facts.py


def inflects(one: str, other: str) -> bool:
    """Whether two stems are surely forms of one word, as in languages that are stemmed badly."""
    pairs = zip(one, other, strict=False)
    shared = len(list(itertools.takewhile(lambda pair: pair[0] == pair[1], pairs)))
    return one.isalpha() and shared >= max(PREFIX, PREFIX_SHARE * min(len(one), len(other)))


def _modals(words: Sequence[Word]) -> set[int]:
    return {at for at, listed in enumerate(_MODALS) for word in words if word.low in listed}
