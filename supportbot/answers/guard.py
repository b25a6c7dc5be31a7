"""The guardrails of one run: what detectors find in its texts, and what the policy makes of it."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

from django.db.models import Q

from knowledge.embedding.model import BUNDLED
from knowledge.embedding.questions import encode_questions
from supportbot.answers.models import AnswerRun
from supportbot.answers.run import Run
from supportbot.answers.threads import in_search_thread, in_thread
from supportbot.answers.triage import triaged
from supportbot.answers.types import Checked, Evidence, Proposed, Question, Reply
from supportbot.answers.types import Stage as RunStage
from supportbot.configuration.content import Configuration
from supportbot.guardrails.detectors.registry import DETECTORS, texts_to_embed, thresholds
from supportbot.guardrails.detectors.runner import run_detectors
from supportbot.guardrails.detectors.types import Context, Stage
from supportbot.guardrails.policy.decide import Decision, decide
from supportbot.guardrails.policy.facts import Facts
from supportbot.guardrails.policy.library import rules_for
from supportbot.guardrails.policy.observed import BRAND, PERSONAL, observed
from supportbot.guardrails.policy.rules import Outcome
from supportbot.guardrails.types import Finding, Verdict
from supportbot.manners.recognise import parts_of
from supportbot.triage.find import Triage
from tickets.models import Conversation, Message
from tickets.services.customer_words import words_in
from tickets.services.priority import raise_priority

REFUSAL = "I cannot help with that here. I am glad to answer questions about our products."
FIXED_WORDING = "fixed_wording"
# Refused, or about to be: what is in flight counts.
_REFUSED = Q(outcome=AnswerRun.Outcome.REFUSED) | Q(
    outcome="", policy__contains=[{"stage": Stage.MESSAGE, "outcome": Outcome.REFUSE}]
)
# In detector_times, beside the names of detectors.
TOGETHER, ON_A_CORE, EMBEDDING = "all of them", "all of them, on a core", "embedding before them"
POLICY = "policy"  # the route of replies that a rule gives, and the check of what it stops


class Guard:
    """Of one run. `detector_times`: milliseconds of each detector, of all side by side, and what
    they took of a core, for the text it was asked of last. `unstored`: triage that is left to
    store with the message."""

    def __init__(self, row: AnswerRun, content: Configuration) -> None:
        self._row, self._content = row, content
        self._limits = thresholds(content.thresholds)
        self._rules = rules_for(content.policy).rules
        self._base: Facts | None = None
        self.detector_times: dict[str, float] = {}
        self.unstored: Triage | None = None

    async def of_message(self, question: Question) -> Decision:
        """What the policy says of the customer's message. Raises EmbeddingModelError."""
        began = time.perf_counter()
        await embedded(question.text)
        took = round(1000 * (time.perf_counter() - began), 1)
        context = Context(Stage.MESSAGE, own=_written(question))
        decision = await self._decide(question, question.text, context)
        self.detector_times[EMBEDDING] = took
        return decision

    async def of_sentence(self, checked: Checked, evidence: Evidence) -> Decision:
        """What it says of a sentence that the documents support."""
        texts = tuple(f"{source.context}\n{source.text}" for source in evidence.sources)
        context = Context(Stage.SENTENCE, sources=texts, own=_written(evidence.question))
        return await self._decide(evidence.question, checked.sentence.text, context)

    async def of_answer(self, text: str, question: Question) -> Decision:
        """What it says of the whole answer."""
        return await self._decide(question, text, Context(Stage.ANSWER, own=_written(question)))

    def has_rules(self, stage: Stage) -> bool:
        return any(rule.stage == stage for rule in self._rules)

    async def _decide(self, question: Question, text: str, context: Context) -> Decision:
        off = self._content.detectors_off
        base, detected = await asyncio.gather(
            self._base_facts(question), run_detectors(DETECTORS, text, context, off)
        )
        self.detector_times = {
            **dict(detected.milliseconds),
            TOGETHER: detected.together_ms,
            ON_A_CORE: detected.cpu_ms,
        }
        facts = observed(base, text, detected, context, self._limits)
        spoken = self._row.conversation.language if self._row.conversation else ""
        return decide(self._rules, context.stage, facts, detected.findings, spoken)

    async def _base_facts(self, question: Question) -> Facts:
        """Who asks, and what; the same for all texts of the run."""
        if self._base is None:
            base, asked = await asyncio.gather(base_facts(self._row, question), triaged(question))
            self._base = dataclasses.replace(base, **asked.facts)
            self.unstored = asked.unstored
        return self._base


@in_search_thread
def embedded(text: str) -> None:
    """Embed the message and its sentences at once, for every detector and for the manners after
    them: what that takes is no fault of a detector."""
    encode_questions(BUNDLED, [text, *texts_to_embed(text), *parts_of(text)])


async def base_facts(row: AnswerRun, question: Question) -> Facts:
    """Who asks, where, and how often."""
    # Without a history nothing was refused, and who asks is mostly read with the run.
    if question.history or not _knows_customer(row):
        return await in_thread(_facts_of)(row, question)
    return _facts_of(row, question)


def _knows_customer(row: AnswerRun) -> bool:
    if row.conversation_id is None:
        return True
    conversation = row._state.fields_cache.get("conversation")
    return conversation is not None and "customer" in conversation._state.fields_cache


def _facts_of(row: AnswerRun, question: Question) -> Facts:
    conversation, refusals = row.conversation, 0
    if conversation is not None and question.history:
        runs = AnswerRun.objects.filter(conversation=conversation).exclude(pk=row.pk)
        refusals = runs.filter(_REFUSED).count()
    has_account = conversation is not None and bool(conversation.customer.external_id)
    return Facts(
        audience=str(question.reader),
        identity="signed_in" if has_account else "anonymous",
        channel=_channel(conversation),
        messages=1 + sum(turn.author == Message.Author.CUSTOMER for turn in question.history),
        refusals=refusals,
    )


def _channel(conversation: Conversation | None) -> str:
    """As conditions name it."""
    if conversation is None:
        return "api"
    is_email = conversation.channel == Conversation.Channel.EMAIL
    return "email" if is_email else "widget"


def _written(question: Question) -> tuple[str, ...]:
    """What the customer wrote in this conversation."""
    facts = tuple(value for _, value in question.memory.facts)
    said = tuple(turn.text for turn in question.history if turn.author == Message.Author.CUSTOMER)
    return (question.text, *said, *facts)


async def raise_priority_if_told(run: Run, decision: Decision) -> None:
    """Mark the conversation as urgent if a rule says so."""
    if Outcome.RAISE_PRIORITY in decision.beside and run.row.conversation is not None:
        rules = [rule.id for rule in decision.fired if rule.outcome == Outcome.RAISE_PRIORITY]
        raise_it = in_thread(raise_priority)
        await raise_it(conversation=run.row.conversation, reason=", ".join(rules))


def reply_of(decision: Decision) -> Reply | None:
    """The reply that a decision about a message gives; None if it is to be answered."""
    outcome = {
        Outcome.HAND_OVER: AnswerRun.Outcome.HANDED_OVER,
        Outcome.REFUSE: AnswerRun.Outcome.REFUSED,
        Outcome.BLOCK: AnswerRun.Outcome.REFUSED,
    }.get(decision.outcome)
    if outcome is None:
        return None
    text = decision.text or (_refusal(decision) if outcome == AnswerRun.Outcome.REFUSED else "")
    return Reply(POLICY, complete=True, text=text, outcome=outcome)


def otherwise_of(decision: Decision) -> Reply | None:
    """What is said where only the documents' own words may answer and they do not; None where that
    is not asked for."""
    if decision.outcome != Outcome.DOCUMENTS:
        return None
    refused = AnswerRun.Outcome.REFUSED
    text = decision.text or _refusal(decision)
    return Reply(POLICY, complete=True, text=text, outcome=refused)


def _refusal(decision: Decision) -> str:
    """For a rule without a text of its own."""
    return words_in(decision.facts.language or decision.language, "refused", REFUSAL)


async def guarded(
    run: Run, guard: Guard, sentences: AsyncGenerator[Checked], evidence: Evidence
) -> AsyncGenerator[Checked]:
    """The checked sentences as the policy lets them pass. What is quoted from a source as it stands
    passes: documents are read before they are published."""
    async with aclosing(sentences):
        async for item in sentences:
            if not item.kept or item.sentence.quotes or item.reason == FIXED_WORDING:
                yield item
                continue
            decision = await guard.of_sentence(item, evidence)
            run.record.note_detectors(guard.detector_times, RunStage.DELIVER)
            run.record.note_policy(decision, item.sentence.text)
            held = decision.outcome == Outcome.DRAFT and await run.hold_for_review()
            passes = held or decision.allows
            yield reworded(item, decision) if passes else stopped(item, decision)


async def guarded_reply(run: Run, guard: Guard, reply: Reply, question: Question) -> Reply:
    """The whole reply, or a hand-over in its place."""
    if not (reply.sentences and guard.has_rules(Stage.ANSWER)):
        return reply
    text = "\n".join(sentence["text"] for sentence in reply.sentences)
    decision = await guard.of_answer(text, question)
    run.record.note_detectors(guard.detector_times, RunStage.DELIVER)
    run.record.note_policy(decision, text)
    held = decision.outcome == Outcome.DRAFT and await run.hold_for_review()
    if held or decision.allows:
        return reply
    handed_over = AnswerRun.Outcome.HANDED_OVER
    return Reply(POLICY, complete=True, text=decision.text, outcome=handed_over)


def stopped(checked: Checked, decision: Decision) -> Checked:
    """The sentence as one that the policy does not let pass. On a hand-over, what the customer
    reads takes its place."""
    rule = decision.decisive
    found = Finding(POLICY, rule.id if rule else decision.outcome.value)
    hands_over = decision.outcome == Outcome.HAND_OVER
    return dataclasses.replace(
        checked,
        sentence=Proposed(decision.text, ()) if hands_over else checked.sentence,
        verdict=Verdict.HAND_OVER if hands_over else Verdict.DROP,
        reason=POLICY,
        citations=(),
        findings=(found, *decision.findings, *checked.findings),
        replaced=checked.sentence.text if hands_over else "",
    )


def reworded(checked: Checked, decision: Decision) -> Checked:
    """The sentence with preferred words in place of forbidden ones, and kinds in place of personal
    data, as far as the rules that fired say so."""
    changes = list(_changes(decision))
    if not changes:
        return checked
    was, text, last = checked.sentence.text, "", 0
    for start, end, words in sorted(changes):
        if start >= last:
            text += was[last:start] + words
            last = end
    sentence = dataclasses.replace(checked.sentence, text=text + was[last:])
    return dataclasses.replace(checked, sentence=sentence)


def _changes(decision: Decision) -> Iterator[tuple[int, int, str]]:
    """Start, end and what takes their place."""
    for found in decision.findings:
        if found.span is None:
            continue
        if Outcome.REWRITE in decision.beside and found.check == BRAND and found.source_words:
            yield (*found.span, found.source_words)
        if Outcome.MASK in decision.beside and found.check == PERSONAL:
            yield (*found.span, f"[{found.reason.lower().replace('_', ' ')}]")
