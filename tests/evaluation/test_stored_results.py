"""Evaluation runs are kept, drawn over time in the admin, and never changed there."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from supportbot.evaluation import charts
from supportbot.evaluation.charts import BOTTOM, SIDE, TOP, draw_calibration, draw_runs
from supportbot.evaluation.models import EvaluationRun
from supportbot.evaluation.stored_runs import code_version
from tests.evaluation.judged import QUESTIONS, dataset, evaluate

Browser = Callable[[User], Client]
LIST = "/admin/evaluation/evaluationrun/"
BINS = [
    {"predicted": 0.25, "observed": 0.5, "questions": 4},
    {"predicted": 1.0, "observed": 1.0, "questions": 16},
]


@pytest.fixture
def olga(db: None) -> User:
    """An operator."""
    user = User.objects.create_user("olga", password="olga", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="evaluation"))
    return user


def figure(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.02, "high": value + 0.02}


def run(data: Any = "shop", days_ago: Any = 0, **arms: float) -> EvaluationRun:
    """With these values of nDCG@10."""
    found: dict[str, Any] = {
        name: {"nDCG@10": figure(value), "p50_ms": 7.0, "p95_ms": 9.0}
        for name, value in (arms or {"dense": 0.7, "fused": 0.8}).items()
    }
    kept = EvaluationRun.objects.create(
        name="retrieval",
        data=data,
        questions=40,
        settings={"fused": {"candidates": 40}},
        figures={"arms": found, "reliability": BINS, "calibration_error": 0.05},
        index_model="bundled",
        code_version="0.1.0, 3f2c9a1",
    )
    EvaluationRun.objects.filter(pk=kept.pk).update(
        created_at=timezone.now() - dt.timedelta(days=days_ago)
    )
    kept.refresh_from_db()
    return kept


def page_of(kept: EvaluationRun) -> str:
    return reverse("admin:evaluation_evaluationrun_change", args=[kept.pk])


# -- keeping ----------------------------------------------------------------------------------
@pytest.mark.django_db
def test_what_was_found_is_kept(tmp_path: Path) -> None:
    report = evaluate(dataset(tmp_path / "shop"), compare=["candidates=100"])
    kept = EvaluationRun.objects.get()
    assert (kept.name, kept.data, kept.questions) == ("retrieval", "shop", len(QUESTIONS))
    assert kept.index_model == "bundled"
    assert kept.code_version == code_version()
    assert kept.settings["candidates=100"]["candidates"] == 100
    assert kept.settings["dense"]["lexical"] is False
    arms = {row["arm"]: row for row in report["tables"]["by arm"]}
    for name, row in arms.items():
        for measure in ("nDCG@10", "recall@10", "hit@3", "MRR@10"):
            assert kept.figures["arms"][name][measure]["value"] == pytest.approx(row[measure])
    assert kept.figures["reliability"] == report["tables"]["answerability, fused"]
    assert kept.figures["documents"] == kept.figures["passages"] == len(QUESTIONS)


@pytest.mark.django_db
def test_nothing_is_kept_when_asked_for(tmp_path: Path) -> None:
    evaluate(dataset(tmp_path / "shop"), no_store=True)
    assert not EvaluationRun.objects.exists()


# -- the pages --------------------------------------------------------------------------------
def test_the_list_has_a_chart_of_each_folder(olga: User, browser_of: Browser) -> None:
    old, new = run(days_ago=3, dense=0.7, fused=0.8), run(dense=0.7, fused=0.85)
    run(data="<b>forum</b>", fused=0.6)
    text = browser_of(olga).get(LIST).content.decode()
    assert text.count('<svg viewBox="0 0 900') == 2
    assert "nDCG@10 on shop over 2 runs. Last: fused 0.850, dense 0.700" in text
    assert "0.850 (0.830 to 0.870)" in text  # in the table, for who does not see the chart
    assert page_of(old) in text
    assert page_of(new) in text
    assert "<b>forum</b>" not in text
    filtered = browser_of(olga).get(f"{LIST}?data=shop").content.decode()
    assert "over 2 runs" in filtered
    assert "forum" not in re.findall(r'<h2 id="chart.*?</h2>', filtered)[0]
    assert filtered.count('<svg viewBox="0 0 900') == 1


def test_a_run_of_grounding_is_drawn_and_has_its_page(olga: User, browser_of: Browser) -> None:
    arms = {
        name: {"balanced accuracy": figure(value), "AUROC": figure(value + 0.1), "p50_ms": 4.0}
        for name, value in {"ROUGE-2": 0.5, "product": 0.6, "support alone": 0.55}.items()
    }
    kept = EvaluationRun.objects.create(
        name="grounding", data="claims", questions=80, figures={"arms": arms}
    )
    browser = browser_of(olga)
    text = browser.get(LIST).content.decode()
    assert "balanced accuracy on claims over 1 runs" in text
    assert "0.600 balanced accuracy" in text
    page = browser.get(page_of(kept)).content.decode()
    assert re.findall(r'<th scope="row">([^<]+)</th>', page)[:3] == [
        "product",
        "support alone",
        "ROUGE-2",
    ]


def test_without_a_run_the_list_says_how_to_make_one(olga: User, browser_of: Browser) -> None:
    assert "manage.py evaluate retrieval" in browser_of(olga).get(LIST).content.decode()


def test_the_page_of_a_run_shows_its_figures_and_its_calibration(
    olga: User, browser_of: Browser
) -> None:
    text = browser_of(olga).get(page_of(run())).content.decode()
    for expected in (
        "predicted 0.25, observed 0.50, 4 questions",
        "Expected calibration error: 0.050",
        "0.780 to 0.820",
        "0.1.0, 3f2c9a1",
        "candidates 40",
    ):
        assert expected in text


def test_a_run_that_found_nothing_of_this_has_a_page_all_the_same(
    olga: User, browser_of: Browser
) -> None:
    kept = EvaluationRun.objects.create(name="parsing", data="files", questions=3)
    browser = browser_of(olga)
    assert "Parsing on files" in browser.get(page_of(kept)).content.decode()
    assert page_of(kept) in browser.get(LIST).content.decode()


def test_outsiders_see_no_runs(cleo: User, eve: User, browser_of: Browser) -> None:
    kept = run()
    assert browser_of(cleo).get(page_of(kept)).status_code == 403
    assert browser_of(cleo).get(LIST).status_code == 403
    assert browser_of(eve).get(page_of(kept)).status_code == 302


def test_a_missing_run_leads_back_with_a_message(olga: User, browser_of: Browser) -> None:
    answer = browser_of(olga).get(f"{LIST}1234567/change/", follow=True)
    assert "doesn’t exist" in answer.content.decode()


def test_runs_are_never_changed(olga: User, browser_of: Browser) -> None:
    kept, browser = run(), browser_of(olga)
    assert browser.post(page_of(kept), {"data": "x"}).status_code == 405
    assert browser.get(f"{LIST}add/").status_code == 403
    delete = reverse("admin:evaluation_evaluationrun_delete", args=[kept.pk])
    assert browser.post(delete, {"post": "yes"}).status_code == 403


# -- the drawings -----------------------------------------------------------------------------
@pytest.mark.django_db
def test_lines_are_to_scale_and_from_left_to_right() -> None:
    run(days_ago=1, fused=0.62)
    run(fused=0.68, **{"candidates=100": 0.9})
    [chart] = draw_runs(EvaluationRun.objects.all())
    [line] = chart.lines  # what somebody tried once has no line
    older, newer = line.points
    assert older.x < newer.x
    # From 0.60, the lower end of the first, to 0.70, the upper end of the last.
    assert (older.bottom, newer.top) == (BOTTOM, TOP)
    assert older.y == pytest.approx(BOTTOM - (BOTTOM - TOP) * 0.2, abs=0.1)
    assert [mark.text for mark in chart.grid] == ["0.60", "0.65", "0.70"]
    assert line.path == f"M{older.x:g} {older.y:g} L{newer.x:g} {newer.y:g}"
    assert [row[0].pk for row in chart.rows] == list(
        EvaluationRun.objects.values_list("pk", flat=True)
    )


@pytest.mark.django_db
def test_names_of_lines_do_not_cover_one_another() -> None:
    run(dense=0.8, lexical=0.8, fused=0.801, bm25s=0.7)
    [chart] = draw_runs(EvaluationRun.objects.all())
    places = [line.label_y for line in chart.lines]
    assert all(after - before >= 15 for before, after in itertools.pairwise(places))


@pytest.mark.django_db
def test_an_arm_that_a_run_lacks_has_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charts, "MOST_RUNS", 2)
    run(days_ago=3, fused=0.1)
    run(days_ago=2, fused=0.7, bm25s=0.5)
    run(fused=0.8)
    [chart] = draw_runs(EvaluationRun.objects.all())
    assert {line.arm: len(line.points) for line in chart.lines} == {"fused": 2, "bm25s": 1}
    assert chart.rows[0][1] == ["0.800 (0.780 to 0.820)", "–"]


def test_calibration_is_to_scale() -> None:
    calibration = draw_calibration(BINS)
    assert calibration is not None
    first, last = calibration.dots
    assert (first.x, first.y) == (SIDE / 4, SIDE / 2)
    assert (last.x, last.y) == (SIDE, 0)
    assert first.radius < last.radius
    assert draw_calibration([]) is None
