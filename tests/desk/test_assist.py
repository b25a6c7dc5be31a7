"""What a language model does for agents: a real server of the OpenAI protocol in a test's words."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from supportbot.answers.models import ModelCall
from supportbot.configuration import current
from supportbot.desk.assist import LEAST_MESSAGES, erase_words
from tests.desk.test_views import DESK, panels
from tests.llm.scenarios import normal, status
from tests.openai_server import ModelServer
from tests.tickets.cast import ask, reply_in
from tickets.models import Customer, Ticket

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def long_talk(ticket: Ticket, ben: User) -> Ticket:
    for number in range(LEAST_MESSAGES // 2):
        ask(ticket.conversation, f"Call me at +44 20 7946 0958, order A-{number}.")
        reply_in(ticket.conversation, ben, f"We look at order A-{number}.")
    return ticket


def post(client: Client, ticket: Ticket, name: str, **form: Any) -> Any:
    return client.post(reverse(f"desk:{name}", args=[ticket.pk]), form)


def test_without_a_model_there_are_no_buttons(agent: Client, long_talk: Ticket) -> None:
    assert 'data-verb="reword"' not in agent.get(DESK).content.decode()
    assert 'data-verb="summary"' not in panels(agent, long_talk)
    answer = post(agent, long_talk, "summary")
    assert (answer.status_code, answer.json()["problem"]) == (
        503,
        "No language model is configured.",
    )


def test_a_long_conversation_is_summarised_and_its_words_are_not_kept(
    model_server: ModelServer, agent: Client, long_talk: Ticket
) -> None:
    current.forget()
    assert 'data-verb="summary"' in panels(agent, long_talk)
    model_server.says(normal("The customer wants a call at <PHONE_NUMBER_1>. <b>Open</b>."))
    html = post(agent, long_talk, "summary").json()["html"]
    assert "&lt;b&gt;Open&lt;/b&gt;" in html
    (request,) = model_server.requests
    sent = str(request.messages)
    (mark,) = set(re.findall(r"<([0-9a-f]{8})>", sent))
    assert f"Conversation:\\n<{mark}>\\nCustomer: Can I return opened coffee?" in sent
    assert "We look at order A-2." in sent
    assert "7946" not in sent
    call = ModelCall.objects.get()
    assert (call.operation, call.outcome, call.messages, call.text) == (
        "summary",
        ModelCall.COMPLETE,
        [],
        "",
    )
    assert call.tokens_out > 0


def test_a_short_conversation_needs_no_summary(
    model_server: ModelServer, agent: Client, ticket: Ticket
) -> None:
    current.forget()
    assert 'data-verb="summary"' not in panels(agent, ticket)


def test_text_is_reworded_and_changed_numbers_are_named(
    model_server: ModelServer, agent: Client, ticket: Ticket
) -> None:
    current.forget()
    assert 'data-verb="reword"' in agent.get(DESK).content.decode()
    wishes = agent.get(reverse("desk:reword", args=[ticket.pk])).json()["html"]
    assert "Friendlier" in wishes
    model_server.says(normal("Gladly! You have 14 days."))
    html = post(agent, ticket, "reword", text="u have 30 days", wish="friendly").json()["html"]
    assert "Gladly! You have 14 days." in html
    assert "30 of your text is gone, and 14 is new" in html
    assert "warm and friendly" in model_server.requests[0].messages[0]["content"]
    assert post(agent, ticket, "reword", text=" ", wish="short").status_code == 409
    assert post(agent, ticket, "reword", text="Hi", wish="rude").status_code == 409


def test_a_model_that_fails_is_told_in_words(
    model_server: ModelServer, agent: Client, reader: Client, ticket: Ticket
) -> None:
    current.forget()
    model_server.says(status(400)(""))
    answer = post(agent, ticket, "reword", text="Hello", wish="short")
    assert (answer.status_code, answer.json()["problem"]) == (
        503,
        "The language model does not answer. Try again in a moment.",
    )
    assert post(reader, ticket, "reword", text="Hello", wish="short").status_code == 403
    assert post(reader, ticket, "summary").status_code == 403


def test_erasing_a_customer_takes_what_a_dead_process_left(ada: Customer) -> None:
    ModelCall.objects.create(operation="summary", route="r", model="m", messages=[{"a": "b"}])
    assert erase_words(None) == 1  # type: ignore[arg-type]
    assert ModelCall.objects.get().messages == []
