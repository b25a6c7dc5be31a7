"""Nothing goes round in circles: what ends in a hand-over, counted since the bot began to speak."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from knowledge.terms import word_numbers
from supportbot.answers.models import AnswerRun
from supportbot.answers.run import Run
from supportbot.answers.threads import in_thread
from supportbot.answers.types import Question, Reply
from supportbot.configuration.content import Limits
from tickets.models import Conversation, Event

ROUTE = "limit"
Outcome, Reason = AnswerRun.Outcome, Conversation.Reason
# Replies that no limit takes the place of.
_STANDS = frozenset({Outcome.SMALL_TALK, Outcome.HANDED_OVER})


@dataclass(frozen=True)
class Earlier:
    """A question that the bot has answered."""

    text: str
    outcome: str
    cost: Decimal


async def end_loop(run: Run, question: Question, reply: Reply | None) -> Reply | None:
    """The reply to a message so far, or a hand-over in its place if a limit is reached."""
    conversation = run.row.conversation_id
    if conversation is None or run.emitter.is_muted or (reply and reply.outcome in _STANDS):
        return reply
    earlier = await in_thread(_earlier)(conversation, run.id) if question.history else ()
    is_refused = reply is not None and reply.outcome == Outcome.REFUSED
    reason = reached(run.configuration.limits, question.text, earlier, is_refused=is_refused)
    if reason is None:
        return reply
    return Reply(ROUTE, complete=True, outcome=Outcome.HANDED_OVER, reason=reason)


def reached(
    limits: Limits, text: str, earlier: Sequence[Earlier], *, is_refused: bool = False
) -> str | None:
    """The limit that a message reaches, as a Conversation.Reason; None if it reaches none."""
    asked = _words(text)
    same = sum(_words(one.text) == asked for one in earlier if one.outcome != Outcome.SMALL_TALK)
    refused = sum(one.outcome == Outcome.REFUSED for one in earlier)
    cost = sum((one.cost for one in earlier), Decimal(0))
    if is_refused and 0 < limits.refusals <= refused + 1:
        return Reason.REFUSALS
    if 0 < limits.repeated <= same + 1:
        return Reason.REPEATED
    if 0 < limits.bot_turns <= len(earlier):
        return Reason.BOT_TURNS
    return Reason.COST if 0 < limits.cost <= cost else None


def _words(text: str) -> frozenset[int] | str:
    """Equal for messages that ask the same in other forms, order, and small words."""
    return frozenset(word_numbers(text, "en")) or text.casefold().strip(" .!?")


def _earlier(conversation: UUID, run_id: UUID) -> list[Earlier]:
    """What the bot has replied to since it last began to speak."""
    events = Event.objects.filter(conversation_id=conversation, type="handover.changed")
    began = events.order_by("-seq").values_list("seq", flat=True).first() or 0
    runs = AnswerRun.objects.filter(
        conversation_id=conversation,
        question__seq__gt=began,
        delivery=AnswerRun.Delivery.STREAM,
        status=AnswerRun.Status.COMPLETED,
    ).exclude(pk=run_id)
    found = runs.select_related("question").prefetch_related("question__joined")
    return [Earlier(run.asked, run.outcome, run.cost) for run in found]
