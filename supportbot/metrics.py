"""`/metrics` for Prometheus. Every figure comes from PostgreSQL at the moment of the scrape, so it
is the same whichever process answers, and no process has to remember anything."""

from __future__ import annotations

import hmac
import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.db.models import Count, Min, Sum
from django.db.models.functions import Greatest
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from prometheus_client.core import (
    CollectorRegistry,
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from knowledge.models import DocumentVersion, EmbeddingIndex, FreshnessCheck, VersionWarning
from supportbot.answers.models import AnswerRun, ModelCall

# Upper bounds of the histogram, in milliseconds.
BUCKETS_MS = (100, 250, 500, 1000, 2000, 4000, 8000, 16000)
# Read from the index run_outcomes alone. A bound belongs to the bucket below it, as Prometheus has
# it; width_bucket counts it to the one above. What became a draft was handed over.
_RUNS = """
SELECT status,
       CASE WHEN delivery = 'draft' AND status = 'completed' THEN 'handed_over' ELSE outcome END,
       width_bucket(first_sentence_ms, %s), count(*), COALESCE(sum(first_sentence_ms), 0)
FROM answers_answerrun WHERE delivery <> 'compared' GROUP BY 1, 2, 3
"""
_FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP")


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """For who has the token; without one set, for programs on this machine alone."""
    if not _may_read(request):
        text = (
            "Send the token in SUPPORTBOT_METRICS_TOKEN as “Authorization: Bearer …”.\n"
            if settings.METRICS_TOKEN
            else "Set SUPPORTBOT_METRICS_TOKEN to read the metrics from another machine.\n"
        )
        response = HttpResponse(text, status=401, content_type="text/plain; charset=utf-8")
        response["WWW-Authenticate"] = "Bearer"
        return response
    registry = CollectorRegistry()
    registry.register(FromDatabase())
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    try:
        return HttpResponse(encode(registry), content_type=content_type)
    except DatabaseError:
        return HttpResponse("PostgreSQL does not answer.\n", status=503, content_type="text/plain")


def _may_read(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        sent, wanted = token.strip().encode(), settings.METRICS_TOKEN.encode()
        return scheme.lower() == "bearer" and hmac.compare_digest(sent, wanted)
    # Behind a proxy everybody seems to come from this machine.
    if settings.SECURE_PROXY_SSL_HEADER or any(name in request.META for name in _FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


class FromDatabase(Collector):
    """The figures, asked for when they are collected."""

    def collect(self) -> Iterator[Metric]:
        yield from _freshness()
        yield from _versions()
        yield from _queue()
        yield from _indexes()
        yield from _warnings()
        yield from _runs()
        yield from _model_calls()


def _freshness() -> Iterator[Metric]:
    last = FreshnessCheck.objects.first()
    if last is None:
        return
    figures = last.report["figures"]
    gauges = {
        "supportbot_freshness_ok": ("Whether nothing stale was served (1), or not (0).", last.ok),
        "supportbot_freshness_stale_rows": ("Passages at fault.", last.problem_rows),
        "supportbot_freshness_last_check_timestamp_seconds": (
            "When the last check began; the other figures of freshness are of then.",
            last.started_at.timestamp(),
        ),
        "supportbot_freshness_check_duration_seconds": (
            "How long the last check took.",
            last.duration_ms / 1000,
        ),
        "supportbot_served_passages": (
            "Passages served on any day, at the last check.",
            figures["passages"],
        ),
        "supportbot_orphaned_vectors": (
            "Vectors of texts that stand in no passage, at the last check.",
            figures["orphans"],
        ),
    }
    for name, (text, value) in gauges.items():
        yield GaugeMetricFamily(name, text, value=float(value))


def _versions() -> Iterator[Metric]:
    gauge = GaugeMetricFamily(
        "supportbot_versions",
        "Versions of documents, by how far they are read and whether they are published.",
        labels=["status", "state"],
    )
    counts = DocumentVersion.objects.order_by().values_list("status", "state")
    for status, state, count in counts.annotate(count=Count("pk")):
        gauge.add_metric([status, state], count)
    yield gauge


def _queue() -> Iterator[Metric]:
    now = timezone.now()
    waiting = DocumentVersion.objects.claimable(now).aggregate(
        count=Count("pk"), since=Min(Greatest("created_at", "step_started_at"))
    )
    running = DocumentVersion.objects.in_progress().filter(lease_until__gte=now).count()
    age = (now - waiting["since"]).total_seconds() if waiting["since"] else 0.0
    yield GaugeMetricFamily(
        "supportbot_processing_waiting_versions",
        "Versions that wait for a worker.",
        value=waiting["count"],
    )
    yield GaugeMetricFamily(
        "supportbot_processing_running_versions",
        "Versions that a worker is reading or embedding.",
        value=running,
    )
    yield GaugeMetricFamily(
        "supportbot_processing_oldest_waiting_seconds",
        "How long the oldest of those that wait has waited.",
        value=age,
    )


def _indexes() -> Iterator[Metric]:
    done = GaugeMetricFamily(
        "supportbot_embedding_index_embedded_texts",
        "Texts embedded so far, of those counted when the building began.",
        labels=["model", "state"],
    )
    total = GaugeMetricFamily(
        "supportbot_embedding_index_texts",
        "Texts to embed, as counted when the building began.",
        labels=["model", "state"],
    )
    for index in EmbeddingIndex.objects.exclude(state=EmbeddingIndex.State.RETIRED):
        done.add_metric([index.model, index.state], index.progress_done)
        total.add_metric([index.model, index.state], index.progress_total)
    yield done
    yield total


def _warnings() -> Iterator[Metric]:
    gauge = GaugeMetricFamily(
        "supportbot_open_warnings",
        "Warnings about documents that nobody has dismissed.",
        labels=["code"],
    )
    warnings = VersionWarning.objects.filter(dismissed_at=None).exclude(
        version__state=DocumentVersion.State.RETIRED
    )
    for code, count in warnings.order_by().values_list("code").annotate(count=Count("pk")):
        gauge.add_metric([code], count)
    yield gauge


def _runs() -> Iterator[Metric]:
    finished = CounterMetricFamily(
        "supportbot_answer_runs", "Answer runs that have ended.", labels=["outcome"]
    )
    with connection.cursor() as cursor:
        cursor.execute(_RUNS, [[bound + 1 for bound in BUCKETS_MS]])
        rows: Sequence[tuple[Any, ...]] = cursor.fetchall()
    outcomes = dict.fromkeys(AnswerRun.Outcome.values, 0)
    buckets, total_ms, unfinished = [0] * (len(BUCKETS_MS) + 1), 0, 0
    for status, outcome, bucket, count, milliseconds in rows:
        if status in {AnswerRun.Status.QUEUED, AnswerRun.Status.RUNNING}:
            unfinished += count
            continue
        outcomes[outcome] = outcomes.get(outcome, 0) + count
        if bucket is not None:
            buckets[bucket] += count
            total_ms += milliseconds
    for outcome, count in outcomes.items():
        finished.add_metric([outcome], count)
    yield finished
    yield GaugeMetricFamily(
        "supportbot_unfinished_answer_runs", "Answer runs waiting or running.", value=unfinished
    )
    yield _first_sentence(buckets, total_ms)


def _model_calls() -> Iterator[Metric]:
    """By route and operation; budgets and prices are in one currency."""
    calls = CounterMetricFamily(
        "supportbot_model_calls",
        "Requests to language models that have ended.",
        labels=["route", "operation", "outcome"],
    )
    labels = ["route", "operation"]
    tokens_in = CounterMetricFamily("supportbot_model_tokens_in", "Tokens sent.", labels=labels)
    tokens_out = CounterMetricFamily("supportbot_model_tokens_out", "Tokens got.", labels=labels)
    cost = CounterMetricFamily(
        "supportbot_model_cost", "What the requests cost.", labels=[*labels, "currency"]
    )
    totals: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    costs: dict[tuple[str, str, str], float] = defaultdict(float)
    for row in _summed_calls():
        calls.add_metric([row["route"], row["operation"], row["outcome"]], row["calls"])
        key = (row["route"], row["operation"])
        totals[key][0] += row["sent"]
        totals[key][1] += row["got"]
        costs[*key, row["currency"]] += float(row["paid"])
    for key, (sent, got) in totals.items():
        tokens_in.add_metric(key, sent)
        tokens_out.add_metric(key, got)
    for paid_by, paid in costs.items():
        cost.add_metric(paid_by, paid)
    yield from (calls, tokens_in, tokens_out, cost)


def _summed_calls() -> Iterable[Mapping[str, Any]]:
    ended = ModelCall.objects.exclude(outcome="").order_by()
    return ended.values("route", "operation", "outcome", "currency").annotate(
        calls=Count("pk"), sent=Sum("tokens_in"), got=Sum("tokens_out"), paid=Sum("cost")
    )


def _first_sentence(buckets: Sequence[int], total_ms: int) -> HistogramMetricFamily:
    bounds = [*(str(bound / 1000) for bound in BUCKETS_MS), "+Inf"]
    cumulative = [(bound, float(sum(buckets[: at + 1]))) for at, bound in enumerate(bounds)]
    return HistogramMetricFamily(
        "supportbot_answer_first_sentence_seconds",
        "From the start of a run to its first sentence, for runs that said one.",
        buckets=cumulative,
        sum_value=total_ms / 1000,
    )
