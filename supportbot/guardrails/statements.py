"""A sentence → its clauses: what each says, of whom, how surely, and whether it says it at all.

No parser: lists of words (lexicon.py) and rules of order. A rule that is unsure makes the check
stricter, which costs fluency only (check.py).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from knowledge.text.quantities import Quantity, quantities_in
from supportbot.guardrails import lexicon
from supportbot.guardrails.clause_features import actors_of, modality_of
from supportbot.guardrails.words import Word, phrase_at, words_of

_BREAKS = frozenset(";:()—–.!?")
_STRONG_BREAKS = frozenset(";.!?")
REACH = 3  # words that “without” turns round
LABEL = 3  # words before a colon that name what follows it, in the same clause
_ARTICLES = frozenset(
    ["a", "an", "the", "your", "our", "its", "their", "these", "those", "this", "that"]
)
_OPENERS = frozenset(
    ["any", "each", "every", "all", "no", "nothing", "nobody", "please", "after", "then"]
)
_OF_NOUNS = frozenset(["that", "which", "who"])
RELATIVES = frozenset(["who", "whom", "which", "whose"])


@dataclass(frozen=True)
class Clause:
    """One statement or condition of a sentence.

    `own` are the stems of its content words, `content` those and the ones it takes over from the
    clause before it. Each of `flips` holds the stems that one cue (“without”, “un-”) turns round.
    `condition` is "", "if", "even" (even if) or "except". `negated`: it denies something; “unless
    it is damaged” is a negated condition. Clauses between the same full stops or semicolons have
    the same `block`, those that no “but” or “while” parts the same `side`."""

    words: tuple[Word, ...]
    quantities: tuple[Quantity, ...] = ()
    negated: bool = False
    condition: str = ""
    modality: frozenset[str] = frozenset()
    agent: str = ""
    subject: str = ""
    is_passive: bool = False
    only: bool = False
    universal: bool = False
    content: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()
    topic: frozenset[str] = frozenset()  # content words before the first verb
    flips: tuple[frozenset[str], ...] = ()
    block: int = 0
    side: int = 0


@dataclass(frozen=True)
class Statement:
    text: str
    clauses: tuple[Clause, ...]
    quantities: tuple[Quantity, ...]
    words: tuple[Word, ...]

    @functools.cached_property
    def content(self) -> frozenset[str]:
        return frozenset(word.stem for word in self.words if word.is_content)


@functools.lru_cache(maxsize=8192)
def statement_of(text: str) -> Statement:
    """The sentence taken apart."""
    quantities = tuple(_with_units(list(quantities_in(text)), text))
    words = words_of(text, [(q.start, q.end) for q in quantities])
    clauses: list[Clause] = []
    side, last = 0, 0
    for block, part in _parts(words):
        side += block != last or part[0].low in lexicon.CONTRASTS
        last = block
        clauses.append(replace(_completed(_clause(part, quantities, block), clauses), side=side))
    return Statement(text, tuple(clauses), quantities, words)


def _with_units(quantities: list[Quantity], text: str) -> list[Quantity]:
    """“ten years and the fabric for two”: a number alone at the end has the unit before it."""
    for at, quantity in enumerate(quantities[1:], start=1):
        before = quantities[at - 1]
        alone = not quantity.kind and re.match(r"\s*(?:[.;,)]|$)", text[quantity.end :])
        if alone and before.kind and len(before.value) == 1 and (base := _base(before)):
            quantities[at] = replace(quantity, kind=before.kind, value=(quantity.value[0] * base,))
    return quantities


def _base(quantity: Quantity) -> float:
    """The size of its unit."""
    first = next(quantities_in(f"1 {quantity.written.split()[-1]}"), None)
    return first.value[0] if first and first.kind == quantity.kind else 1.0


def _parts(words: Sequence[Word]) -> list[tuple[int, list[Word]]]:
    """The words of each clause, with the number of its block."""
    parts: list[tuple[int, list[Word]]] = [(0, [])]
    block = 0
    for at, word in enumerate(words):
        current = parts[-1][1]
        if word.low == ":" and len(current) <= LABEL:
            continue
        if word.low in _BREAKS:
            block += word.low in _STRONG_BREAKS
            parts.append((block, []))
        elif word.low == ",":
            if _comma_ends(current, words, at):
                parts.append((block, []))
        else:
            if current and _begins_clause(words, at) and not _is_exception(current):
                taken = [current.pop()] if current[-1].low in {"only", "even"} else []
                parts.append((block, taken))
            parts[-1][1].append(word)
    return [(block, part) for block, part in parts if part]


def _is_exception(part: Sequence[Word]) -> bool:
    """“except”, before “when the lifts are closed”."""
    phrase = phrase_at(part, 0, lexicon.EXCEPTIONS)
    return bool(phrase) and len(phrase.split()) == len(part)


def _comma_ends(current: list[Word], words: Sequence[Word], at: int) -> bool:
    after = words[at + 1].low if at + 1 < len(words) else ""
    behind = words[at + 2].low if at + 2 < len(words) else ""
    if after in lexicon.COORDINATORS and behind in lexicon.CLAUSE_STARTERS | _OPENERS:
        return True
    if after == "as" and behind not in {"soon", "long", "well"}:
        return True
    opened = bool(current) and _condition_of(current) != ""
    starts = lexicon.CLAUSE_STARTERS | lexicon.SUBORDINATORS | RELATIVES | {"but", "not", "except"}
    return (
        opened
        or after in starts
        or (after in lexicon.COORDINATORS and _verb_follows(words, at + 1))
    )


def _begins_clause(words: Sequence[Word], at: int) -> bool:
    low = words[at].low
    is_last = at + 1 == len(words) or words[at + 1].low in _BREAKS | {","}
    if low in lexicon.CONDITIONS and is_last:
        return False  # “can be rebooked once”
    if low == "but" or low in lexicon.SUBORDINATORS - {"since", "however", "otherwise", "until"}:
        return True
    if low in lexicon.COORDINATORS:
        return _verb_follows(words, at)
    return bool(phrase_at(words, at, lexicon.EXCEPTIONS)) and not phrase_at(
        words, at - 1, lexicon.EXCEPTIONS
    )


def _verb_follows(words: Sequence[Word], at: int) -> bool:
    """Whether behind “and” there is a subject pronoun or a verb that can be told as one."""
    after = words[at + 1].low if at + 1 < len(words) else ""
    return after in lexicon.CLAUSE_STARTERS - _ARTICLES or after in lexicon.AUXILIARIES | {"never"}


def _condition_of(part: Sequence[Word]) -> str:
    lows = [word.low for word in part[:3]]
    if phrase_at(part, 0, lexicon.EXCEPTIONS):
        return "except"
    if "even" in lows[:2] and set(lows) & {"if", "when", "though", "after"}:
        return "even"
    if set(lows[:2]) & lexicon.CONDITIONS:
        return "if"
    inverted = lows[:1] == ["should"] and len(lows) > 1 and lows[1] in lexicon.CLAUSE_STARTERS
    return "if" if inverted else ""


def _clause(part: list[Word], quantities: Sequence[Quantity], block: int) -> Clause:
    lows = [word.low for word in part]
    condition = _condition_of(part)
    negations = _negations(part) if condition != "except" else 0
    unless = condition == "if" and bool(set(lows[:2]) & lexicon.UNLESS)
    content = frozenset(word.stem for word in part if word.is_content)
    verb = next((at for at, low in enumerate(lows) if low in lexicon.AUXILIARIES), len(part))
    topic = frozenset(w.stem for w in part[: verb if verb < len(part) else 3] if w.is_content)
    denied = negations % 2 == 1 and not _waits(lows)  # “not until it is paid” is “after it is paid”
    subject, agent, passive = actors_of(part)
    return Clause(
        words=tuple(part),
        quantities=tuple(q for q in quantities if part[0].start <= q.start < part[-1].end),
        negated=denied != unless,
        condition=condition,
        modality=modality_of(
            lows, denied=denied or _has_no(part), subject=subject, passive=passive
        ),
        agent=agent,
        subject=subject,
        is_passive=passive,
        only=_says_only(lows),
        universal=_is_universal(lows),
        content=content,
        own=content,
        topic=topic,
        flips=_flips(part),
        block=block,
    )


def _says_only(lows: list[str]) -> bool:
    """“Just members”, but not “just open the link”: there a verb follows, which has an object."""
    just = lows[0] == "just" and not set(lows[2:3]) & (_ARTICLES | lexicon.CLAUSE_STARTERS)
    return just or (bool(set(lows) & lexicon.ONLY) and "not only" not in " ".join(lows))


def _is_universal(lows: list[str]) -> bool:
    """“each month” counts, it does not say “all”."""
    return "never" in lows or any(
        low in lexicon.UNIVERSAL
        and not (low == "each" and set(lows[at + 1 : at + 3]) & lexicon.PERIODS)
        for at, low in enumerate(lows)
    )


def _waits(lows: list[str]) -> bool:
    return "until" in lows and bool(set(lows[: lows.index("until")]) & lexicon.NEGATIONS)


def _idle(part: Sequence[Word]) -> set[int]:
    """The places of phrases that deny nothing."""
    idle: set[int] = set()
    for at in range(len(part)):
        if phrase := phrase_at(part, at, lexicon.NO_NEGATION):
            idle.update(range(at, at + len(phrase.split())))
    return idle


def _has_no(part: Sequence[Word]) -> bool:
    idle = _idle(part)
    return any(word.low == "no" and at not in idle for at, word in enumerate(part))


def _negations(part: Sequence[Word]) -> int:
    idle = _idle(part)
    return sum(
        word.low in lexicon.NEGATIONS and not _is_reduced(part, at) and not _doubles(part, at)
        for at, word in enumerate(part)
        if at not in idle
    )


def _doubles(part: Sequence[Word], at: int) -> bool:
    """The “nor” of “neither … nor”."""
    return part[at].low == "nor" and any(word.low == "neither" for word in part[:at])


def _is_reduced(part: Sequence[Word], at: int) -> bool:
    """“Bikes not collected within 14 days are charged” denies no charge."""
    before = {word.low for word in part[:at]}
    behind = [word.low for word in part[at + 1 :]]
    pronoun = at - 2
    if pronoun > 0 and part[pronoun].low in _OF_NOUNS:
        return part[at - 1].low in lexicon.AUXILIARIES  # “items that are not as described”
    return (
        at > 0
        and not before & lexicon.AUXILIARIES
        and bool(behind)
        and behind[0].endswith("ed")
        and bool(set(behind) & lexicon.AUXILIARIES)
    )


def _flips(part: Sequence[Word]) -> tuple[frozenset[str], ...]:
    """One group a cue: “unopened” has one word, “without a receipt” up to REACH."""
    groups = [frozenset({w.stem}) for w in part if w.is_content and w.flipped]
    for at, word in enumerate(part):
        if word.low in lexicon.WITHOUT and not phrase_at(part, at, lexicon.NO_NEGATION):
            groups.append(frozenset(_stems_behind(part, at)))
    return tuple(dict.fromkeys(groups))


def _stems_behind(part: Sequence[Word], at: int) -> list[str]:
    """The first content words behind this one that stand together, at most REACH."""
    stems: list[str] = []
    for word in part[at + 1 : at + 2 * REACH]:
        if word.low in lexicon.AUXILIARIES or (stems and not word.is_content):
            break
        if word.is_content:
            stems.append(word.stem)
    return stems[:REACH]


def _completed(clause: Clause, before: Sequence[Clause]) -> Clause:
    """The clause with what it leaves to the clause before it: its subject, its verb."""
    main = next(
        (c for c in reversed(before) if c.block == clause.block and c.condition in {"", "if"}), None
    )
    if main is None:
        return clause
    first = clause.words[0].low
    second = clause.words[1].low if len(clause.words) > 1 else ""
    if clause.condition == "except":
        # “all items can be returned except food” is also “food cannot be returned”
        return replace(
            clause, negated=not main.negated, content=clause.content | (main.content - main.topic)
        )
    if first in RELATIVES:
        return replace(
            clause,
            content=clause.content | before[-1].content,
            flips=(*clause.flips, *before[-1].flips),
            topic=before[-1].topic | before[-1].own,
        )
    elliptical = first == "not" or (
        first in lexicon.COORDINATORS and second in lexicon.AUXILIARIES | {"not"}
    )
    if elliptical and not clause.condition and not clause.subject:
        return replace(
            clause,
            content=clause.content | main.topic,
            flips=(*clause.flips, *main.flips),
            topic=clause.topic | main.topic,
            subject=main.subject,
            agent=clause.agent or ("" if clause.is_passive else main.agent),
            modality=clause.modality or main.modality - {"prohibition", "optional"},
        )
    return clause
