"""`manage.py freshness`: what was proven, or which rows are wrong and what to do; then 1."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import call_command

from knowledge.management.commands.freshness import SHOWN_PROBLEMS
from knowledge.models import DocumentVersion, FreshnessCheck, Passage
from tests.conftest import Publish

FRESH = "Everything served is in effect, and everything in effect is served whole."


def freshness(*options: str) -> tuple[str, int]:
    """What it printed and its exit code."""
    out = io.StringIO()
    try:
        call_command("freshness", *options, stdout=out)
    except SystemExit as end:
        return out.getvalue(), int(str(end.code))
    return out.getvalue(), 0


def test_it_says_what_was_proven(returns_policy: DocumentVersion) -> None:
    text, code = freshness()
    assert code == 0
    assert text.strip().endswith(FRESH)
    assert "Served: 1 document, 1 version, 1 passage." in text
    assert "in bundled (384 dimensions), active" in text


def test_it_names_what_is_wrong_and_ends_with_1(returns_policy: DocumentVersion) -> None:
    first = returns_policy.passages.earliest("position")
    Passage.objects.filter(pk=first.pk).update(text="Within 99 days.")
    text, code = freshness()
    assert code == 1
    assert FRESH not in text
    assert "“Returns policy”, version 1: 1 passage is served whose text was altered" in text
    assert f"document {returns_policy.document_id}, passages {first.pk}" in text
    assert "Retire the version and upload its file again." in text


def test_json_holds_the_whole_report(returns_policy: DocumentVersion) -> None:
    report, code = freshness("--json")
    assert (json.loads(report)["ok"], code) == (True, 0)
    Passage.objects.update(audience="internal")
    report, code = freshness("--json")
    body = json.loads(report)
    assert (body["ok"], code) == (False, 1)
    (problem,) = body["problems"]
    assert problem["code"] == "wrong_audience"
    assert (problem["document"], problem["version"]) == ("Returns policy", 1)
    assert problem["passages"] == sorted(returns_policy.passages.values_list("pk", flat=True))
    assert problem["text"]
    assert problem["remedy"]


def test_it_repairs_what_it_can_when_asked(returns_policy: DocumentVersion) -> None:
    Passage.objects.update(audience="internal")
    assert freshness()[1] == 1
    text, code = freshness("--repair")
    assert code == 0
    assert FRESH in text
    assert set(Passage.objects.values_list("audience", flat=True)) == {"public"}


def test_a_long_list_is_cut_and_says_so(publish: Publish) -> None:
    for number in range(SHOWN_PROBLEMS + 2):
        publish(f"Rule {number}.", file_name=f"{number}.md")
    Passage.objects.update(audience="internal")
    text, _ = freshness()
    assert text.count("Run “manage.py freshness --repair”") == SHOWN_PROBLEMS
    assert "And 2 more" in text


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_every_run_is_kept_for_the_metric(
    returns_policy: DocumentVersion, options: tuple[str, ...]
) -> None:
    freshness(*options)
    assert FreshnessCheck.objects.get().ok
