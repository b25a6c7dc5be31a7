"""Replies without the documents: to small talk, requests for a person and foreign languages."""

from __future__ import annotations

from django.conf import settings

from supportbot.answers.models import AnswerRun
from supportbot.answers.threads import in_thread
from supportbot.answers.types import Question, Reply
from supportbot.manners.foreign_language import ForeignLanguage, foreign_language
from supportbot.manners.models import Manner
from supportbot.manners.recognise import DOUBTFUL, Recognised, recognise, wishes_for_person
from supportbot.manners.replies import REGRET, reply_to
from supportbot.retrieval.languages import document_languages

ROUTE = "manners"


@in_thread
def reply_without_documents(question: Question) -> Reply | None:
    """The reply to a message that is no question to the documents; None for a question."""
    if not wishes_for_person(question.text) and (foreign := _foreign(question.text)):
        return Reply(
            ROUTE,
            complete=True,
            text=foreign.text,
            outcome=AnswerRun.Outcome.NO_ANSWER,
            offer_handover=True,
        )
    recognised = recognise(question.text)
    if recognised is None or recognised.has_question:
        return None
    return _reply(recognised)


def _foreign(text: str) -> ForeignLanguage | None:
    """The language of a question, if certainly no document is in it."""
    # More languages only make it less foreign, so most questions need no look at the documents.
    if foreign_language(text, [settings.DEFAULT_LOCALE]) is None:
        return None
    return foreign_language(text, document_languages())


def _reply(recognised: Recognised) -> Reply:
    said = reply_to(recognised)
    wants_a_person = recognised.manner == Manner.PERSON
    return Reply(
        ROUTE,
        complete=True,
        text=said.text,
        outcome=AnswerRun.Outcome.HANDED_OVER if wants_a_person else AnswerRun.Outcome.SMALL_TALK,
        offer_handover=said.offer_handover,
    )


@in_thread
def regret_for(question: Question) -> str:
    """The apology before an answer to a complaint; "" for any other message."""
    return REGRET if _is_complaint(question) else ""


@in_thread
def reply_without_answer(question: Question) -> Reply | None:
    """The reply that replaces “no answer” if the message is a complaint or surely small talk."""
    recognised = recognise(question.text)
    if recognised is None:
        return None
    is_doubtful = recognised.manner == Manner.SMALL_TALK and recognised.probability < DOUBTFUL
    return None if is_doubtful else _reply(recognised)


def _is_complaint(question: Question) -> bool:
    recognised = recognise(question.text)
    return recognised is not None and recognised.manner == Manner.COMPLAINT
