"""Receive: store a customer's message and queue its run, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from knowledge.models import Audience
from supportbot.answers.errors import ReceiveError
from supportbot.answers.lease import Lease
from supportbot.answers.memory import memory_for, product_names
from supportbot.answers.models import AnswerRun
from supportbot.answers.pictures import is_for_a_model, leave_to_agents, pictures_of
from supportbot.answers.threads import in_thread
from supportbot.answers.types import Question
from supportbot.configuration.current import Current, current_content
from supportbot.retrieval.query import Turn
from supportbot.retrieval.scope import execute
from tickets.models import Conversation, Event, Message
from tickets.services.conversations import latest_of
from tickets.services.customer_files import MOST_OF_A_MESSAGE
from tickets.services.events import append_event
from tickets.services.handover import request_person
from tickets.services.messages import add_customer_message
from tickets.states import BY_PEOPLE, may_answer

HISTORY_TURNS = 10
CLIENT_ID_CHARACTERS = 100


# Before every message, so without the ORM.
_LOOK = """
SELECT continued_in_id IS NOT NULL, EXISTS (
    SELECT FROM answers_answerrun r
    WHERE r.conversation_id = c.id AND r.status IN ('queued', 'running')
), last_seq
FROM tickets_conversation c WHERE id = %(conversation)s
"""


@dataclass(frozen=True)
class IncomingMessage:
    """A checked message, made by check_message."""

    text: str
    client_id: str
    files: tuple[UUID, ...] = ()


def check_message(raw: Any) -> IncomingMessage:
    """A frame or request body → IncomingMessage. Raises ReceiveError; changes nothing."""
    if not isinstance(raw, dict):
        raise ReceiveError(code="bad_message", text="The message could not be read.")
    text, client_id = raw.get("text"), raw.get("client_id")
    if not isinstance(client_id, str) or not 0 < len(client_id) <= CLIENT_ID_CHARACTERS:
        raise ReceiveError(
            code="bad_client_id", text="A message needs a client_id of 1 to 100 characters."
        )
    if not client_id.isprintable():  # such as NUL, which PostgreSQL cannot store
        raise ReceiveError(code="bad_client_id", text="A client_id has printable characters only.")
    files = _check_files(raw.get("files"))
    checked = "" if files and text == "" else check_text(text)
    return IncomingMessage(text=checked, client_id=client_id, files=files)


def _check_files(raw: Any) -> tuple[UUID, ...]:
    """The files that were added before, by their ids."""
    given = raw if isinstance(raw, list) else [] if raw is None else [raw]
    try:
        if len(given) > MOST_OF_A_MESSAGE:
            raise ValueError(len(given))
        return tuple(UUID(str(one)) for one in given)
    except ValueError as error:
        raise ReceiveError(code="bad_files", text="The files could not be read.") from error


def check_text(raw: Any) -> str:
    """The text of a message without characters that nobody can read. Raises ReceiveError."""
    if not isinstance(raw, str):
        raise ReceiveError(code="bad_message", text="A message needs a text.")
    text = readable(raw)
    if not text:
        raise ReceiveError(code="empty_message", text="Please write a message.")
    if len(text) > settings.MESSAGE_MAX_CHARACTERS:
        limit = f"{settings.MESSAGE_MAX_CHARACTERS:,}"
        raise ReceiveError(
            code="message_too_long", text=f"Please shorten your message to {limit} characters."
        )
    return text


def readable(raw: str) -> str:
    """The text without control characters, which PostgreSQL cannot store either."""
    return "".join(c for c in raw if c.isprintable() or c in "\n\t").strip()


@dataclass(frozen=True)
class Accepted:
    """A stored message and the run that answers it; None where people answer without the bot.
    `restarted`: the run had started, and starts again with this message as part of its question.
    `started`: this process has the run's lease already."""

    message: Message
    run: AnswerRun | None
    restarted: bool = False
    started: bool = False


@transaction.atomic
def accept_message(
    *,
    conversation: Conversation,
    incoming: IncomingMessage,
    reader: Audience = Audience.PUBLIC,
    decides: Current | None = None,
) -> Accepted:
    """Store the message and queue its run, or join it to the question sent a moment before. For a
    known client_id, return what is stored. Raises ReceiveError for files alone that are gone.

    With `decides`, the configuration in effect, the run starts at once if it is its turn.
    """
    seen = _look_at(conversation)
    before = _lock_last_run(latest_of(conversation)) if seen.is_answered or seen.goes_on else None
    message, created = add_customer_message(
        conversation=conversation,
        text=incoming.text,
        client_id=incoming.client_id,
        files=incoming.files,
        awaits_bot=before is None and not incoming.files,
    )
    has_files = bool(incoming.files) and message.attachments.exists()
    if created and not incoming.text and not has_files:
        raise ReceiveError(code="bad_files", text="The files are gone. Please add them again.")
    if not created:
        of_question = AnswerRun.objects.filter(question=message.joined_to or message)
        return Accepted(message, of_question.first())
    if message.conversation.mode in BY_PEOPLE:
        request_person(conversation=message.conversation, reason=Conversation.Reason.NO_BOT)
        return Accepted(message, None)
    if has_files and not is_for_a_model(message, decides.content if decides else current_content()):
        leave_to_agents(message.conversation)
        message.conversation.refresh_from_db()
        if not incoming.text:
            return Accepted(message, None)
    if before is not None and _belongs_to(message, before):
        return Accepted(message, before, restarted=_join(message, before))
    if not message.awaits_answer:
        message.awaits_answer = True
        message.save(update_fields=["awaits_answer"])
    run = AnswerRun(
        conversation=message.conversation,
        question=message,
        delivery=delivery_in(message.conversation),
        reader=reader,
    )
    # Nothing has happened between the first look and the lock, so no other question is in turn.
    in_turn = before is None and not seen.goes_on and seen.last_seq == message.conversation.last_seq
    # With pictures, it starts when they can be read from other connections.
    if decides is not None and in_turn and not has_files:
        start(run, decides)
    run.save(force_insert=True)
    if run.status == AnswerRun.Status.RUNNING and run.delivery == AnswerRun.Delivery.STREAM:
        _tell_started(run, message)
    return Accepted(message, run, started=run.status == AnswerRun.Status.RUNNING)


def start(run: AnswerRun, decides: Current) -> None:
    """Set what an attempt of a run begins with. To store it is the caller's part."""
    run.status = AnswerRun.Status.RUNNING
    run.attempts += 1
    Lease.begin(run)
    if run.started_at is None and run.conversation is not None:
        run.started_at = timezone.now()
        run.delivery = delivery_in(run.conversation)
    if run.configuration_id is None:
        run.configuration_id, run.configuration_hash = decides.id, decides.sha256


@dataclass(frozen=True)
class _Seen:
    """A conversation before it is locked: whether it goes on in another one, whether a question of
    it is being answered, and the number of its last event."""

    goes_on: bool
    is_answered: bool
    last_seq: int


def _look_at(conversation: Conversation) -> _Seen:
    found = execute(_LOOK, {"conversation": conversation.pk})
    if not found:
        raise Conversation.DoesNotExist
    return _Seen(*found[0])


def delivery_in(conversation: Conversation) -> AnswerRun.Delivery:
    """How an answer that starts now reaches the customer."""
    return AnswerRun.Delivery.STREAM if may_answer(conversation) else AnswerRun.Delivery.DRAFT


def _lock_last_run(conversation: Conversation) -> AnswerRun | None:
    """The newest unfinished run, locked. Everywhere the run is locked before the conversation,
    which prevents deadlocks."""
    unfinished = AnswerRun.objects.unfinished().filter(conversation=conversation)
    locked = unfinished.select_for_update(of=("self",)).select_related("question")
    return locked.order_by("-question__seq").first()


def _belongs_to(message: Message, run: AnswerRun) -> bool:
    """Whether a new message joins the run's question: that question is the last message of a
    person, was sent a moment ago, and nothing of its answer is shown. Replies of the bot to earlier
    questions do not matter."""
    said = Message.objects.filter(conversation=message.conversation, seq__lt=message.seq)
    before = said.exclude(author=Message.Author.BOT).order_by("-seq").first()
    if before is None or run.question_id not in {before.pk, before.joined_to_id}:
        return False
    if message.created_at - before.created_at > timedelta(seconds=settings.MESSAGE_JOIN_SECONDS):
        return False
    shown = Event.objects.filter(
        conversation_id=run.conversation_key,
        seq__gt=before.seq,
        type__in=["answer.sentence", "answer.completed"],
        payload__run_id=str(run.pk),
    )
    return not shown.exists()


def _join(message: Message, run: AnswerRun) -> bool:
    """Make the message part of the run's question. Returns whether the run has to start again."""
    message.joined_to_id = run.question_id
    message.save(update_fields=["joined_to"])
    is_running = run.status == AnswerRun.Status.RUNNING
    # The process that works on it loses the lease, so it shows no answer to half a question.
    run.status, run.lease_token, run.lease_until = AnswerRun.Status.QUEUED, None, None
    run.results, run.passages, run.retrieval = {}, [], {}
    run.save(
        update_fields=[
            *("status", "lease_token", "lease_until"),
            *("results", "passages", "retrieval"),
        ]
    )
    if is_running and run.delivery == AnswerRun.Delivery.STREAM:
        _tell_started(run, message)  # the answer is shown below the whole question
    return is_running


def _tell_started(run: AnswerRun, message: Message) -> None:
    append_event(
        conversation_id=run.conversation_key,
        type="run.started",
        payload={"run_id": str(run.pk), "message_id": str(message.pk)},
    )


@in_thread
def receive(run: AnswerRun, asked: Message | None = None) -> Question:
    """The run's question as stored, with its history and what the conversation remembers. `asked`
    is its message if that has just been stored, with nothing joined to it."""
    if run.question_id is None:
        return Question(
            message_id=None,
            conversation_id=None,
            text=run.question_text,
            history=tuple(Turn(**turn) for turn in run.history),
            as_of=timezone.localdate(run.created_at),
            reader=Audience(run.reader),
        )
    if asked is None:
        message = Message.objects.prefetch_related("joined").get(pk=run.question_id)
        text = message.question_text
    else:
        message, text = asked, asked.text
    asked_on = timezone.localdate(message.created_at)
    is_first = message.seq == 1  # what its conversation begins with
    history = () if is_first else _history_of(message)
    return Question(
        message_id=message.id,
        conversation_id=run.conversation_id,
        text=text,
        history=history,
        as_of=asked_on,
        reader=Audience(run.reader),
        memory=memory_for(
            message,
            text,
            recent=HISTORY_TURNS if len(history) == HISTORY_TURNS else None,
            today=asked_on,
            products=product_names(),
        ),
        pictures=pictures_of(message) if asked is None else (),
    )


def _history_of(question: Message) -> tuple[Turn, ...]:
    """The earlier turns: each question followed by its answer, even if the answer came after the
    next question."""
    said = Message.objects.filter(conversation_id=question.conversation_id)
    # Later questions are not part of the history.
    later = Q(author=Message.Author.CUSTOMER, seq__gte=question.seq)
    place = Coalesce("reply_to__seq", "joined_to__seq", "seq")
    turns = said.exclude(later).annotate(place=place).order_by("-place", "-seq")[:HISTORY_TURNS]
    return tuple(Turn(turn.author, turn.text) for turn in reversed(turns))
