"""To publish is a right apart from editing: the role Content editor lacks it, Publisher has it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from knowledge.models import CuratedAnswer, DocumentVersion, WebSource
from knowledge.rights import REFUSED
from tests.conftest import RETURNS_POLICY, Publish, process_waiting
from tests.knowledge.desk import LIST, UPLOAD, State, a_file, act, last_event, page_of, text_of

pytestmark = pytest.mark.django_db


def with_role(role: str) -> User:
    user = User.objects.create_user(role.rsplit(maxsplit=1)[-1], is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    return user


@pytest.fixture
def dora(browser_of: Callable[[User], Client]) -> Client:
    """A content editor."""
    return browser_of(with_role("Content editor"))


@pytest.fixture
def paul(browser_of: Callable[[User], Client]) -> Client:
    return browser_of(with_role("Publisher"))


def test_an_editor_submits_and_a_publisher_publishes(dora: Client, paul: Client) -> None:
    assert "disabled" in str(dora.get(UPLOAD).context["form"]["publish"])
    dora.post(UPLOAD, {"uploads": a_file("hours.md"), "publish": "on"})
    process_waiting()
    version = DocumentVersion.objects.get()
    assert version.state == State.DRAFT
    page = text_of(dora.get(page_of(version)))
    assert "Publish…" not in page and "Submit for review" in page and "right of its own" in page

    dora.post(act("submit", version))
    refused = dora.post(act("publish", version))
    assert refused.status_code == 403 and REFUSED in text_of(refused)
    assert "Publish…" in text_of(paul.get(page_of(version)))
    paul.post(act("publish", version))
    process_waiting()
    version.refresh_from_db()
    assert version.state == State.PUBLISHED


def test_an_editor_moves_nothing_that_is_served(
    dora: Client, paul: Client, publish: Publish
) -> None:
    version = publish(RETURNS_POLICY, title="Returns")
    assert not {"retire", "terms"} & dora.get(page_of(version)).context["row"].steps
    for step in ("retire", "terms", "roll-back"):
        assert dora.post(act(step, version)).status_code == 403
    for name in ("publish", "retire"):
        assert dora.post(act("bulk", name), {"ids": version.document_id}).status_code == 403
    assert "bulk_retire" not in text_of(dora.get(LIST)) and "bulk_submit" in text_of(dora.get(LIST))

    paul.post(act("retire", version))
    assert dora.get(page_of(version)).context["last_step"] is None
    assert dora.post(act("undo_event", last_event())).status_code == 403
    assert paul.get(page_of(version)).context["last_step"] == last_event()
    paul.post(act("undo_event", last_event()))

    text = f"{RETURNS_POLICY}\n\nCups, too."
    dora.post(act("edit", version), {"text": text, "newest": 1, "publish": "on"})
    process_waiting()
    states = version.document.versions.values_list("number", "state")
    assert dict(states) == {1: State.PUBLISHED, 2: State.DRAFT}


def test_programs_need_the_right_too(publish: Publish) -> None:
    api, user = APIClient(), with_role("Content editor")
    api.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.create(user=user).key}")
    address = "/api/v1/documents/"

    def send(**more: str) -> int:
        return api.post(address, {"file": a_file("a.md"), **more}, format="multipart").status_code

    assert send(publish="true") == 403
    assert send() == 202
    process_waiting()
    draft = DocumentVersion.objects.get()
    assert draft.state == State.DRAFT
    of = f"{address}{draft.document_id}/versions/1/"
    codes = [api.post(f"{of}{step}/").status_code for step in ("submit", "send-back", "publish")]
    assert codes == [200, 200, 403]


def test_an_editor_writes_curated_answers_and_switches_none_on(
    dora: Client, publish: Publish
) -> None:
    version = publish(RETURNS_POLICY, title="Returns")
    form = {
        **{"text": "Thirty days.", "is_on": "on", "audience": "public", "locale": "en"},
        **{"questions-TOTAL_FORMS": 1, "questions-INITIAL_FORMS": 0},
        **{"questions-0-text": "How long may I return goods?"},
        **{"sources-TOTAL_FORMS": 1, "sources-INITIAL_FORMS": 0},
        **{"sources-0-document": version.document_id, "sources-0-quote": ""},
    }
    added = dora.post("/admin/knowledge/curatedanswer/add/", form)
    answer = CuratedAnswer.objects.get()
    assert added.status_code == 302 and not answer.is_on
    page = f"/admin/knowledge/curatedanswer/{answer.pk}/change/"
    assert "This answer is off" in text_of(dora.get(page))
    CuratedAnswer.objects.update(is_on=True)
    assert "only who has the right to publish" in text_of(dora.get(page))
    assert dora.post(page, {**form, "text": "Never."}).status_code == 403
    confirm = f"/admin/knowledge/curatedanswer/{answer.pk}/confirm/"
    assert dora.post(confirm).status_code == 403


def test_an_editor_leaves_sources_that_publish_alone(dora: Client, paul: Client) -> None:
    form = {
        **{"kind": "page", "url": "https://8.8.8.8/help", "collection": "Web"},
        **{"audience": "public", "locale": "en", "refresh_hours": 24, "max_pages": 5},
        **{"publish": "on", "active": "on"},
    }
    added = dora.post("/admin/knowledge/websource/add/", form)
    assert added.status_code == 302, added.context["form"].errors
    mine = WebSource.objects.get()
    assert not mine.publish
    edit = f"/admin/knowledge/websource/{mine.pk}/edit/"
    assert paul.post(edit, form).status_code == 302
    mine.refresh_from_db()
    assert mine.publish
    assert dora.get(edit).status_code == 403
    page = text_of(dora.get(f"/admin/knowledge/websource/{mine.pk}/change/"))
    assert edit not in page and "Refresh now" in page
