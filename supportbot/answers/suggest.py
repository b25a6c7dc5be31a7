"""A draft that an agent asks for, where the bot writes none of its own accord."""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from supportbot.answers.models import AnswerRun
from supportbot.answers.runner import runner
from tickets.models import Conversation, Message, Ticket
from tickets.services import audit
from tickets.states import TransitionError


@transaction.atomic
def suggest(*, ticket: Ticket, agent: AbstractBaseUser) -> AnswerRun:
    """Begin to write a draft for what the customer wrote last. Raises TransitionError where the bot
    is off, there is no question, or the bot has had it already."""
    conversation = Conversation.objects.select_for_update().get(pk=ticket.conversation_id)
    if conversation.mode == Conversation.Mode.OFF:
        raise TransitionError("The bot is off in this conversation. Choose another mode first.")
    if conversation.state == Conversation.State.CLOSED:
        raise TransitionError("This conversation is closed: nobody waits for a reply.")
    asked = conversation.messages.filter(author=Message.Author.CUSTOMER).order_by("-seq")
    question = asked.first()
    if question is None:
        raise TransitionError("The customer has not written anything yet.")
    if AnswerRun.objects.filter(question=question.joined_to or question).exists():
        raise TransitionError("The bot has had this question already. See its draft or answer.")
    run = AnswerRun.objects.create(
        conversation=conversation,
        question=question,
        delivery=AnswerRun.Delivery.DRAFT,
        asked_by_id=agent.pk,
    )
    question.awaits_answer = True
    question.save(update_fields=["awaits_answer"])
    audit.record(action="draft.requested", target=ticket, actor=agent, run_id=str(run.pk))
    transaction.on_commit(lambda: runner.submit(run.pk))
    return run
