"""What the product adds to a model's answer: the time before the model is called, by stage, among
as many passages as wanted; a known answer's time; beside it other pipelines' (chat_rivals).

A web process of the product's own answers visitors over its sockets, from a database of its own; a
scripted model in another process notes when it is asked. All clocks are this machine's.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings

from knowledge.models import Audience
from supportbot.answers.guard import ON_A_CORE, TOGETHER
from supportbot.answers.models import AnswerRun
from supportbot.answers.types import Stage
from supportbot.evaluation.bench_corpus import (
    Maker,
    embed_documents,
    load_all_questions,
    load_documents,
)
from supportbot.evaluation.bench_database import scratch_database
from supportbot.evaluation.bench_load import Loaded, load
from supportbot.evaluation.bench_processes import (
    Asked,
    Say,
    System,
    installed_rivals,
    product,
    rival,
    same,
    scripted_model,
)
from supportbot.evaluation.bench_retrieval import prepare, shown
from supportbot.evaluation.report import EvaluationError, Figure, Report, Table

OURS = "supportbot"
PASSAGES = 100_000
REAL_PASSAGES = 1000
CLIENTS = ((1, 30), (20, 200))  # at once, and how many questions they ask together
WARM_UP = 8  # questions
ROUNDS = 2  # everybody takes turns, so that what else the machine does slows all alike


def run(
    data: Path,
    passages: int,
    *,
    say: Say,
    rivals: Path | None = None,
    clients: Sequence[tuple[int, int]] = CLIENTS,
) -> Report:
    """`rivals`: the Python of an environment that has other pipelines. `clients`: how many at once,
    and how many questions they ask together. Raises BadDatasetError and EvaluationError."""
    questions = load_all_questions(data)
    needed = WARM_UP + sum(count for _, count in clients)
    if len(questions) < needed:
        raise EvaluationError(f"{data} has {len(questions)} questions; {needed} are needed.")
    others = [] if rivals is None else [(name, rivals) for name in installed_rivals(rivals)]
    with ExitStack() as stack:
        stack.enter_context(scratch_database(say))
        _load(data, passages, say)
        model = stack.enter_context(scripted_model())
        systems = {OURS: stack.enter_context(product(model))}
        for name, python in others:
            say(f"{name}: copying the passages")
            systems[name] = stack.enter_context(rival(name, model, python))
        tables = _measure(systems, questions, clients, say)
        tables += _known(systems[OURS], questions, clients, say)
    return Report(tables, notes=_notes(passages))


def _load(data: Path, passages: int, say: Say) -> None:
    place = replace(prepare(settings.EMBEDDING_MODEL), audience=Audience.PUBLIC)
    documents = load_documents(data, min(REAL_PASSAGES, passages))
    maker = Maker(embed_documents(documents, place.index.model, shown()))
    load(place, maker, Loaded(), passages=passages, show=shown())
    say(f"{passages} passages are there.")


# -- the tables -----------------------------------------------------------------------------------
def _measure(
    systems: Mapping[str, System],
    questions: Sequence[str],
    clients: Sequence[tuple[int, int]],
    say: Say,
) -> list[Table]:
    compared: list[list[Figure]] = []
    stages: list[list[Figure]] = []
    detectors: list[list[Figure]] = []
    for system in systems.values():
        system(questions[:WARM_UP], 4)
    start = WARM_UP
    for at_once, count in clients:
        results: defaultdict[str, list[Asked]] = defaultdict(list)
        for part in _parts(questions[start : start + count]):
            for name, system in systems.items():
                say(f"{name}: {len(part)} questions, {at_once} at once")
                results[name] += system(part, at_once)
        start += count
        compared += [_row(name, at_once, asked) for name, asked in results.items()]
        runs = _runs_of(results[OURS])
        stages += _stage_rows(at_once, runs)
        detectors += _detector_rows(at_once, [run for _, run in runs])
    return [
        Table(
            "Until the model is called, ms",
            ["system", "at once", "asked", "reached the model", "p50", "p95", "first words p50"],
            compared,
        ),
        Table(
            "supportbot's stages until the model is called, ms",
            ["at once", "stage", "p50", "p95", "share of the mean"],
            stages,
        ),
        Table(
            "All detectors together on a message's path, ms",
            ["at once", "of", "p50", "p95", "on a core p50", "p95 on a core", "share of the run"],
            detectors,
        ),
    ]


def _parts(questions: Sequence[str]) -> Iterator[Sequence[str]]:
    size = -(-len(questions) // ROUNDS)
    for start in range(0, len(questions), size):
        yield questions[start : start + size]


def _row(name: str, clients: int, asked: Sequence[Asked]) -> list[Figure]:
    before = [one.before for one in asked if one.before is not None]
    first = [one.first for one in asked if one.first is not None and one.before is not None]
    percentiles = [_percentile(before, 50), _percentile(before, 95), _percentile(first, 50)]
    return [name, clients, len(asked), len(before), *percentiles]


def _runs_of(asked: Sequence[Asked]) -> list[tuple[Asked, AnswerRun]]:
    """Those that reached the model, with their runs."""
    runs = AnswerRun.objects.select_related("question").order_by("-created_at")
    run_of = {same(run.question.text): run for run in runs if run.question is not None}
    return [(one, run_of[same(one.question)]) for one in asked if one.before is not None]


def _stage_rows(clients: int, runs: Sequence[tuple[Asked, AnswerRun]]) -> list[list[Figure]]:
    """Where the time of the questions that reached the model went. The search and the detectors
    work beside other steps, so what they took has no share."""
    times: defaultdict[str, list[float]] = defaultdict(list)
    beside: defaultdict[str, list[float]] = defaultdict(list)
    for one, run in runs:
        for step, milliseconds in _steps(run, one):
            times[step].append(milliseconds)
        for step, milliseconds in _beside(run):
            beside[step].append(milliseconds)
    whole = sum(map(sum, times.values())) or 1.0
    shares: dict[str, float] = {step: round(sum(took) / whole, 3) for step, took in times.items()}
    return [
        [clients, step, _percentile(took, 50), _percentile(took, 95), shares.get(step)]
        for step, took in {**times, **dict(sorted(beside.items()))}.items()
    ]


def _steps(run: AnswerRun, one: Asked) -> Iterator[tuple[str, float]]:
    """The time until the model was asked, cut where the run's own record says so."""
    if run.question is None or run.started_at is None or one.before is None:
        return
    stored = 1000 * (run.question.created_at.timestamp() - one.sent)
    started = 1000 * (run.started_at.timestamp() - one.sent)
    yield "message received and stored", stored
    yield "waiting for its turn, claimed", started - stored
    receive, validate, enrich = stages = _stages_before(run)
    generate = _first_of(run)[Stage.GENERATE]["start_ms"]
    yield "receive", receive["end_ms"]
    yield "validate", _took(validate)
    yield "enrich: the rest of the search", _took(enrich)
    gaps = sum(later["start_ms"] - earlier["end_ms"] for earlier, later in pairwise(stages))
    yield "known answers looked up, stages stored", gaps + generate - enrich["end_ms"]
    yield "prompt, budget, request", one.before - started - generate


def _beside(run: AnswerRun) -> Iterator[tuple[str, float]]:
    """Steps of the search, which begins with the detectors, and each detector's time."""
    searching = run.retrieval.get("milliseconds", {})
    for step, milliseconds in searching.items():
        yield f"search: {step}", milliseconds
    yield "search: all of it", sum(searching.values())
    for name, milliseconds in _stages_before(run)[1].get("detectors", {}).items():
        yield f"detectors: {name}", milliseconds


def _detector_rows(clients: int, runs: Sequence[AnswerRun]) -> list[list[Figure]]:
    """Of the message, of the answer's sentences one after the other, and of both; how long they
    were waited for, and what they took of a core."""
    of_message = [_detectors_of(run, Stage.VALIDATE) for run in runs]
    of_answer = [_detectors_of(run, Stage.DELIVER) for run in runs]
    whole = sum(run.total_ms or 0 for run in runs) or 1

    def row(name: str, taken: Sequence[Sequence[tuple[float, float]]]) -> list[Figure]:
        waited, used = ([sum(pair[n] for pair in one) for one in taken] for n in (0, 1))
        percentiles = [_percentile(times, part) for times in (waited, used) for part in (50, 95)]
        return [clients, name, *percentiles, round(sum(waited) / whole, 4)]

    return [
        row("the message", [[one] for one in of_message]),
        row("the sentences of its answer", [[one] for one in of_answer]),
        row("both", list(zip(of_message, of_answer, strict=True))),
    ]


def _detectors_of(run: AnswerRun, stage: Stage) -> tuple[float, float]:
    """(waited for, of a core)"""
    taken = [entry.get("detectors", {}) for entry in run.stages if entry["stage"] == stage]
    return sum(one.get(TOGETHER, 0.0) for one in taken), sum(
        one.get(ON_A_CORE, 0.0) for one in taken
    )


def _stages_before(run: AnswerRun) -> list[Mapping[str, Any]]:
    first_of = _first_of(run)
    return [first_of[stage] for stage in (Stage.RECEIVE, Stage.VALIDATE, Stage.ENRICH)]


def _first_of(run: AnswerRun) -> Mapping[str, Mapping[str, Any]]:
    """The first entry of each stage."""
    entries = sorted(run.stages, key=lambda entry: entry["start_ms"])
    return {entry["stage"]: entry for entry in reversed(entries)}


def _took(entry: Mapping[str, Any]) -> float:
    return float(entry["end_ms"] - entry["start_ms"])


def _known(
    ask: System, questions: Sequence[str], clients: Sequence[tuple[int, int]], say: Say
) -> list[Table]:
    """The questions that the model answered are asked again, by others."""
    rows: list[list[Figure]] = []
    stages: list[list[Figure]] = []
    start = WARM_UP
    for at_once, count in clients:
        say(f"supportbot: {count} known questions, {at_once} at once")
        asked = ask(questions[start : start + count], at_once)
        start += count
        latest = AnswerRun.objects.filter(route="cached").select_related("question")
        cached = {same(run.question.text): run for run in latest if run.question is not None}
        hits = [one for one in asked if same(one.question) in cached]
        first = [one.first for one in hits if one.first is not None]
        total = [one.total for one in hits if one.total is not None]
        percentiles = [_percentile(times, part) for times in (first, total) for part in (50, 95)]
        rows.append([at_once, len(hits), *percentiles])
        stages += _known_stages(at_once, [cached[same(one.question)] for one in hits])
    return [
        Table(
            "A known answer, ms",
            ["at once", "hits", "first sentence p50", "p95", "whole p50", "whole p95"],
            rows,
        ),
        Table("A known answer's run, ms", ["at once", "until the end of", "p50", "p95"], stages),
    ]


def _known_stages(clients: int, runs: Sequence[AnswerRun]) -> Iterator[list[Figure]]:
    ends: defaultdict[str, list[float]] = defaultdict(list)
    for run in runs:
        for entry in run.stages:
            ends[entry["stage"]].append(entry["end_ms"])
    for stage, times in ends.items():
        yield [clients, stage, _percentile(times, 50), _percentile(times, 95)]


def _percentile(times: Sequence[float], percent: int) -> float | None:
    return round(float(np.percentile(times, percent)), 1) if times else None


def _notes(passages: int) -> list[str]:
    return [
        f"{passages} passages; the model says its first word after 0.3 s and then a word every "
        "0.05 s, so that many at once are many whose answers are being written.",
        f"{OURS}: from a visitor's message on its socket until the model's server has the request; "
        "every question in a conversation of its own, whose visitor has opened the widget before. "
        "The model writes every answer, as in the other pipelines, whatever the documents have. "
        "The others, where --rivals names them "
        "(tests/bench/chat_rivals.txt): from the call of the pipeline in their process, which "
        "stores nothing, until then.",
        "Detectors: how long a text waited for all of them, and what they took of a core. The "
        "vectors of a message and its sentences are made before, for the search and the manners, "
        "too.",
        f"On {os.cpu_count()} cores, shared with PostgreSQL, the model and the clients; load "
        f"{os.getloadavg()[0]:.1f}.",
    ]
