"""The admin's page of embedding indexes: build beside, compare, switch, go back, drop."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from knowledge.models import EmbeddingIndex
from knowledge.services.indexes.embedding_indexes import get_active_index

State = EmbeddingIndex.State
PAGE = "/admin/knowledge/embeddingindex/"
COMPARISON = {
    "active": "bundled",
    "questions": 120,
    "asked": "headings",
    "overlap": 0.71,
    "found": 0.93,
    "found_active": 0.9,
    "milliseconds": 4.2,
    "milliseconds_active": 6.1,
    "cut_off": 0.0,
}


@pytest.fixture
def editor(cleo: User, browser_of: Callable[[User], Client]) -> Client:
    return browser_of(cleo)


@pytest.fixture
def active(db: None) -> EmbeddingIndex:
    return get_active_index()


def other(state: str = State.READY, **fields: object) -> EmbeddingIndex:
    values = {"model": "other/model", "dimensions": 128, "state": state, **fields}
    return EmbeddingIndex.objects.create(**values)


def page(editor: Client) -> str:
    return editor.get(PAGE).content.decode()


def do(editor: Client, index: EmbeddingIndex, step: str) -> str:
    url = reverse("admin:knowledge_embeddingindex_step", args=[index.pk, step])
    return editor.post(url, follow=True).content.decode()


def test_an_index_is_built_beside_the_active_one(editor: Client, active: EmbeddingIndex) -> None:
    url = reverse("admin:knowledge_embeddingindex_build")
    said = editor.post(url, {"model": "other/model"}, follow=True).content.decode()
    assert "The index of other/model is being built." in said
    index = EmbeddingIndex.objects.get(model="other/model")
    assert index.state == State.BUILDING
    assert index.created_by is not None
    assert index.created_by.username == "cleo"
    assert (
        "Name an embedding model" in editor.post(url, {"model": " "}, follow=True).content.decode()
    )


def test_the_page_shows_how_far_it_is_and_looks_again(
    editor: Client, active: EmbeddingIndex
) -> None:
    assert 'http-equiv="refresh"' not in page(editor)
    other(State.BUILDING, progress_done=40, progress_total=160, error="The server is down.")
    shown = page(editor)
    assert '<progress max="160" value="40"' in shown
    assert "The server is down." in shown
    assert 'http-equiv="refresh"' in shown


def test_the_comparison_is_shown_before_the_switch(editor: Client, active: EmbeddingIndex) -> None:
    other(comparison=COMPARISON)
    shown = page(editor)
    assert "on 120 questions" in shown
    assert "Switch to this" in shown


def test_a_switch_and_the_way_back(editor: Client, active: EmbeddingIndex) -> None:
    index = other(comparison=COMPARISON)
    assert "Questions now go to the index of other/model." in do(editor, index, "activate")
    index.refresh_from_db()
    active.refresh_from_db()
    assert (index.state, active.state) == ("active", "ready")
    assert "Go back to this" in page(editor)
    do(editor, active, "activate")
    active.refresh_from_db()
    assert active.state == State.ACTIVE


def test_a_comparison_is_asked_for_anew(editor: Client, active: EmbeddingIndex) -> None:
    index = other(comparison=COMPARISON)
    do(editor, index, "compare")
    index.refresh_from_db()
    assert index.comparison == {}
    assert "being compared" in page(editor)


def test_an_index_is_dropped(editor: Client, active: EmbeddingIndex) -> None:
    index = other(activated_at=timezone.now())
    assert "is being dropped" in do(editor, index, "drop")
    index.refresh_from_db()
    assert index.state == State.RETIRED
    assert "other/model" not in page(editor).split("Embedding indexes", 1)[1].split("</table>")[0]


def test_what_is_not_possible_is_told(editor: Client, active: EmbeddingIndex) -> None:
    assert "Switch to another one before you drop it." in do(editor, active, "drop")
    assert "is not ready" in do(editor, other(State.BUILDING), "activate")
    active.refresh_from_db()
    assert active.state == State.ACTIVE


@pytest.mark.parametrize("step", ["activate", "compare", "drop"])
def test_nothing_is_changed_by_looking_or_by_outsiders(
    editor: Client,
    ben: User,
    browser_of: Callable[[User], Client],
    active: EmbeddingIndex,
    step: str,
) -> None:
    index = other(comparison=COMPARISON)
    url = reverse("admin:knowledge_embeddingindex_step", args=[index.pk, step])
    assert editor.get(url).status_code == 405
    assert browser_of(ben).post(url).status_code == 403
    assert Client().post(url).status_code == 302
    assert browser_of(ben).get(PAGE).status_code == 403
    index.refresh_from_db()
    assert (index.state, index.comparison) == ("ready", COMPARISON)
