"""`manage.py reindex`: build, compare, switch, go back, drop."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from knowledge.embedding.model import EmbeddingModelError
from knowledge.models import EmbeddingIndex
from knowledge.services.indexes import building, hnsw
from knowledge.services.indexes.building import work_on_indexes
from knowledge.services.indexes.embedding_indexes import get_active_index
from tests.conftest import RETURNS_POLICY, SHIPPING, Publish
from tests.small_model import DIMENSIONS, small_model

# Search indexes are made outside of transactions.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A worker that has done a piece of its work whenever the command looks."""

    def work_for(_: float) -> None:
        work_on_indexes()

    monkeypatch.setattr(time, "sleep", work_for)
    yield
    for index in EmbeddingIndex.objects.all():
        hnsw.drop(index)


def reindex(**options: Any) -> str:
    out = io.StringIO()
    call_command("reindex", stdout=out, stderr=out, **options)
    return out.getvalue()


def states() -> dict[str, str]:
    return dict(EmbeddingIndex.objects.values_list("model", "state"))


def test_an_index_is_built_and_compared_and_not_switched_to(publish: Publish) -> None:
    publish(RETURNS_POLICY, "returns.md")
    said = reindex(model=small_model())
    assert states() == {"bundled": "active", small_model(): "ready"}
    assert "texts embedded" in said
    assert f"({DIMENSIONS} dimensions) ready" in said
    assert "of the passages found are those of bundled" in said


def test_with_switch_questions_go_to_it(publish: Publish) -> None:
    publish(RETURNS_POLICY)
    reindex(model=small_model(), switch=True)
    assert states() == {"bundled": "ready", small_model(): "active"}
    assert "now go to the index of bundled" in reindex(activate="bundled")
    assert states() == {"bundled": "active", small_model(): "ready"}
    index = EmbeddingIndex.objects.get(model=small_model())
    assert "is dropped" in reindex(drop=str(index.pk))
    assert states() == {"bundled": "active", small_model(): "retired"}


def test_it_is_compared_on_the_questions_of_a_file(publish: Publish, tmp_path: Path) -> None:
    publish(RETURNS_POLICY, "returns.md")
    publish(SHIPPING, "shipping.md")
    lines = [
        {"text": "How long may I return goods?", "document": "returns.md"},
        {"id": "q2", "text": "What does shipping to France cost?"},
    ]
    path = tmp_path / "questions.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    found = json.loads(reindex(model=small_model(), questions=path, json=True).splitlines()[-1])
    assert (found["state"], found["dimensions"]) == ("ready", DIMENSIONS)
    assert found["texts"] == found["texts_done"] > 0
    assert (found["comparison"]["questions"], found["comparison"]["asked"]) == (2, "given")
    assert found["comparison"]["found"] == 1.0


def test_no_wait_leaves_it_to_the_workers(publish: Publish) -> None:
    publish(RETURNS_POLICY)
    assert "The workers build" in reindex(model=small_model(), no_wait=True)
    assert states() == {"bundled": "active", small_model(): "building"}
    assert "building, 0 of 0 texts" in reindex(list=True)


def test_the_list_shows_all(publish: Publish) -> None:
    get_active_index()
    (only,) = json.loads(reindex(list=True, json=True))
    assert (only["model"], only["state"]) == ("bundled", "active")


def test_what_is_active_already_is_left_as_it_is(publish: Publish) -> None:
    get_active_index()
    assert "bundled (384 dimensions) active" in reindex(model="bundled", switch=True)


def test_a_model_that_cannot_be_loaded_ends_with_1(
    publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: str) -> None:
        raise EmbeddingModelError("There is no such model.")

    monkeypatch.setattr(building, "get_encoder", fail)
    with pytest.raises(
        CommandError, match=r"There is no such model\. .* --drop \d+ gives"
    ) as caught:
        reindex(model="no/model")
    assert caught.value.returncode == 1


def test_the_active_index_is_not_dropped(publish: Publish) -> None:
    get_active_index()
    with pytest.raises(CommandError, match="Switch to another one"):
        reindex(drop="bundled")


def test_an_index_that_is_not_there_is_told(publish: Publish) -> None:
    with pytest.raises(CommandError, match="There is no index 'other'"):
        reindex(activate="other")


@pytest.mark.parametrize("line", ["not json", '{"id": "q1"}', "[1]"])
def test_bad_questions_name_file_and_line(publish: Publish, tmp_path: Path, line: str) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text(f'{{"text": "one"}}\n{line}\n', encoding="utf-8")
    with pytest.raises(CommandError, match=r"questions\.jsonl, line 2"):
        reindex(model=small_model(), questions=path)
    assert not EmbeddingIndex.objects.filter(model=small_model()).exists()


def test_one_thing_has_to_be_asked_for() -> None:
    with pytest.raises(CommandError, match="one of the arguments"):
        call_command("reindex")
