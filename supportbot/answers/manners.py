"""What is answered without the documents: small talk, the wish for a person, a foreign language."""

from __future__ import annotations

from supportbot.answers.types import Question, Reply


async def reply_without_documents(question: Question) -> Reply | None:
    """The reply to what is no question to the documents; None for one that is."""
    return None
