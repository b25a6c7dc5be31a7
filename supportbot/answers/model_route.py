"""The model route: a language model writes from the passages, sentence by sentence."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from supportbot.answers.citations import cited_sentences
from supportbot.answers.errors import AnswerError, GenerateError
from supportbot.answers.prompts import load_prompt
from supportbot.answers.types import Evidence, Proposed
from supportbot.llm.client import Completion, ModelError, Usage, stream_completion

NAME = "model"
PROMPT = "answer"
NO_ANSWER = "NO_ANSWER"


class NoAnswerError(AnswerError):
    """The model found no answer in the passages. This is a result, not a failure."""

    code = "no_answer"


async def generate(evidence: Evidence, usage: Usage) -> AsyncGenerator[Proposed]:
    """Proposed sentences as they arrive, citations as positions in the evidence (from 0).

    Raises GenerateError if the model fails, NoAnswerError if it finds no answer.
    """
    completion = Completion(messages=messages_for(evidence), operation="answer", usage=usage)
    try:
        async for sentence in cited_sentences(stream_completion(completion)):
            if NO_ANSWER in sentence.text:
                raise NoAnswerError
            # The model counts passages from 1; the check catches invented numbers.
            yield Proposed(sentence.text, tuple(number - 1 for number in sentence.numbers))
    except ModelError as error:
        raise GenerateError(error.detail, code=error.code) from error


def messages_for(evidence: Evidence) -> list[dict[str, str]]:
    """The request: rules and passages, what was said before, the question."""
    passages = "\n\n".join(
        f"[{number}] {passage.context}\n{passage.text}"
        for number, passage in enumerate(evidence.passages, start=1)
    )
    system = load_prompt(PROMPT).fill(today=evidence.question.as_of.isoformat(), passages=passages)
    roles = {"customer": "user", "bot": "assistant", "agent": "assistant"}
    history = [
        {"role": roles[turn.author], "content": turn.text}
        for turn in evidence.question.history
        if turn.author in roles
    ]
    return [
        {"role": "system", "content": system},
        *history,
        {"role": "user", "content": evidence.question.text},
    ]
