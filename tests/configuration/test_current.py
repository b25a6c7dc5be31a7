"""What is in effect: the environment's values until a person publishes, everywhere in seconds."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction
from pydantic import ValidationError
from pytest_django import Settings

from supportbot.configuration import current as module
from supportbot.configuration.content import Configuration
from supportbot.configuration.current import current, current_content, forget, is_from_environment
from supportbot.configuration.models import Activation, AnswerConfiguration
from supportbot.configuration.services import (
    ConfigurationError,
    begin_draft,
    drop_draft,
    publish,
    return_to_environment,
    roll_back,
    save_draft,
)
from supportbot.llm.routes import ModelRoute
from tests.configuration.publishing import put_in_effect
from tickets.models import AuditEntry, Customer
from tickets.services.conversations import start_conversation

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_environment_decides_until_a_person_publishes(settings: Settings) -> None:
    settings.MODEL, settings.OPENAI_BASE_URL = "llama", "http://localhost:11434/v1"
    settings.ANSWERABILITY_MIN, settings.ANSWER_COLLECTIONS = 0.3, ["FAQ"]
    settings.MODEL_TEMPERATURE, settings.MODEL_TOTAL_SECONDS = "none", 30.0
    content = current_content()
    (route,) = content.routes
    assert (route.name, route.model, route.base_url) == ("model", "llama", settings.OPENAI_BASE_URL)
    assert (route.key, route.temperature, route.timeouts.total) == ("", None, 30.0)
    assert (content.answerability_min, content.collections) == (0.3, ("FAQ",))
    assert is_from_environment()
    version = put_in_effect(answerability_min=0.5)
    assert current().id == version.pk
    assert (current_content().answerability_min, current_content().routes) == (0.5, ())
    settings.ANSWERABILITY_MIN = 0.1
    assert current_content().answerability_min == 0.5


@pytest.mark.parametrize(
    ("model", "base_url", "key", "expected"),
    [
        ("", "", "", False),
        ("m", "", "", False),
        ("", "http://localhost/v1", "k", False),
        ("m", "http://localhost/v1", "", True),
        ("m", "", "k", True),
    ],
)
def test_a_model_is_configured_when_it_has_a_name_and_a_place(
    model: str, base_url: str, key: str, expected: bool, settings: Settings
) -> None:
    settings.MODEL, settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY = model, base_url, key
    assert current_content().has_models is expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OPENAI_BASE_URL", "localhost:11434/v1"),
        ("MODEL_CONTEXT_TOKENS", 100),
        ("MODEL_TOTAL_SECONDS", 0.0),
    ],
)
def test_a_route_of_the_environment_that_cannot_be_is_left_out(
    name: str, value: object, settings: Settings
) -> None:
    settings.MODEL, settings.OPENAI_BASE_URL = "m", "http://localhost/v1"
    settings.FIRST_SENTENCE_SECONDS, settings.ANSWERABILITY_MIN = -1.0, 40.0
    assert current_content().has_models
    setattr(settings, name, value)
    content = current_content()
    assert not content.has_models
    assert (content.first_sentence_seconds, content.answerability_min) == (4.0, 0.4)


def test_a_key_is_never_stored(settings: Settings) -> None:
    settings.MODEL, settings.OPENAI_API_KEY = "gpt", "sk-very-secret"
    stored = AnswerConfiguration.objects.get(pk=current().id)
    assert "sk-very-secret" not in str(stored.content)
    assert stored.content["routes"][0]["key"] == "OPENAI_API_KEY"


def test_each_change_of_the_environment_is_one_version(settings: Settings) -> None:
    first = current()
    assert current() == first
    settings.ANSWERABILITY_MIN = 0.7
    second = current()
    assert (second.id != first.id, second.sha256 != first.sha256) == (True, True)
    settings.ANSWERABILITY_MIN = 0.4
    forget()
    assert current().id == first.id


def test_another_process_notices_within_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    put_in_effect(answerability_min=0.5)
    assert current_content().answerability_min == 0.5
    version = AnswerConfiguration.objects.create(
        content=Configuration(answerability_min=0.6).as_json(), sha256="x"
    )
    Activation.objects.create(configuration=version, by_name="another process")
    assert current_content().answerability_min == 0.5  # kept for a moment
    monkeypatch.setattr(module, "KEPT_SECONDS", 0.0)
    assert current_content().answerability_min == 0.6


def test_reading_it_again_costs_no_query(django_assert_num_queries: object) -> None:
    put_in_effect(answerability_min=0.5)
    current()
    with django_assert_num_queries(0):  # type: ignore[operator]
        for _ in range(100):
            current()


def test_new_conversations_have_its_mode(ada: Customer) -> None:
    assert start_conversation(customer=ada).mode == "reply"
    put_in_effect(mode="draft")
    assert start_conversation(customer=ada).mode == "draft"


# -- Drafts, versions, roll-back ------------------------------------------------------------------
def test_a_version_is_rolled_back_to_in_one_step(olga: User) -> None:
    first, second = put_in_effect(answerability_min=0.5), put_in_effect(answerability_min=0.6)
    roll_back(version=first, by=olga, note="too strict")
    assert current().id == first.pk
    roll_back(version=second, by=olga)
    assert current().id == second.pk
    return_to_environment(by=olga)
    assert is_from_environment()
    actions = AuditEntry.objects.order_by("id").values_list("action", flat=True)
    assert list(actions) == [
        *["configuration.published"] * 2,
        *["configuration.rolled_back"] * 2,
        "configuration.returned_to_environment",
    ]


def test_a_draft_is_not_in_effect_and_begins_from_what_is(olga: User) -> None:
    put_in_effect(answerability_min=0.5)
    draft = begin_draft(author=olga)
    assert draft.parsed.answerability_min == 0.5
    draft = save_draft(
        draft=draft, content=Configuration(answerability_min=0.9), note="n", author=olga
    )
    assert current_content().answerability_min == 0.5
    with pytest.raises(ConfigurationError, match="Publish it"):
        roll_back(version=draft, by=olga)
    publish(draft=draft, by=olga)
    assert current_content().answerability_min == 0.9
    with pytest.raises(ConfigurationError, match="meanwhile"):
        save_draft(draft=draft, content=Configuration(), note="", author=olga)


def test_a_dropped_draft_is_gone(olga: User) -> None:
    draft = begin_draft(author=olga)
    drop_draft(draft=draft)
    assert not AnswerConfiguration.objects.filter(pk=draft.pk).exists()
    with pytest.raises(ConfigurationError):
        publish(draft=draft, by=olga)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE configuration_answerconfiguration SET content = '{}'",
        "UPDATE configuration_answerconfiguration SET is_draft = true",
        "DELETE FROM configuration_activation",
        "UPDATE configuration_activation SET by_name = 'nobody'",
    ],
)
def test_the_database_refuses_to_change_what_was_published(statement: str) -> None:
    put_in_effect(answerability_min=0.5)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


# -- Content --------------------------------------------------------------------------------------
def test_the_hash_is_of_the_content_and_survives_storage() -> None:
    version = put_in_effect(answerability_min=0.5, routes=(ModelRoute(name="a", model="m"),))
    forget()
    read = AnswerConfiguration.objects.get(pk=version.pk)
    assert read.parsed.sha256 == read.sha256 == version.sha256
    assert Configuration(answerability_min=0.6).sha256 != Configuration().sha256


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"routes": [{"name": "a", "model": "m"}, {"name": "a", "model": "n"}]}, "two routes"),
        ({"routes": [{"name": "extractive", "model": "m"}]}, "route of its own"),
        ({"answerability_min": 1.5}, "less than or equal"),
        ({"budgets": {"day": -1}}, "greater than or equal"),
        ({"topics": [{"words": ["a"], "route": "cached"}]}, "a topic is answered"),
    ],
)
def test_what_cannot_be_is_refused(content: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Configuration.model_validate(content)


def test_content_of_a_later_release_can_be_read() -> None:
    assert Configuration.model_validate({"of_the_future": 1}) == Configuration()
