"""`manage.py llm`: each route is tried for real, and two prompts are compared over questions."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from supportbot.answers.models import ModelCall
from supportbot.answers.prompts import load_prompt
from tests.answers.asking import ANSWER, answered, saying
from tests.configuration.publishing import put_in_effect
from tests.llm.fixtures import forget_health, limit_silence, route_to
from tests.llm.scenarios import (
    MakeScenario,
    empty_stream,
    html_page,
    listing,
    normal,
    slow_first_byte,
    status,
)
from tests.openai_server import MODEL, ModelServer, closed_port, run_server
from tickets.models import Conversation

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server() -> Iterator[ModelServer]:
    forget_health()
    with run_server() as running:
        yield running


def check(*arguments: str) -> str:
    """What it prints; an error's text at the end."""
    out = io.StringIO()
    try:
        call_command("llm", "check", *arguments, stdout=out)
    except CommandError as error:
        return f"{out.getvalue()}\n{error}"
    return out.getvalue()


def test_a_route_that_works_is_told_with_latency_and_tokens(server: ModelServer) -> None:
    put_in_effect(routes=(route_to(server, key=""),))
    server.says(listing(MODEL), normal("ready"))
    told = check()
    assert "ok     List of models: Names test-model-1." in told
    assert "ok     Answer: First word after" in told
    assert "812 in, 34 out" in told
    assert "Wrong" not in told
    (call,) = ModelCall.objects.all()
    assert (call.operation, call.outcome, call.run_id) == ("trial", "complete", None)


@pytest.mark.parametrize(
    ("scenario", "words"),
    [
        (status(401), "The server refuses the key."),
        (status(404), "The server knows no such model"),
        (status(429), "The server is busy"),
        (status(500), "Nothing usable answers"),
        (html_page, "does the address end in /v1?"),
        (empty_stream, "does the address end in /v1?"),
        (slow_first_byte, "The server took too long."),
        (normal, "The server ended without a word."),
    ],
)
def test_what_is_wrong_is_said_in_words_and_the_command_fails(
    scenario: MakeScenario, words: str, server: ModelServer
) -> None:
    timeouts = {"first_token": 0.5, "between_tokens": 0.5}
    put_in_effect(routes=(route_to(server, key="", timeouts=timeouts),))
    server.says(listing(MODEL), scenario(""))
    told = check()
    assert words in told
    assert "Wrong: model." in told


def test_nobody_listens() -> None:
    with run_server() as server:
        route = route_to(server, key="")
    dead = route.model_copy(update={"base_url": f"http://127.0.0.1:{closed_port()}/v1"})
    put_in_effect(routes=(dead,))
    assert "is the server running?" in check()


def test_a_key_that_is_nowhere_is_named(server: ModelServer) -> None:
    put_in_effect(routes=(route_to(server, key="MISSING_API_KEY"),))
    assert "Set the environment variable MISSING_API_KEY" in check()
    assert server.requests == []


def test_a_server_without_a_list_of_models_may_work(server: ModelServer) -> None:
    put_in_effect(routes=(route_to(server, key=""),))
    server.says(status(404)(""), normal("ready"))
    told = check()
    assert "note   List of models: The server has none, as some do." in told
    assert "Wrong" not in told


def test_without_routes_it_says_what_happens_instead() -> None:
    assert "answers quote the documents" in check()
    assert "no route 'x'" in check("--route", "x")


@pytest.mark.usefixtures("returns_policy", "shipping")
def test_two_prompts_are_compared_over_stored_questions(
    server: ModelServer, conversation: Conversation, tmp_path: Path, settings: Settings
) -> None:
    import asyncio

    limit_silence(settings, short=False)
    asyncio.run(answered(conversation))
    put_in_effect(routes=(route_to(server, key=""),))
    prompt = load_prompt("answer").text.replace("five plain", "three plain")
    (tmp_path / "new.md").write_text(prompt)
    server.says(saying("The moon is made of green cheese [1]."), saying(ANSWER))
    out = io.StringIO()
    call_command("llm", "compare", str(tmp_path / "new.md"), stdout=out)
    told = out.getvalue()
    assert "Can I return opened coffee beans?" in told
    assert "old: (answered) [0 kept, 1 dropped]" in told
    assert "[2 kept, 0 dropped]" in told
    assert "three plain" in server.requests[1].messages[0]["content"]
    (tmp_path / "new.md").write_text("No prompt.")
    with pytest.raises(CommandError, match="has no name"):
        call_command("llm", "compare", str(tmp_path / "new.md"), stdout=out)


def test_a_route_for_speech_reads_a_second_of_silence(server: ModelServer) -> None:
    put_in_effect(routes=(route_to(server, "voice", key="", purpose="transcribe"),))
    server.says(listing(MODEL), status(404)(""))
    assert "WRONG  Speech: The server knows no such model" in check()
    assert b"RIFF" in server.requests[-1].body
    assert b'filename="recording.wav"' in server.requests[-1].body
