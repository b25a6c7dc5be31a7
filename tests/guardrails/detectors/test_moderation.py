"""supportbot.guardrails.detectors.moderation: danger is found, ordinary words are not."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from supportbot.guardrails.detectors.moderation import KINDS, THRESHOLD, detect
from supportbot.guardrails.detectors.moderation_endpoint import ModerationEndpointError
from supportbot.guardrails.detectors.types import Context, Stage
from tests.openai_server import ModelServer, Request, Wire, closed_port, run_server

MESSAGE, SENTENCE = Context(Stage.MESSAGE), Context(Stage.SENTENCE)
DATA = Path(__file__).parents[1] / "data"
UNSEEN = tomllib.loads((DATA / "moderation_unseen.toml").read_text("utf-8"))
ORDINARY = tomllib.loads((DATA / "ordinary_unseen.toml").read_text("utf-8"))
# Of 16 of a kind, and 16 that sound alike: a floor below what was measured, on the card.
LEAST_FOUND, MOST_ALARMS = 12, 1


def kinds(text: str, context: Context = MESSAGE) -> set[str]:
    return {one.reason for one in detect(text, context) if (one.score or 0) >= THRESHOLD}


@pytest.mark.parametrize(
    "text",
    [
        "my Scunthorpe store is closed",
        "how do I kill a background process",
        "I want to die laughing at this advert",
        "shoot me an email when it arrives",
        "is there a hotel near Penistone or Cockermouth",
        "does my life insurance end when I end my contract",
        "I will sue you and leave a bad review",
        "Ich sterbe vor Neugier, was kostet die Mühle",
        "Je meurs d’envie d’essayer ce café",
    ],
)
def test_ordinary_words_are_no_offence(text: str) -> None:
    assert kinds(text) == set()


@pytest.mark.parametrize(
    "text", ["this kettle is damn useless", "where the fuck is my parcel", "what a shitty app"]
)
def test_swearing_at_a_thing_is_profanity_alone(text: str) -> None:
    assert kinds(text) == {"profanity"}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("My order is late. I don’t want to live any more. Please cancel it.", "self_harm"),
        ("ich will nicht mehr leben", "self_harm"),
        ("je veux mourir", "self_harm"),
        ("quiero suicidarme", "self_harm"),
        ("I know where you live", "threat"),
        ("ich weiß, wo du wohnst", "threat"),
        ("Ich komme vorbei und schlage euch tot", "threat"),
        ("Ich sterbe vor Hunger und will nicht mehr leben", "self_harm"),
        ("je vais te tuer", "threat"),
        ("te voy a matar", "threat"),
    ],
)
def test_danger_is_found_in_a_longer_message_and_in_four_languages(text: str, kind: str) -> None:
    assert kind in kinds(text)


@pytest.mark.parametrize("kind", KINDS)
def test_most_of_what_was_kept_unseen_is_found(kind: str) -> None:
    found = [text for text in UNSEEN[kind]["found"] if kind in kinds(text)]
    assert len(found) >= LEAST_FOUND
    alarms = [t for t in UNSEEN[kind]["alike"] if kinds(t) - ({"profanity"} - {kind})]
    assert len(alarms) <= MOST_ALARMS, alarms


@pytest.mark.parametrize("kind", ["self_harm", "threat"])
def test_danger_is_found_in_the_languages_of_the_widget(kind: str) -> None:
    assert [text for text in ORDINARY[kind] if kind not in kinds(text)] == []


@pytest.mark.parametrize("where", ["english", "abroad", "everyday"])
def test_ordinary_messages_are_no_offence_in_any_language(where: str) -> None:
    stopped = {text: kinds(text) - {"profanity", "abuse"} for text in ORDINARY[where]}
    assert {text: found for text, found in stopped.items() if found} == {}


def test_a_sentence_of_an_answer_is_judged_by_patterns() -> None:
    assert kinds("You are an idiot.", SENTENCE) == {"abuse"}
    assert kinds("The chicken breast must not be sold to children.", SENTENCE) == set()


def test_a_finding_says_where_the_words_are() -> None:
    text = "Well, you are an idiot."
    [found] = [one for one in detect(text, SENTENCE) if one.reason == "abuse"]
    assert found.span is not None
    assert text[slice(*found.span)] == "you are an idiot"


# -- the endpoint ---------------------------------------------------------------------------------
@pytest.fixture
def endpoint(settings: Settings) -> Iterator[ModelServer]:
    with run_server() as server:
        settings.MODERATION_MODEL = "omni-moderation-latest"
        settings.OPENAI_BASE_URL = server.base_url
        yield server


def gives(scores: dict[str, float], status: int = 200) -> object:
    names = ["harassment", "harassment/threatening", "hate", "hate/threatening", "illicit"]
    names += ["illicit/violent", "self-harm", "self-harm/instructions", "self-harm/intent"]
    names += ["sexual", "sexual/minors", "violence", "violence/graphic"]
    every = dict.fromkeys(names, 0.01) | scores
    result = {
        "flagged": False,
        "categories": dict.fromkeys(names, False),
        "category_scores": every,
        "category_applied_input_types": {name: ["text"] for name in names},
    }
    body = {"id": "modr-1", "model": "omni-moderation-latest", "results": [result]}

    async def scenario(wire: Wire, request: Request) -> None:
        await wire.head(status, "application/json")
        await wire.send(json.dumps(body).encode())
        await wire.finish()

    return scenario


def test_the_higher_score_of_the_endpoint_and_ours_counts(endpoint: ModelServer) -> None:
    endpoint.says(gives({"hate/threatening": 0.9, "violence": 0.99}))  # type: ignore[arg-type]
    assert kinds("my parcel is late again, those neighbours of mine") == {"threat"}
    assert kinds("I will kill you") == {"threat"}
    assert endpoint.requests[0].path.endswith("/moderations")
    assert endpoint.requests[0].json["input"].startswith("my parcel is late")


def test_the_endpoint_reads_no_personal_data(endpoint: ModelServer) -> None:
    endpoint.says(gives({}))  # type: ignore[arg-type]
    detect("write to ada@example.org about my order", MESSAGE)
    assert endpoint.requests[0].json["input"] == "write to <EMAIL_1> about my order"


def test_without_the_endpoint_only_what_is_sure_counts_as_read(endpoint: ModelServer) -> None:
    endpoint.says(gives({}, status=500))  # type: ignore[arg-type]
    assert kinds("I want to kill myself") == {"self_harm"}
    with pytest.raises(ModerationEndpointError):
        detect("where is my parcel", MESSAGE)


def test_an_endpoint_that_is_gone_or_talks_nonsense_has_failed(
    endpoint: ModelServer, settings: Settings
) -> None:
    endpoint.says(gives({"hate": 7.0}))  # type: ignore[arg-type]
    with pytest.raises(ModerationEndpointError, match="hate"):
        detect("where is my parcel", MESSAGE)
    settings.OPENAI_BASE_URL = f"http://127.0.0.1:{closed_port()}/v1"
    with pytest.raises(ModerationEndpointError):
        detect("where is my parcel", MESSAGE)
