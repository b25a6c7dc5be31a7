"""The messages of a request: the parts of a prompt filled in, as much as the route has room for.

Each passage stands between marks that are drawn anew for every request, so no document can end its
passage early and go on as somebody else. Personal data that the customer gave stands as tokens.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from supportbot.answers.prompts import Prompt
from supportbot.answers.types import Evidence, Memory
from supportbot.guardrails.masking import Masking
from supportbot.llm.pictures import PICTURE_TOKENS
from supportbot.llm.routes import ModelRoute, estimate_tokens
from supportbot.retrieval.query import Turn
from supportbot.retrieval.search import RankedPassage

ROLES = {"customer": "user", "bot": "assistant", "agent": "assistant"}
PER_MESSAGE = 8  # tokens that roles and separators take, rather too many
# What is worth most goes in first. Passages fall in value with their place, turns with their age.
PASSAGE_VALUE, TURN_VALUE = 0.85, 0.7
FIRST_TURN = 0.65


class NoRoomError(Exception):
    """Not even the rules, the question and one passage fit."""


@dataclass(frozen=True)
class Messages:
    """In the OpenAI form. `passages` are the positions of those that went in, `left_out` says how
    many passages and turns did not, `masking` puts personal data into what the model writes."""

    sent: list[dict[str, str]]
    passages: tuple[int, ...]
    left_out: dict[str, int]
    masking: Masking


@dataclass(frozen=True)
class _Piece:
    value: float
    tokens: int
    passage: int | None = None
    turn: int | None = None


def build_messages(prompt: Prompt, evidence: Evidence, route: ModelRoute) -> Messages:
    """Raises NoRoomError."""
    mark = secrets.token_hex(4)
    shown = [_passage(n, one, mark) for n, one in enumerate(evidence.passages, start=1)]
    turns = [turn for turn in evidence.question.history if turn.author in ROLES]
    known, said = _known(evidence.question.memory), [turn.text for turn in turns]
    masking = Masking(
        own=[known, *said, evidence.question.text],
        public=[f"{one.context}\n{one.text}" for one in evidence.passages],
    )
    said = [masking.mask(text) for text in said]
    question = prompt.fill("question", question=masking.mask(evidence.question.text))
    about = [
        prompt.fill("masked") if masking else "",
        prompt.fill("conversation", mark=mark, known=masking.mask(known)) if known else "",
    ]

    def system(shown: Sequence[str]) -> str:
        return _system(prompt, evidence, mark, shown, about)

    room = route.context_tokens - route.answer_tokens
    room -= estimate_tokens(system([])) + estimate_tokens(question)
    if route.sees_images:
        room -= PICTURE_TOKENS * len(evidence.question.pictures)
    taken = _most_valuable(_pieces(shown, said), room - 2 * PER_MESSAGE)
    passages = sorted(piece.passage for piece in taken if piece.passage is not None)
    kept_turns = sorted(piece.turn for piece in taken if piece.turn is not None)
    if shown and not passages:
        raise NoRoomError(f"the context of {route.context_tokens} tokens holds no passage")
    history = [{"role": ROLES[turns[n].author], "content": said[n]} for n in kept_turns]
    return Messages(
        [
            {"role": "system", "content": system([shown[number] for number in passages])},
            *history,
            {"role": "user", "content": question},
        ],
        tuple(passages),
        {"passages": len(shown) - len(passages), "turns": len(turns) - len(kept_turns)},
        masking,
    )


def _system(
    prompt: Prompt, evidence: Evidence, mark: str, shown: Sequence[str], about: Sequence[str]
) -> str:
    """`about` are the parts on this conversation."""
    today = evidence.question.as_of.isoformat()
    parts = [
        prompt.fill("system"),
        prompt.fill("tools"),
        *about,
        prompt.fill("knowledge", today=today, mark=mark, passages="\n\n".join(shown)),
    ]
    return "\n\n".join(part for part in parts if part)


def _known(memory: Memory) -> str:
    """What the customer told before the last turns, as one line; "" if nothing."""
    facts = [f"{name}: {value}" for name, value in memory.facts]
    asked = [f"Asked earlier: {memory.summary}"] if memory.summary else []
    return ". ".join(facts + asked)


def _passage(number: int, passage: RankedPassage, mark: str) -> str:
    return f"[{number}] <{mark}> {passage.context}\n{passage.text}\n</{mark}>"


def _pieces(shown: Sequence[str], said: Sequence[str]) -> list[_Piece]:
    passages = [
        _Piece(PASSAGE_VALUE**place, estimate_tokens(text) + 2, passage=place)
        for place, text in enumerate(shown)
    ]
    newest = len(said) - 1
    turns = [
        _Piece(FIRST_TURN * TURN_VALUE ** (newest - n), estimate_tokens(text) + PER_MESSAGE, turn=n)
        for n, text in enumerate(said)
    ]
    return passages + turns


def _most_valuable(pieces: Sequence[_Piece], room: int) -> list[_Piece]:
    """Those of most value that fit. Turns are taken without a gap, from the newest on."""
    taken: list[_Piece] = []
    turns_end = False
    for piece in sorted(pieces, key=lambda piece: -piece.value):
        if piece.turn is not None and turns_end:
            continue
        if piece.tokens <= room:
            taken.append(piece)
            room -= piece.tokens
        elif piece.turn is not None:
            turns_end = True
    return taken


def as_text(turns: Sequence[Turn]) -> str:
    """A conversation as lines of text, for a prompt that reads it as a whole."""
    names = {"customer": "Customer", "bot": "Assistant", "agent": "Agent"}
    return "\n".join(f"{names[t.author]}: {t.text}" for t in turns if t.author in names)
