"""supportbot.metrics: Prometheus' text from what the database holds at the moment."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from knowledge.models import DocumentVersion, EmbeddingIndex, Passage, VersionWarning
from knowledge.services.lifecycle.freshness import record_check
from supportbot.answers.models import AnswerRun, ModelCall
from tests.conftest import Publish
from tickets.models import Conversation, Message

pytestmark = pytest.mark.django_db
Figures = dict[tuple[str, frozenset[tuple[str, str]]], float]


def scraped(client: Client | None = None, **headers: str) -> Figures:
    response = (client or Client()).get("/metrics", headers=headers)
    assert response.status_code == 200, response.content
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(response.content.decode())
        for sample in family.samples
    }


def value(name: str, **labels: str) -> float:
    return scraped()[f"supportbot_{name}", frozenset(labels.items())]


def add_run(conversation: Conversation, **fields: Any) -> None:
    question = Message.objects.create(
        conversation=conversation, author=Message.Author.CUSTOMER, text="How?"
    )
    fields = {"delivery": "stream", **fields}
    AnswerRun.objects.create(conversation=conversation, question=question, **fields)


def test_freshness_is_that_of_the_last_check(returns_policy: DocumentVersion) -> None:
    assert not any(name.startswith("supportbot_freshness") for name, _ in scraped())
    began = timezone.now().timestamp()
    record_check()
    passages = returns_policy.passages.count()
    assert (value("freshness_ok"), value("freshness_stale_rows")) == (1, 0)
    assert value("served_passages") == passages
    assert began <= value("freshness_last_check_timestamp_seconds") <= timezone.now().timestamp()
    Passage.objects.update(audience="internal")
    assert value("freshness_ok") == 1  # nobody has looked since
    record_check()
    assert (value("freshness_ok"), value("freshness_stale_rows")) == (0, passages)


def test_versions_are_counted_by_status_and_state(publish: Publish) -> None:
    publish("One.")
    publish("Two.")
    publish("A draft.", file_name="draft.md", publish=False)
    assert value("versions", status="ready", state="published") == 1
    assert value("versions", status="ready", state="retired") == 1
    assert value("versions", status="ready", state="draft") == 1


def test_the_queue_tells_its_length_and_how_long_the_oldest_waits(publish: Publish) -> None:
    assert value("processing_oldest_waiting_seconds") == 0
    waiting, running = publish("Text one."), publish("Text two.", file_name="b.md")
    hour = dt.timedelta(hours=1)
    now = timezone.now()
    DocumentVersion.objects.filter(pk=waiting.pk).update(
        status="queued", created_at=now - hour, step_started_at=None
    )
    DocumentVersion.objects.filter(pk=running.pk).update(
        status="embedding", lease_until=now + hour, created_at=now - 2 * hour
    )
    assert value("processing_waiting_versions") == 1
    assert value("processing_running_versions") == 1
    assert 3600 <= value("processing_oldest_waiting_seconds") < 3700
    # One that waits again, for its vectors, has waited since then.
    DocumentVersion.objects.filter(pk=waiting.pk).update(step_started_at=now - hour / 60)
    assert 60 <= value("processing_oldest_waiting_seconds") < 160


def test_an_index_that_is_being_built_tells_how_far_it_is(db: None) -> None:
    EmbeddingIndex.objects.create(
        model="other", dimensions=8, state="building", progress_done=3, progress_total=10
    )
    EmbeddingIndex.objects.create(model="gone", dimensions=8, state="retired")
    assert value("embedding_index_embedded_texts", model="other", state="building") == 3
    assert value("embedding_index_texts", model="other", state="building") == 10
    assert not any("gone" in dict(labels).values() for _, labels in scraped())


def test_open_warnings_are_counted_by_code(returns_policy: DocumentVersion) -> None:
    VersionWarning.objects.create(version=returns_policy, code="contradiction", text="x")
    VersionWarning.objects.create(
        version=returns_policy, code="contradiction", text="x", dismissed_at=timezone.now()
    )
    assert value("open_warnings", code="contradiction") == 1


def test_runs_are_counted_by_outcome_and_timed(conversation: Conversation) -> None:
    for milliseconds in (100, 101, 900, 60_000):
        add_run(
            conversation, status="completed", outcome="answered", first_sentence_ms=milliseconds
        )
    add_run(conversation, status="completed", outcome="no_answer")
    add_run(conversation, status="failed", outcome="failed")
    add_run(conversation, status="queued")
    add_run(conversation, status="running", first_sentence_ms=5)
    outcomes = {
        outcome: value("answer_runs_total", outcome=outcome)
        for outcome in ("answered", "no_answer", "handed_over", "failed")
    }
    assert outcomes == {"answered": 4, "no_answer": 1, "handed_over": 0, "failed": 1}
    assert value("unfinished_answer_runs") == 2
    bounds = ("0.1", "0.25", "0.5", "1.0", "16.0", "+Inf")
    buckets = [value("answer_first_sentence_seconds_bucket", le=bound) for bound in bounds]
    assert buckets == [1, 2, 2, 3, 3, 4]
    assert value("answer_first_sentence_seconds_count") == 4
    assert value("answer_first_sentence_seconds_sum") == pytest.approx(61.101)


@pytest.mark.parametrize("accept", ["", "application/openmetrics-text; version=1.0.0"])
def test_it_speaks_the_format_that_is_asked_for(accept: str) -> None:
    response = Client().get("/metrics", headers={"Accept": accept})
    assert response.status_code == 200
    kind = "application/openmetrics-text" if accept else "text/plain"
    assert response["Content-Type"].startswith(kind)
    assert response.content.endswith(b"# EOF\n") is bool(accept)


def status_of(client: Client | None = None, **headers: str) -> int:
    return (client or Client()).get("/metrics", headers=headers).status_code


def test_without_a_token_only_this_machine_is_answered() -> None:
    assert status_of() == 200
    assert status_of(Client(REMOTE_ADDR="::1")) == 200
    for address in ("10.0.0.7", "203.0.113.9", "2001:db8::1", "", "unix"):
        assert status_of(Client(REMOTE_ADDR=address)) == 401


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-Ip"])
def test_what_comes_through_a_proxy_does_not_come_from_this_machine(header: str) -> None:
    assert Client().get("/metrics", headers={header: "203.0.113.9"}).status_code == 401


def test_behind_a_proxy_a_token_is_needed(settings: Settings) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert status_of() == 401


def test_a_token_is_asked_for_once_there_is_one(settings: Settings) -> None:
    settings.METRICS_TOKEN = "s3crét"
    assert status_of() == 401
    far = Client(REMOTE_ADDR="203.0.113.9")
    wrong = ("Bearer ", "Bearer other", "Token s3crét", "s3crét", "Bearer s3crét2")
    for sent in wrong:
        assert status_of(far, Authorization=sent) == 401
    assert status_of(far, Authorization="Bearer s3crét") == 200
    refused = far.get("/metrics")
    assert refused["WWW-Authenticate"] == "Bearer"
    assert b"supportbot_" not in refused.content


def test_metrics_are_only_read() -> None:
    assert Client().post("/metrics").status_code == 405


def test_what_became_a_draft_counts_as_handed_over(conversation: Conversation) -> None:
    add_run(conversation, status="completed", outcome="answered", delivery="draft")
    add_run(conversation, status="failed", outcome="failed", delivery="draft")
    add_run(conversation, status="completed", outcome="answered")
    counts = {one: value("answer_runs_total", outcome=one) for one in AnswerRun.Outcome.values}
    assert {one: n for one, n in counts.items() if n} == {
        "answered": 1,
        "handed_over": 1,
        "failed": 1,
    }


def test_what_models_cost_is_counted_by_route_and_operation() -> None:
    given = {"route": "fast", "operation": "answer", "currency": "EUR"}
    for outcome, cost in (("complete", "0.25"), ("complete", "0.5"), ("slow", "0.125"), ("", "9")):
        ModelCall.objects.create(
            **given, outcome=outcome, cost=Decimal(cost), tokens_in=100, tokens_out=10
        )
    ModelCall.objects.create(**{**given, "operation": "judge"}, outcome="complete", tokens_in=7)
    by = {"route": "fast", "operation": "answer"}
    assert value("model_calls_total", **by, outcome="complete") == 2
    assert value("model_calls_total", **by, outcome="slow") == 1
    assert (value("model_tokens_in_total", **by), value("model_tokens_out_total", **by)) == (
        300,
        30,
    )
    assert value("model_cost_total", **by, currency="EUR") == 0.875
    assert value("model_tokens_in_total", route="fast", operation="judge") == 7
