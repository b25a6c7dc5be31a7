"""Writes another draft for a question, as an agent asks for it: “shorter”, “mention the warranty”.

A language model, if there is one, is given the instruction with the question. Without one, the
extractive route understands two kinds: shorter, and what to mention; anything else is searched for
together with the question. Every sentence passes the same checks as any answer.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import Any

from asgiref.sync import async_to_sync
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from supportbot.answers import extractive_route
from supportbot.answers.deliver import sentence_to_wire, text_of
from supportbot.answers.enrich import enrich, snapshot
from supportbot.answers.errors import AnswerError
from supportbot.answers.models import AnswerRun
from supportbot.answers.receive import readable, receive
from supportbot.answers.record import verdict_to_json
from supportbot.answers.routes import routes_for
from supportbot.answers.routing import decide
from supportbot.answers.second_opinion import second_opinion_of
from supportbot.answers.sentence_check import check
from supportbot.answers.spending import Payer
from supportbot.answers.types import Evidence, Reply
from supportbot.answers.validate import validate
from supportbot.configuration.content import Configuration
from supportbot.configuration.current import Current, current
from tickets.models import Conversation, Draft
from tickets.services.drafts import create_draft, reject_draft

MOST_CHARACTERS = 300
MOST_ADDED = 2  # sentences on what is to be mentioned
_SHORTER = re.compile(r"\b(?:short(?:er|en)?|brief(?:er|ly)?|concise|less)\b", re.IGNORECASE)
_MENTION = re.compile(
    r"^\s*(?:please\s+)?(?:also\s+)?(?:mention|add|include|say|tell (?:them|her|him)(?: about)?)\s+"
    r"(?:something\s+about\s+|about\s+)?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class _Written:
    """A draft to be: sentences in wire form, the passages they cite, and how it came about."""

    sentences: list[dict[str, Any]]
    passages: list[dict[str, Any]]
    verdicts: list[dict[str, Any]]
    retrieval: dict[str, Any]
    route: str = extractive_route.NAME
    model: str = ""


def redraft(*, draft: Draft, agent: AbstractBaseUser, instruction: str) -> Draft:
    """Another draft in place of this one, which counts as rejected for the instruction's reason.

    Raises ValueError with a sentence for the agent if nothing can be written, DraftDecidedError if
    somebody was first.
    """
    wanted = readable(instruction)[:MOST_CHARACTERS]
    if not wanted:
        raise ValueError("Say what should be different, such as “shorter”.")
    run = AnswerRun.objects.filter(question=draft.question).first()
    if run is None:
        raise ValueError("The run of this draft is gone, so it cannot be written again.")
    decides = current()
    try:
        written = async_to_sync(_write)(run, wanted, draft, decides)
    except AnswerError as error:
        raise ValueError(f"Another draft could not be written: {error}.") from error
    return _store(draft, agent, wanted, written, decides)


async def _write(run: AnswerRun, wanted: str, draft: Draft, decides: Current) -> _Written:
    configuration = decides.content
    payer = Payer(
        run=run.pk,
        conversation=run.conversation_id,
        customer=draft.ticket.conversation.customer_id,
        budgets=configuration.budgets,
    )
    question = await validate(await receive(run))
    evidence = await enrich(question, configuration, payer)
    decision = decide(evidence, configuration)
    opinion = second_opinion_of(configuration, payer)
    for route in routes_for(decision, configuration, payer):
        if route.model is None:
            continue
        told = dataclasses.replace(
            question, text=f"{question.text}\n\n(How the answer should be: {wanted})"
        )
        asked = dataclasses.replace(evidence, question=told)
        try:
            said = [one async for one in check(route.generate(asked), asked, opinion)]
        except AnswerError:
            continue
        if any(one.kept for one in said):
            found = snapshot(asked)
            return _Written(
                [sentence_to_wire(one) for one in said if one.kept],
                found.passages,
                [verdict_to_json(one) for one in said],
                found.retrieval,
                route.name,
                route.model_name,
            )
    return await _by_extraction(wanted, draft, evidence, payer, configuration)


async def _by_extraction(
    wanted: str, draft: Draft, evidence: Evidence, payer: Payer, configuration: Configuration
) -> _Written:
    """Shorter: the draft's first sentence. To mention something: the best sentences on it, behind
    those of the draft."""
    if _SHORTER.search(wanted):
        if len(draft.sentences) < 2:  # noqa: PLR2004
            raise ValueError("It is one sentence already. Edit it by hand to make it shorter.")
        return _Written(draft.sentences[:1], draft.passages, [], snapshot(evidence).retrieval)
    topic = _MENTION.sub("", wanted).strip(" .!?") or wanted
    about = dataclasses.replace(evidence.question, text=topic, history=())
    more = await enrich(about, configuration, payer)
    said = [one async for one in check(extractive_route.generate(more), more)]
    before = {sentence["text"] for sentence in draft.sentences}
    added = [one for one in said if one.kept and one.sentence.text not in before][:MOST_ADDED]
    if not added:
        raise ValueError(
            f"The documents say nothing certain about “{topic}”. The draft stays as it is."
        )
    found, offset = snapshot(more), len(draft.passages)
    return _Written(
        [*draft.sentences, *(_moved(sentence_to_wire(one), offset) for one in added)],
        [*draft.passages, *found.passages],
        [verdict_to_json(one) for one in said],
        found.retrieval,
    )


def _moved(sentence: dict[str, Any], offset: int) -> dict[str, Any]:
    """Its passages are counted behind those of the draft."""
    citations = [{**one, "n": one["n"] + offset} for one in sentence["citations"]]
    return {**sentence, "citations": citations}


@transaction.atomic
def _store(
    draft: Draft, agent: AbstractBaseUser, wanted: str, written: _Written, decides: Current
) -> Draft:
    Conversation.objects.select_for_update().get(pk=draft.question.conversation_id)
    reject_draft(draft=draft, agent=agent, reason=f"asked for another: {wanted}")
    now = timezone.now()
    run = AnswerRun.objects.create(
        question_text=f"{draft.question.question_text}\n\n{wanted}",
        delivery=AnswerRun.Delivery.DRAFT,
        status=AnswerRun.Status.COMPLETED,
        outcome=AnswerRun.Outcome.ANSWERED,
        asked_by_id=agent.pk,
        customer_id=draft.ticket.conversation.customer_id,
        configuration_id=decides.id,
        configuration_hash=decides.sha256,
        route=written.route,
        model=written.model,
        passages=written.passages,
        retrieval=written.retrieval,
        verdicts=written.verdicts,
        started_at=now,
        finished_at=now,
    )
    made = create_draft(
        question=draft.question,
        run_id=run.pk,
        text=text_of(Reply(run.route, tuple(written.sentences))),
        sentences=written.sentences,
        passages=written.passages,
    )
    if made is None:
        raise ValueError("The question is answered meanwhile.")
    return made
