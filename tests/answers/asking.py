"""Asking as the product's edges do, and reading what the customer's widget was told."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from supportbot.answers.models import AnswerRun
from supportbot.answers.receive import IncomingMessage, accept_message
from supportbot.answers.runner import execute
from supportbot.answers.threads import in_thread
from tests.llm.scenarios import MakeScenario, normal
from tests.openai_server import Request, Scenario, Wire
from tickets.models import Conversation, Customer, Message
from tickets.services.conversations import start_conversation
from tickets.services.events import events_after

T = TypeVar("T")
QUESTION = "Can I return opened coffee beans?"
# Words in braces become the number of the passage that holds them.
ANSWER = (
    "Opened coffee beans cannot be returned for hygiene reasons [{Opened coffee beans}]. "
    "The return parcel costs £3.95, unless the item was faulty [{return parcel}]."
)
SENTENCES = [
    "Opened coffee beans cannot be returned for hygiene reasons.",
    "The return parcel costs £3.95, unless the item was faulty.",
]


def passages_of(request: Request) -> dict[int, str]:
    """The numbered passages in a request to the model."""
    _, _, listed = request.messages[0]["content"].partition("Passages:\n")
    parts = re.split(r"(?:^|\n\n)\[(\d+)\] ", listed)
    return {int(n): text for n, text in zip(parts[1::2], parts[2::2], strict=True)}


def saying(template: str, make: MakeScenario = normal) -> Scenario:
    """`make`'s scenario, for a text that cites the passages as they are numbered this time."""

    async def scenario(wire: Wire, request: Request) -> None:
        passages = passages_of(request)

        def number_of(match: re.Match[str]) -> str:
            return str(next(n for n, text in passages.items() if match[1] in text))

        await make(re.sub(r"\{(.+?)\}", number_of, template))(wire, request)

    return scenario


@dataclass(frozen=True)
class Told:
    """A run as it is stored, and every event of its conversation."""

    run: AnswerRun
    events: list[dict[str, Any]]
    messages: list[Message]

    @property
    def of_run(self) -> list[dict[str, Any]]:
        return [event for event in self.events if event.get("run_id") == str(self.run.pk)]

    @property
    def types(self) -> list[str]:
        """The types of the run's events, without its status lines."""
        return [event["type"] for event in self.of_run if event["type"] != "run.status"]

    @property
    def ever_shown(self) -> list[str]:
        return [event["text"] for event in self.of_run if event["type"] == "answer.sentence"]

    @property
    def replaced(self) -> list[str]:
        return [event["reason"] for event in self.of_run if event["type"] == "answer.replaced"]

    @property
    def standing(self) -> list[dict[str, Any]]:
        """The sentences that stand in the widget in the end."""
        sentences: list[dict[str, Any]] = []
        for event in self.of_run:
            if event["type"] == "answer.replaced":
                sentences = []
            elif event["type"] == "answer.sentence":
                assert event["index"] == len(sentences)
                sentences.append(
                    {key: event[key] for key in ("text", "form", "number", "citations")}
                )
        return sentences

    @property
    def answer(self) -> dict[str, Any]:
        """The one event that completes the run."""
        (completed,) = [event for event in self.of_run if event["type"] == "answer.completed"]
        return completed

    def assert_one_whole_answer(self) -> None:
        """What every run must keep that ends well, whatever went wrong on the way."""
        self.assert_one_whole_answer_after_restarts(0)
        kept = [v["shown"] or v["text"] for v in self.run.verdicts if v["kept"]]
        assert kept == self.ever_shown

    def assert_one_whole_answer_after_restarts(self, restarts: int) -> None:
        """The same for a run that other processes took over; the last one's verdicts count."""
        assert self.replaced.count("restarted") <= restarts
        assert [event["seq"] for event in self.events] == list(range(1, len(self.events) + 1))
        assert self.types[0] == "run.started"
        assert self.types.count("run.started") == 1
        assert self.of_run[-1] == self.answer
        assert self.answer["message"]["sentences"] == self.standing
        kept = [v["shown"] or v["text"] for v in self.run.verdicts if v["kept"]]
        assert all(sentence["text"] in kept for sentence in self.standing)
        (message,) = [m for m in self.messages if m.author == Message.Author.BOT]
        assert self.answer["message"]["id"] == str(message.pk)
        assert message.sentences == self.standing
        if self.standing:
            assert message.text == " ".join(sentence["text"] for sentence in self.standing)
        assert self.run.status == AnswerRun.Status.COMPLETED
        assert self.run.outcome == self.answer["outcome"]
        assert self.run.error_code == ""


async def in_database(query: Callable[[], T]) -> T:
    """The result of a query; its connection goes back, which Django's own async queries keep."""
    return await in_thread(query)()


@in_thread
def new_conversation(customer: Customer) -> Conversation:
    return start_conversation(customer=customer)


async def ask(conversation: Conversation, text: str = QUESTION, client_id: str = "c-1") -> UUID:
    """Store a question and queue its run; returns the run's id."""
    incoming = IncomingMessage(text=text, client_id=client_id)
    accepted = await in_thread(accept_message)(conversation=conversation, incoming=incoming)
    assert accepted.run is not None
    return accepted.run.pk


async def answered(conversation: Conversation, text: str = QUESTION) -> Told:
    """Ask and let this process answer; what the customer was told."""
    run_id = await ask(conversation, text)
    await execute(run_id)
    return await told(run_id)


@in_thread
def told(run_id: UUID) -> Told:
    run = AnswerRun.objects.get(pk=run_id)
    messages = Message.objects.filter(conversation_id=run.conversation_key).order_by("created_at")
    return Told(run, events_after(run.conversation_key, 0), list(messages))
