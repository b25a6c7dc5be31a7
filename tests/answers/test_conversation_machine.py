"""Whatever a customer does in two tabs while processes answer and die: in order, once each, nothing
mixed. A state machine plays it against the real services and compares with a small model."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from pytest_django import Settings

from supportbot.answers.models import AnswerRun
from supportbot.answers.receive import HISTORY_TURNS, IncomingMessage, accept_message, receive
from supportbot.answers.run import Run
from supportbot.answers.runner import claim, execute, find_abandoned, find_next
from tickets.models import Conversation, Message
from tickets.services.conversations import (
    close_conversation,
    close_idle_conversations,
    current_conversation,
    register_visitor,
)
from tickets.services.events import events_after

pytestmark = pytest.mark.django_db(transaction=True)

MOMENT = timedelta(seconds=3600)  # generous: on a busy machine a moment takes its time
LATER, WEEKS = 2 * MOMENT, timedelta(weeks=3)
TABS = st.sampled_from([0, 1])


@dataclass
class Question:
    """What the customer asked, in the model: its messages, and what has become of it."""

    parts: list[str]
    is_shown: bool = False
    is_answered: bool = False


@dataclass
class Tab:
    """What one tab of the widget knows: a conversation, and its events so far."""

    conversation: Conversation
    events: list[dict[str, Any]] = field(default_factory=list)

    def read(self) -> None:
        """Read on, into the conversation that follows where this one has ended."""
        while True:
            seen = self.events[-1]["seq"] if self.events else 0
            self.events += events_after(self.conversation.pk, seen)
            assert [event["seq"] for event in self.events] == list(range(1, len(self.events) + 1))
            if not self.events or self.events[-1]["type"] != "conversation.continued":
                return
            following = self.events[-1]["conversation"]
            self.conversation = Conversation.objects.get(pk=following)
            self.events = []


def history_of(questions: list[Question]) -> list[tuple[str, str]]:
    """Author and text of what was said, each question followed by its answer."""
    said: list[tuple[str, str]] = []
    for question in questions:
        said += [("customer", text) for text in question.parts]
        said.append(("bot", ""))
    return said[-HISTORY_TURNS:]


class Conversations(RuleBasedStateMachine):
    loop: asyncio.AbstractEventLoop

    @initialize()
    def begin(self) -> None:
        self.customer = register_visitor()
        first = current_conversation(customer=self.customer)
        self.tabs = [Tab(first), Tab(first)]
        self.asked: dict[uuid.UUID, list[Question]] = {first.pk: []}
        self.current = first.pk
        self.is_past = False  # the next message begins another conversation
        self.has_paused = False
        self.sent: list[tuple[Tab, str, str]] = []
        self.under_way: Run | None = None

    # -- what the customer does ------------------------------------------------------------------
    @rule(tab=TABS)
    def write(self, tab: int) -> None:
        text = f"What about {len(self.sent)}?"
        self._send(self.tabs[tab], text, text)
        self.sent.append((self.tabs[tab], text, text))
        self._expect(text)

    def _send(self, tab: Tab, text: str, client_id: str) -> None:
        """From a tab that may not have heard yet that its conversation has ended."""
        accepted = accept_message(
            conversation=tab.conversation, incoming=IncomingMessage(text, client_id)
        )
        assert accepted.message.text == text

    def _expect(self, text: str) -> None:
        if self.is_past:
            self.current = Message.objects.get(text=text, **self._mine()).conversation_id
            assert self.current not in self.asked
            self.asked[self.current], self.is_past = [], False
        questions = self.asked[self.current]
        last = questions[-1] if questions else None
        if last and not (self.has_paused or last.is_shown or last.is_answered):
            last.parts.append(text)
            if self.under_way is not None and self._question_under_way() is last:
                self.under_way = None  # its lease is gone; nobody may finish half a question
        else:
            questions.append(Question([text]))
        self.has_paused = False

    @precondition(lambda self: self.sent)
    @rule(tab=TABS, back=st.integers(1, 3))
    def send_again(self, tab: int, back: int) -> None:
        """The network swallowed the confirmation, or another tab shares the outbox."""
        origin, text, client_id = self.sent[max(0, len(self.sent) - back)]
        self._send(origin, text, client_id)

    @rule()
    def pause(self) -> None:
        self._pass(LATER)

    @rule()
    def stay_away_for_three_weeks(self) -> None:
        """A conversation in which the customer still waits for an answer does not end."""
        self._pass(WEEKS)
        questions = self.asked[self.current]
        is_done = bool(questions) and all(question.is_answered for question in questions)
        self.is_past = self.is_past or is_done

    def _pass(self, time: timedelta) -> None:
        """As if everything had happened so much earlier."""
        for message in Message.objects.filter(**self._mine()):
            Message.objects.filter(pk=message.pk).update(created_at=message.created_at - time)
        for one in self.customer.conversations.exclude(last_message_at=None):
            assert one.last_message_at is not None
            earlier = one.last_message_at - time
            Conversation.objects.filter(pk=one.pk).update(last_message_at=earlier)
        self.has_paused = True

    @rule()
    def end_the_conversation(self) -> None:
        if self.under_way is not None:
            self.finish()
        self._drain()
        current = Conversation.objects.get(pk=self.current)
        close_conversation(conversation=current, by=Conversation.ClosedBy.CUSTOMER)
        self.is_past = True

    @rule(tab=TABS)
    def read(self, tab: int) -> None:
        self.tabs[tab].read()

    @rule()
    def sweep(self) -> None:
        self._drain()
        close_idle_conversations()

    # -- what processes do -------------------------------------------------------------------------
    @precondition(lambda self: self.under_way is None)
    @rule()
    def begin_an_answer(self) -> None:
        """A process takes the next question; it has not shown anything yet."""
        runs = list(AnswerRun.objects.unfinished().filter(conversation__customer=self.customer))
        claimed = [run for one in runs if (run := self._do(claim(one.pk))) is not None]
        # Of each conversation one question at a time.
        assert len({run.row.conversation_id for run in claimed}) == len(claimed)
        for run in claimed:
            self._check_history(run.row)
        self.under_way = next((r for r in claimed if r.row.conversation_id == self.current), None)
        for run in claimed:
            if run is not self.under_way:
                self._kill(run)

    @precondition(lambda self: self.under_way is not None)
    @rule()
    def show_a_sentence(self) -> None:
        assert self.under_way is not None
        self._do(self.under_way.emit("answer.sentence", index=0, text="Well.", citations=[]))
        self._question_under_way().is_shown = True

    @precondition(lambda self: self.under_way is not None)
    @rule()
    def kill_the_process(self) -> None:
        assert self.under_way is not None
        self._kill(self.under_way)
        self.under_way = None

    @precondition(lambda self: self.under_way is not None)
    @rule()
    def finish(self) -> None:
        """The process dies, another one takes over and answers. It is killed before it begins the
        next question."""
        assert self.under_way is not None
        run, self.under_way = self.under_way, None
        self._kill(run)
        self._answer(run.row)

    @precondition(lambda self: self.under_way is None)
    @rule()
    def two_processes_look_for_work(self) -> None:
        runs = list(
            AnswerRun.objects.unfinished()
            .filter(conversation__customer=self.customer)
            .order_by("-question__seq")
            .values_list("pk", flat=True)[:3]
        )
        self._do(_at_once(runs))
        self._note_answers()

    def _answer(self, row: AnswerRun) -> None:
        self._check_history(row)
        self._do(execute(row.pk))
        self._note_answers()

    def _drain(self) -> None:
        """Processes go on until nothing waits, each with what find_next gives it."""
        if self.under_way is not None:
            self._kill(self.under_way)
            self.under_way = None
        for one in self.customer.conversations.all():
            first = AnswerRun.objects.next_in_turn().filter(conversation=one).first()
            run_id = first.pk if first is not None else None
            while run_id is not None:
                self._answer(AnswerRun.objects.get(pk=run_id))
                run_id = self._do(find_next(run_id))
        waiting = AnswerRun.objects.unfinished().filter(conversation__customer=self.customer)
        assert not waiting.exists()

    def _kill(self, run: Run) -> None:
        past = timezone.now() - timedelta(seconds=1)
        AnswerRun.objects.filter(pk=run.id).update(lease_until=past)
        assert run.id in self._do(find_abandoned())

    def _note_answers(self) -> None:
        for conversation_id, questions in self.asked.items():
            answered = AnswerRun.objects.filter(conversation=conversation_id, status="completed")
            for question in questions[: answered.count()]:
                question.is_answered = True

    def _question_under_way(self) -> Question:
        return next(one for one in self.asked[self.current] if not one.is_answered)

    # -- what must be true -----------------------------------------------------------------------
    def _check_history(self, row: AnswerRun) -> None:
        """The run sees every question before its own with its answer, and nothing else."""
        question = self._do(receive(row))
        asked = self.asked[row.conversation_key]
        (place,) = [n for n, one in enumerate(asked) if "\n".join(one.parts) == question.text]
        assert all(one.is_answered for one in asked[:place])
        said = [
            (turn.author, turn.text if turn.author == "customer" else "")
            for turn in question.history
        ]
        assert said == history_of(asked[:place])

    @invariant()
    def every_message_is_there_once(self) -> None:
        for conversation_id, questions in self.asked.items():
            parts = [text for question in questions for text in question.parts]
            stored = Message.objects.filter(conversation=conversation_id, author="customer")
            assert list(stored.values_list("text", flat=True)) == parts

    @invariant()
    def answers_come_in_the_order_of_their_questions(self) -> None:
        for conversation_id, questions in self.asked.items():
            firsts = [question.parts[0] for question in questions]
            answers = Message.objects.filter(conversation=conversation_id, author="bot")
            answered = list(answers.values_list("reply_to__text", flat=True))
            assert answered == firsts[: len(answered)]

    def _mine(self) -> dict[str, Any]:
        return {"conversation__customer": self.customer}

    def _do(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    def teardown(self) -> None:
        """In the end everything is answered, once, and both tabs show the same."""
        if not hasattr(self, "customer"):
            return
        try:
            self._check_end()
        finally:  # what a failure leaves is nothing to the next example
            AnswerRun.objects.filter(**self._mine()).delete()

    def _check_end(self) -> None:
        self._drain()
        for conversation_id, questions in self.asked.items():
            answers = Message.objects.filter(conversation=conversation_id, author="bot")
            assert answers.count() == len(questions)
            ends = [e["type"] for e in events_after(conversation_id, 0, limit=10_000)]
            assert ends.count("answer.completed") == len(questions)
            assert "error" not in ends
        for tab in self.tabs:
            tab.read()
        assert self.tabs[0].conversation == self.tabs[1].conversation
        assert self.tabs[0].events == self.tabs[1].events


async def _at_once(runs: list[uuid.UUID]) -> None:
    await asyncio.gather(*(execute(run) for run in [*runs, *runs]))


@pytest.fixture
def _loop() -> Iterator[None]:
    Conversations.loop = asyncio.new_event_loop()
    yield
    Conversations.loop.close()
    connection.close()


@pytest.mark.slow
@pytest.mark.usefixtures("_loop")
def test_in_order_once_each_and_nothing_mixed(settings: Settings) -> None:
    settings.MESSAGE_JOIN_SECONDS = MOMENT.total_seconds()
    settings.CONVERSATION_IDLE_HOURS = 72
    settings.RUN_LEASE_SECONDS = 600  # leases end when the machine says so
    run_state_machine_as_test(Conversations, settings=EXAMPLES)


EXAMPLES = hypothesis_settings(
    max_examples=int(os.environ.get("SUPPORTBOT_TEST_EXAMPLES", "30")),
    stateful_step_count=30,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],  # shrinking takes minutes against a database
)
