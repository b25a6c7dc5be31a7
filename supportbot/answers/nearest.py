"""What comes nearest where the documents may not answer: quoted, with the doubt said first.

The run still ends without an answer: the question goes to the content team, and the customer is
offered topics and a person.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator

from supportbot.answers.composer import compose
from supportbot.answers.sentence_check import DOUBT, FRAME
from supportbot.answers.types import Evidence, Proposed

MOST_SENTENCES = 2


async def generate(evidence: Evidence) -> AsyncGenerator[Proposed]:
    """The doubt, then the first sentences of what would be the answer; none if nothing is near."""
    found = compose(evidence.ranking)[:MOST_SENTENCES] if evidence.is_near else []
    if found:
        yield Proposed(text=DOUBT, cited=(), form=FRAME)
    for sentence in found:
        yield sentence
