"""supportbot.api.voice: speech is written down by a real server of the OpenAI protocol, or not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django import Settings
from rest_framework.test import APIClient

from supportbot.answers.models import ModelCall
from supportbot.api import visitor_tokens
from supportbot.llm import local_speech
from tests.api.conftest import as_visitor
from tests.llm.fixtures import model_server as model_server  # noqa: PLC0414  (a fixture)
from tests.llm.scenarios import html_page, status
from tests.openai_server import ModelServer, Request, Scenario, Wire
from tickets.models import Attachment, Conversation

pytestmark = pytest.mark.django_db(transaction=True)

WEBM = b"\x1aE\xdf\xa3" + b"0" * 200


def hears(text: str) -> Scenario:
    """A transcription, as OpenAI writes it."""

    async def scenario(wire: Wire, request: Request) -> None:
        usage = {"type": "tokens", "input_tokens": 14, "output_tokens": 5, "total_tokens": 19}
        await wire.head(content_type="application/json", chunked=False)
        await wire.send(json.dumps({"text": text, "usage": usage}).encode())

    return scenario


@pytest.fixture
def api(conversation: Conversation) -> APIClient:
    return as_visitor(visitor_tokens.issue(conversation.customer_id).token)


@pytest.fixture
def speech(settings: Settings, model_server: ModelServer) -> ModelServer:
    settings.MODEL, settings.TRANSCRIBE_MODEL = "", "whisper-1"
    return model_server


def say(api: APIClient, conversation: Conversation, audio: bytes = WEBM) -> Any:
    path = f"/api/v1/conversations/{conversation.pk}/voice/"
    body = {"audio": SimpleUploadedFile("audio", audio)} if audio else {}
    return api.post(path, body, format="multipart")


def offers() -> list[str]:
    told: dict[str, Any] = APIClient().post("/api/v1/visitors/", {}, format="json").json()
    return list(told["offers"])


def test_speech_is_written_down_paid_for_and_not_kept(
    api: APIClient, conversation: Conversation, speech: ModelServer
) -> None:
    assert "voice" in offers()
    speech.says(hears(" Where is my order? "))
    assert say(api, conversation).json() == {"text": "Where is my order?"}
    (asked,) = speech.requests
    assert asked.path == "/v1/audio/transcriptions"
    assert b"whisper-1" in asked.body
    assert b'filename="recording.webm"' in asked.body
    call = ModelCall.objects.get()
    assert (call.operation, call.outcome, call.tokens_in) == ("transcribe", "complete", 14)
    assert (call.text, call.messages) == ("", [])
    assert not Attachment.objects.exists()
    assert not conversation.messages.exists(), "the customer sends it, nobody else"


@pytest.mark.parametrize(
    ("scenario", "outcome"),
    [
        (status(401), "unauthorised"),
        (status(404), "no_such_model"),
        (status(503), "unavailable"),
        (html_page, "garbled"),
        (lambda _: hears("  "), "complete"),
    ],
)
def test_what_fails_is_said_plainly_and_told_to_the_operator(
    api: APIClient,
    speech: ModelServer,
    scenario: Callable[[str], Scenario],
    outcome: str,
) -> None:
    speech.says(scenario(""))
    answer = say(api, Conversation.objects.get())
    words = (400, "voice_no_words"), (503, "voice_failed")
    assert (answer.status_code, answer.json()["code"]) == words[outcome != "complete"]
    assert "HTTP" not in answer.json()["detail"]
    assert ModelCall.objects.get().outcome == outcome


def test_what_is_no_recording_reaches_no_model(
    api: APIClient, conversation: Conversation, speech: ModelServer, settings: Settings
) -> None:
    stranger = as_visitor(visitor_tokens.issue(Conversation.objects.get().pk).token)
    assert say(stranger, conversation).status_code in {401, 404}
    assert say(api, conversation, b"").status_code == 400
    assert say(api, conversation, b"MZ" + b"0" * 99).json()["code"] == "voice_kind"
    assert say(api, conversation, WEBM + b"0" * 2**21).json()["code"] == "voice_too_long"
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "voice": "1/minute"}
    assert [say(api, conversation, b"MZ").status_code for _ in range(2)] == [400, 429]
    assert speech.requests == []


def test_without_a_model_nothing_is_offered_and_a_folder_that_cannot_be_read_is_told(
    api: APIClient,
    conversation: Conversation,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "voice" not in offers()
    assert say(api, conversation).json()["code"] == "voice_off"
    settings.SPEECH_FOLDER = str(tmp_path)
    assert "There is no model.bin" in local_speech.why_missing()
    (tmp_path / "model.bin").write_bytes(b"no weights")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "supportbot[voice]" in local_speech.why_missing()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    assert "voice" in offers()
    assert say(api, conversation).json()["code"] == "voice_failed"
    with pytest.raises(local_speech.SpeechModelError):
        local_speech.transcribe(WEBM)
