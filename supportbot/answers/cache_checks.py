"""A cached answer and the one that would be written now, compared. Runs in a worker, after the
customer has the cached answer."""

from __future__ import annotations

from typing import Any

from knowledge.models import Audience
from supportbot.answers.direct import DirectQuestion, direct_run
from supportbot.answers.models import AnswerRun, CacheCheck, CachedAnswer
from supportbot.answers.threads import in_thread


async def compare(*, entry_id: int, text: str, reader: Audience) -> None:
    """Answer `text` without the cache and store whether both answers rest on the same passages.
    Does nothing if the entry is gone."""
    entry = await in_thread(lambda: CachedAnswer.objects.filter(pk=entry_id).first())()
    if entry is None:
        return
    last: dict[str, Any] = {}
    async with direct_run(DirectQuestion(text, reader=reader, only_compared=True)) as run:
        async for event in run.events():
            last = event
    if last["type"] == "answer.completed":
        await _store(entry, text, run.row, last)


@in_thread
def _store(entry: CachedAnswer, text: str, row: AnswerRun, answer: dict[str, Any]) -> None:
    cited = {one["passage_id"] for sentence in answer["sentences"] for one in sentence["citations"]}
    is_answered = answer["outcome"] == AnswerRun.Outcome.ANSWERED
    CacheCheck.objects.create(
        question=text,
        cached_run_id=entry.run_id,
        new_run=row,
        agrees=is_answered and not cited.isdisjoint(map(str, entry.cited)),
    )
