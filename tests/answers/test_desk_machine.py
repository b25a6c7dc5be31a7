"""Customers, agents, the bot, timers and crashes, in any order: one speaker, nothing lost or twice,
no step that the tables do not allow, every change in the audit log.

A state machine plays it against the real services, and reads what happened from the events, as a
customer does.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone
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
from supportbot.answers.receive import IncomingMessage, accept_message
from supportbot.answers.run import Run
from supportbot.answers.runner import claim, execute, find_abandoned
from tests.answers.test_conversation_machine import EXAMPLES
from tests.conftest import agent_with_rights
from tickets.models import AuditEntry, Conversation, Draft, Message, Ticket, Timer
from tickets.services.availability import set_away
from tickets.services.conversations import (
    close_conversation,
    close_idle_conversations,
    current_conversation,
    register_visitor,
)
from tickets.services.drafts import approve_draft, create_draft, reject_draft, send_reply
from tickets.services.due import run_due_timers
from tickets.services.events import events_after
from tickets.services.handover import (
    end_leases,
    give_back,
    request_person,
    return_to_queue,
    take_over,
)
from tickets.services.modes import change_mode
from tickets.services.tickets import change_status
from tickets.services.timers import snooze
from tickets.states import CONVERSATION_TRANSITIONS, TICKET_TRANSITIONS, TransitionError

pytestmark = pytest.mark.django_db(transaction=True)

AGENTS = st.sampled_from([0, 1])
STATUSES = st.sampled_from(["open", "pending", "on_hold", "solved", "closed"])
SPEAKER_CHANGES = {
    *("conversation.handed_over", "conversation.taken_over"),
    *("conversation.given_back", "conversation.requeued"),
}


class CrashError(Exception):
    """The process died before its transaction was committed."""


class Desk(RuleBasedStateMachine):
    loop: asyncio.AbstractEventLoop

    @initialize()
    def begin(self) -> None:
        self.agents = [agent_with_rights(f"agent-{uuid.uuid4()}", name) for name in "AB"]
        self.customer = register_visitor()
        current_conversation(customer=self.customer)
        self.asked: list[str] = []
        self.replied: Counter[str] = Counter()
        self.under_way: Run | None = None

    # -- the customer ----------------------------------------------------------------------------
    @rule()
    def write(self) -> None:
        text = f"What about {len(self.asked)}?"
        accept_message(
            conversation=self._newest(), incoming=IncomingMessage(text, f"c-{len(self.asked)}")
        )
        self.asked.append(text)

    @precondition(lambda self: self.asked)
    @rule()
    def send_again(self) -> None:
        number = len(self.asked) - 1
        accept_message(
            conversation=self._newest(),
            incoming=IncomingMessage(self.asked[number], f"c-{number}"),
        )

    @rule()
    def ask_for_a_person(self) -> None:
        request_person(conversation=self._newest())

    @rule()
    def end_the_conversation(self) -> None:
        close_conversation(conversation=self._newest(), by="customer")

    # -- agents ----------------------------------------------------------------------------------
    @rule(who=AGENTS)
    def take(self, who: int) -> None:
        self._try(lambda: take_over(conversation=self._newest(), agent=self.agents[who]))

    @rule(who=AGENTS)
    def take_from_a_colleague(self, who: int) -> None:
        agent, other = self.agents[who], self.agents[1 - who]
        self._try(lambda: take_over(conversation=self._newest(), agent=agent, instead_of=other))

    @rule(who=AGENTS)
    def reply(self, who: int) -> None:
        if (ticket := self._ticket()) is None:
            return
        name = f"reply {sum(self.replied.values())}"
        agent = self.agents[who]
        if self._try(lambda: send_reply(ticket=ticket, agent=agent, text=name, client_id=name)):
            send_reply(ticket=ticket, agent=agent, text=name, client_id=name)  # clicked twice
            self.replied[name] += 1

    @rule(who=AGENTS)
    def give_the_chat_back(self, who: int) -> None:
        self._try(lambda: give_back(conversation=self._newest(), agent=self.agents[who]))

    @rule(who=AGENTS)
    def put_into_the_queue(self, who: int) -> None:
        self._try(lambda: return_to_queue(conversation=self._newest(), agent=self.agents[who]))

    @rule(who=AGENTS, status=STATUSES)
    def move_the_ticket(self, who: int, status: str) -> None:
        if (ticket := self._ticket()) is not None:
            self._try(lambda: change_status(ticket=ticket, status=status, agent=self.agents[who]))

    @rule(who=AGENTS)
    def snooze_the_ticket(self, who: int) -> None:
        if (ticket := self._ticket()) is not None:
            until = timezone.now() + timedelta(minutes=15)
            self._try(lambda: snooze(ticket=ticket, until=until, agent=self.agents[who]))

    @rule(mode=st.sampled_from(Conversation.Mode.values))
    def set_mode(self, mode: str) -> None:
        change_mode(conversation=self._newest(), mode=mode, agent=self.agents[0])

    @rule(who=AGENTS, away=st.booleans())
    def leave_or_come_back(self, who: int, away: bool) -> None:
        set_away(agent=self.agents[who], away=away, by=self.agents[who])

    @precondition(lambda self: self.asked)
    @rule()
    def a_draft_is_written(self) -> None:
        question = Message.objects.get(text=self.asked[-1], conversation__customer=self.customer)
        create_draft(question=question, run_id=uuid.uuid4(), text="Yes.", sentences=[], passages=[])

    @rule(who=AGENTS, approve=st.booleans())
    def decide_a_draft(self, who: int, approve: bool) -> None:
        draft = Draft.objects.filter(status="pending", **self._mine("ticket__")).first()
        if draft is None:
            return
        text, agent = f"draft {draft.pk}", self.agents[who]
        if not approve:
            reject_draft(draft=draft, agent=agent)
        elif self._try(lambda: approve_draft(draft=draft, agent=agent, text=text)):
            self.replied[text] += 1
            assert not self._try(lambda: approve_draft(draft=draft, agent=agent, text=text))

    # -- the bot ---------------------------------------------------------------------------------
    @precondition(lambda self: self.under_way is None)
    @rule()
    def begin_an_answer(self) -> None:
        for run in AnswerRun.objects.unfinished().filter(**self._mine()):
            if claimed := self._do(claim(run.pk)):
                self.under_way = claimed
                return

    @precondition(lambda self: self.under_way is not None)
    @rule()
    def show_a_sentence(self) -> None:
        assert self.under_way is not None
        with suppress(Exception):  # its lease is gone
            self._do(self.under_way.emit("answer.sentence", index=0, text="Well.", citations=[]))

    @precondition(lambda self: self.under_way is not None)
    @rule()
    def the_process_dies(self) -> None:
        assert self.under_way is not None
        past = timezone.now() - timedelta(seconds=1)
        AnswerRun.objects.filter(pk=self.under_way.id).update(lease_until=past)
        self._do(find_abandoned())
        self.under_way = None

    @rule()
    def answer_what_waits(self) -> None:
        if self.under_way is not None:
            self.the_process_dies()
        for run in AnswerRun.objects.unfinished().filter(**self._mine()).order_by("created_at"):
            self._do(execute(run.pk))
            self._do(execute(run.pk))  # a second process finds it, too

    # -- time and crashes ------------------------------------------------------------------------
    @rule(minutes=st.sampled_from([10, 20, 60 * 24 * 30]))
    def time_passes(self, minutes: int) -> None:
        """As if everything had happened so much earlier."""
        past = timedelta(minutes=minutes)
        mine = Conversation.objects.filter(customer=self.customer)
        mine.update(
            lease_until=F("lease_until") - past,
            waiting_since=F("waiting_since") - past,
            last_message_at=F("last_message_at") - past,
        )
        Message.objects.filter(**self._mine()).update(created_at=F("created_at") - past)
        Timer.objects.filter(**self._mine("ticket__")).update(due_at=F("due_at") - past)

    @rule()
    def timers_run(self) -> None:
        for _ in range(2):
            end_leases()
            run_due_timers()
        close_idle_conversations()
        due = Timer.objects.filter(due_at__lt=timezone.now(), status="pending")
        assert not due.filter(**self._mine("ticket__")).exists()

    @rule(step=st.sampled_from(["write", "person", "take", "back", "close"]))
    def a_process_dies_before_it_commits(self, step: str) -> None:
        conversation, agent = self._newest(), self.agents[0]
        steps: dict[str, Callable[[], object]] = {
            "write": lambda: accept_message(
                conversation=conversation, incoming=IncomingMessage("Lost?", str(uuid.uuid4()))
            ),
            "person": lambda: request_person(conversation=conversation),
            "take": lambda: take_over(conversation=conversation, agent=agent),
            "back": lambda: give_back(conversation=conversation, agent=agent),
            "close": lambda: close_conversation(conversation=conversation, by="agent"),
        }
        before = self._everything()
        with suppress(CrashError, TransitionError), transaction.atomic():
            steps[step]()
            raise CrashError
        assert self._everything() == before

    # -- what must be true -----------------------------------------------------------------------
    @invariant()
    def every_message_is_there_once(self) -> None:
        said = Message.objects.filter(**self._mine()).order_by("conversation__created_at", "seq")
        asked = list(said.filter(author="customer").values_list("text", flat=True))
        assert asked == self.asked
        assert Counter(said.filter(author="agent").values_list("text", flat=True)) == self.replied
        answered = Counter(said.filter(author="bot").values_list("reply_to", flat=True))
        assert all(count == 1 for count in answered.values())

    @invariant()
    def one_speaks_as_the_tables_allow(self) -> None:
        for conversation in self.customer.conversations.all():
            self._replay(conversation)

    def _replay(self, conversation: Conversation) -> None:
        """Read the conversation as its customer was told it."""
        events = events_after(conversation.pk, 0, limit=10_000)
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
        state, name, tickets, changes = "bot", None, dict[str, str](), Counter[str]()
        for event in events:
            changes[event["type"]] += 1
            if event["type"] == "handover.changed":
                assert event["state"] in CONVERSATION_TRANSITIONS[state]
                assert event["text"]
                state, name = event["state"], event["agent_name"]
            elif event["type"] == "conversation.closed":
                assert state != "closed"
                state = "closed"
            elif event["type"] in {"answer.completed", "answer.sentence", "run.started"}:
                assert state == "bot"
            elif event["type"] == "message.created":
                self._check_author(event["message"], state, name)
            elif event["type"] == "ticket.changed":
                before = tickets.get(event["ticket_id"])
                allowed = TICKET_TRANSITIONS[before] if before else {"new"}
                assert event["status"] in allowed
                tickets[event["ticket_id"]] = event["status"]
        assert state == conversation.state
        stored = conversation.tickets.values_list("pk", "status")
        assert {str(pk): status for pk, status in stored} == tickets
        self._check_audit(conversation, changes)

    def _check_author(self, message: dict[str, Any], state: str, name: str | None) -> None:
        if message["author"] == "agent":
            assert (state, message["agent_name"]) == ("agent", name)
        elif message["author"] == "customer":
            assert state != "closed"

    def _check_audit(self, conversation: Conversation, changes: Counter[str]) -> None:
        of_it = AuditEntry.objects.filter(object_id=str(conversation.pk))
        assert of_it.filter(action__in=SPEAKER_CHANGES).count() == changes["handover.changed"]
        assert of_it.filter(action="conversation.closed").count() == changes["conversation.closed"]
        tickets = [str(pk) for pk in conversation.tickets.values_list("pk", flat=True)]
        of_tickets = AuditEntry.objects.filter(object_type="ticket", object_id__in=tickets)
        moved = of_tickets.filter(action__in=["ticket.opened", "ticket.status_changed"])
        assert moved.count() == changes["ticket.changed"]

    @invariant()
    def nothing_waits_where_nobody_comes(self) -> None:
        done = Draft.objects.filter(ticket__status__in=["solved", "closed"], status="pending")
        assert not done.filter(**self._mine("ticket__")).exists()
        for conversation in self.customer.conversations.filter(state__in=["waiting", "agent"]):
            assert conversation.tickets.exclude(status="closed").exists()

    @invariant()
    def timers_belong_to_the_status(self) -> None:
        for ticket in Ticket.objects.filter(**self._mine()):
            running = set(ticket.timers.filter(status="pending").values_list("kind", flat=True))
            expected = {"pending": {"solve", "reminder"}, "solved": {"close"}}
            assert running - {"wake", "reminder"} == expected.get(ticket.status, set()) - {
                "reminder"
            }
            assert ("wake" in running) == (ticket.snoozed_until is not None)

    # -- helpers ---------------------------------------------------------------------------------
    def _newest(self) -> Conversation:
        newest = self.customer.conversations.order_by("-created_at").first()
        assert newest is not None
        return newest

    def _ticket(self) -> Ticket | None:
        return self._newest().tickets.order_by("-pk").first()

    def _mine(self, prefix: str = "") -> dict[str, Any]:
        return {f"{prefix}conversation__customer": self.customer}

    def _try(self, step: Callable[[], object]) -> bool:
        """Whether it was done; what cannot be is refused in words."""
        try:
            step()
        except ValueError as error:
            assert str(error).endswith(".")
            return False
        return True

    def _do(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    def _everything(self) -> list[Any]:
        return [
            list(self.customer.conversations.order_by("pk").values()),
            list(Message.objects.filter(**self._mine()).order_by("pk").values()),
            list(Ticket.objects.filter(**self._mine()).order_by("pk").values()),
            AuditEntry.objects.count(),
        ]

    def teardown(self) -> None:
        if not hasattr(self, "customer"):
            return
        try:
            self.answer_what_waits()
            assert not AnswerRun.objects.unfinished().filter(**self._mine()).exists()
            self.one_speaks_as_the_tables_allow()
        finally:  # what a failure leaves is nothing to the next example
            AnswerRun.objects.filter(**self._mine()).delete()


@pytest.fixture
def _loop() -> Iterator[None]:
    Desk.loop = asyncio.new_event_loop()
    yield
    Desk.loop.close()
    connection.close()


@pytest.mark.slow
@pytest.mark.parametrize("assignment", ["none", "least_busy"])
@pytest.mark.usefixtures("_loop")
def test_one_speaker_nothing_lost_and_all_of_it_audited(
    settings: Settings, assignment: str
) -> None:
    settings.MESSAGE_JOIN_SECONDS = 0
    settings.RUN_LEASE_SECONDS = 600  # leases end when the machine says so
    settings.TICKETS = {**settings.TICKETS, "assignment": assignment, "agent_lease_minutes": 15}
    run_state_machine_as_test(Desk, settings=hypothesis_settings(EXAMPLES, max_examples=10))
