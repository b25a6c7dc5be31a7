"""What is done with many documents at once: asking first, doing, undoing."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from knowledge.admin import bulk
from knowledge.admin.undo import undo_all
from knowledge.models import BulkJob, Document, DocumentEvent, DocumentVersion, Passage
from knowledge.services.lifecycle import bulk as bulk_service
from knowledge.services.lifecycle.bulk import start_job
from knowledge.services.lifecycle.changes import Step
from knowledge.services.lifecycle.publishing import publish_version, submit_for_review
from tests.knowledge.desk import (
    LIST,
    Publish,
    State,
    Status,
    act,
    actions_of,
    fail,
    last_event,
    states_of,
    text_of,
    work_on,
)


def chosen(name: str, *versions: DocumentVersion, **more: object) -> dict[str, object]:
    ids = [version.document_id for version in versions]
    return {"action": f"bulk_{name}", "_selected_action": ids, **more}


def confirmed(*versions: DocumentVersion) -> dict[str, str]:
    return {"ids": ",".join(str(version.document_id) for version in versions)}


@pytest.fixture
def drafts(publish: Publish) -> list[DocumentVersion]:
    return [publish(f"Text {n}.", file_name=f"{n}.md", publish=False) for n in range(3)]


def test_publishing_asks_first_and_says_what_would_happen(
    editor: Client, publish: Publish, drafts: list[DocumentVersion]
) -> None:
    old = publish("# A\n\nOld.", file_name="a.md")
    publish("# A\n\nNew.", file_name="a.md", publish=False, audience="internal")
    done = publish("Done.", file_name="done.md")
    fail(drafts[2])
    text = " ".join(text_of(editor.post(LIST, chosen("publish", *drafts, old, done))).split())
    assert "Publish 3 documents?" in text
    assert "1 of them replaces a version that is in effect now." in text
    assert "For: Everybody (2), Staff only (1)." in text
    assert "2 stay as they are:" in text
    assert "1 is published already" in text
    assert "1 could not be read" in text
    assert not DocumentVersion.objects.filter(state=State.PUBLISHED, number=2).exists()


def test_publishing_is_done_together_and_undone_together(
    editor: Client, cleo: User, drafts: list[DocumentVersion]
) -> None:
    started = editor.post(act("bulk", "publish"), confirmed(*drafts))
    assert not DocumentVersion.objects.filter(state=State.PUBLISHED).exists()
    text = work_on(editor, started)
    assert "Published 3 documents" in text
    assert Passage.objects.live(timezone.localdate()).count() == 3
    events = DocumentEvent.objects.filter(action="published")
    (batch,) = set(events.values_list("batch", flat=True))
    assert set(events.values_list("actor_id", flat=True)) == {cleo.pk}
    assert act("undo", batch) in text
    assert "Undone: 3 steps" in work_on(editor, editor.post(act("undo", batch)))
    assert {state for d in drafts for state in states_of(d.document).values()} == {State.DRAFT}
    assert not Passage.objects.live(timezone.localdate()).exists()


def test_undo_says_what_has_changed_since_and_undoes_the_rest(
    editor: Client, drafts: list[DocumentVersion]
) -> None:
    work_on(editor, editor.post(act("bulk", "publish"), confirmed(*drafts)))
    batch = last_event().batch
    editor.post(act("retire", drafts[0]))
    text = work_on(editor, editor.post(act("undo", batch)))
    assert "Undone: 2 steps" in text
    assert "has changed since" in text
    assert states_of(drafts[0].document) == {1: State.RETIRED}


def test_retiring_takes_every_published_version_and_comes_back_whole(
    editor: Client, publish: Publish
) -> None:
    tomorrow = timezone.localdate() + dt.timedelta(days=1)
    now = publish("# A\n\nNow.", file_name="a.md")
    publish("# A\n\nTomorrow.", file_name="a.md", effective_from=tomorrow)
    asked = " ".join(text_of(editor.post(LIST, chosen("retire", now))).split())
    assert "Retire 1 document?" in asked
    assert "2 versions in all." in asked
    work_on(editor, editor.post(act("bulk", "retire"), confirmed(now)))
    assert states_of(now.document) == {1: State.RETIRED, 2: State.RETIRED}
    work_on(editor, editor.post(act("undo", last_event().batch)))
    assert states_of(now.document) == {1: State.PUBLISHED, 2: State.PUBLISHED}


def test_submitting_is_done_at_once_and_can_be_undone(
    editor: Client, drafts: list[DocumentVersion], returns_policy: DocumentVersion
) -> None:
    text = work_on(editor, editor.post(LIST, chosen("submit", *drafts, returns_policy)))
    assert "Submitted for review: 3 documents" in text
    assert "1 was left as it was:" in text
    assert "“Returns policy” has no draft." in text
    assert states_of(drafts[0].document) == {1: State.IN_REVIEW}
    work_on(editor, editor.post(act("undo", last_event().batch)))
    assert states_of(drafts[0].document) == {1: State.DRAFT}


def test_failed_ones_are_tried_again_and_those_in_progress_cancelled(
    editor: Client, drafts: list[DocumentVersion]
) -> None:
    fail(drafts[0])
    text = work_on(editor, editor.post(LIST, chosen("retry", *drafts)))
    assert "Waiting to be read again: 1 document" in text
    assert "has not failed" in text
    text = work_on(editor, editor.post(LIST, chosen("cancel", *drafts)))
    assert "Cancelled reading of 1 document" in text
    drafts[0].refresh_from_db()
    assert drafts[0].status == Status.CANCELLED
    assert actions_of(drafts[0].document_id)[-2:] == ["tried_again", "cancelled"]


def test_one_that_cannot_be_changed_does_not_stop_the_others(
    editor: Client, drafts: list[DocumentVersion], publish: Publish
) -> None:
    """The second was published between the question and the answer to it."""
    publish_version(version=drafts[1])
    text = work_on(editor, editor.post(act("bulk", "publish"), confirmed(*drafts)))
    assert "Published 2 documents" in text
    assert "is published already" in text


def test_all_documents_of_a_filter_are_chosen_across_pages(
    editor: Client, drafts: list[DocumentVersion]
) -> None:
    asked = editor.post(
        f"{LIST}?state=draft", chosen("publish", drafts[0], select_across="1")
    ).context
    assert asked["count"] == 3
    started = editor.post(act("bulk", "publish"), {"ids": asked["ids"], "back": asked["back"]})
    assert f'href="{LIST}?state=draft"' in work_on(editor, started)


def test_too_many_at_once_are_refused(
    editor: Client, drafts: list[DocumentVersion], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "MOST_DOCUMENTS", 2)
    text = text_of(editor.post(LIST, chosen("publish", *drafts), follow=True))
    assert "Choose at most 2 documents at once." in text


def test_when_nothing_can_be_changed_there_is_nothing_to_confirm(
    editor: Client, returns_policy: DocumentVersion
) -> None:
    text = text_of(editor.post(LIST, chosen("publish", returns_policy)))
    assert "None of these documents can be changed like this" in text
    assert act("bulk", "publish") not in text


def test_it_needs_the_permission_a_post_and_a_known_action(
    editor: Client, reader: Client, drafts: list[DocumentVersion]
) -> None:
    assert reader.post(act("bulk", "publish"), confirmed(*drafts)).status_code == 403
    assert reader.post(act("undo", uuid.uuid4())).status_code == 403
    assert Client().post(act("bulk", "publish"), confirmed(*drafts)).status_code == 302
    assert editor.get(act("bulk", "publish")).status_code == 404
    assert editor.post(act("bulk", "erase"), confirmed(*drafts)).status_code == 404
    assert "bulk_publish" not in text_of(reader.get(LIST))
    assert not Passage.objects.filter(published=True).exists()


def test_undoing_nothing_says_so(editor: Client, db: None) -> None:
    text = text_of(editor.post(act("undo", uuid.uuid4()), follow=True))
    assert "There is nothing to undo." in text


def test_odd_ids_are_left_out(editor: Client, drafts: list[DocumentVersion]) -> None:
    ids = f"{drafts[0].document_id},x,-1,{9**40},77"
    work_on(editor, editor.post(act("bulk", "publish"), {"ids": ids}))
    published = Document.objects.filter(versions__state=State.PUBLISHED)
    assert list(published) == [drafts[0].document]


def test_steps_that_followed_one_another_are_undone_backwards(
    cleo: User, drafts: list[DocumentVersion]
) -> None:
    together = Step(by=cleo, batch=uuid.uuid4())
    submit_for_review(version=drafts[0], step=together)
    publish_version(version=drafts[0], step=together)
    events = DocumentEvent.objects.filter(batch=together.batch)
    undone = undo_all(events=events, step=Step(by=cleo))
    assert (undone.count, undone.left) == (2, [])
    assert states_of(drafts[0].document) == {1: State.DRAFT}


# -- The job --------------------------------------------------------------------------------------
def test_its_page_says_how_far_it_is(editor: Client, drafts: list[DocumentVersion]) -> None:
    page = editor.post(act("bulk", "publish"), confirmed(*drafts))["Location"]
    assert "Publishing 3 documents" in text_of(editor.get(page))
    bulk_service._do_next()
    answer = editor.get(page, headers={"Accept": "application/json"}).json()
    assert not answer["finished"]
    assert "1 of 3 dealt with." in answer["html"]
    bulk_service.work_on_jobs(seconds=60)
    answer = editor.get(page, headers={"Accept": "application/json"}).json()
    assert answer["finished"]
    assert "Everything was done." in answer["html"]


def test_a_job_that_no_worker_takes_says_so(editor: Client, drafts: list[DocumentVersion]) -> None:
    page = editor.post(act("bulk", "publish"), confirmed(*drafts))["Location"]
    BulkJob.objects.update(created_at=timezone.now() - dt.timedelta(minutes=1))
    assert "No worker has taken this up yet." in text_of(editor.get(page))


def test_a_killed_worker_repeats_nothing_and_leaves_nothing_out(
    drafts: list[DocumentVersion], cleo: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after the second document has been changed and before that is noted."""
    job = start_job(action="submit", items=[v.document_id for v in drafts], by=cleo)
    bulk_service._do_next()

    def die(self: BulkJob, **fields: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(BulkJob, "save", die)
        bulk_service._do_next()
    assert [states_of(v.document)[1] for v in drafts] == [State.IN_REVIEW, State.DRAFT, State.DRAFT]
    bulk_service.work_on_jobs(seconds=60)
    job.refresh_from_db()
    assert (job.done, job.changed, job.left) == (3, 3, [])
    assert [actions_of(v.document_id).count("submitted") for v in drafts] == [1, 1, 1]


def test_what_breaks_on_one_document_does_not_stop_the_job(
    drafts: list[DocumentVersion], cleo: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def submit(version: DocumentVersion, step: Step) -> None:
        if version == drafts[1]:
            raise RuntimeError
        submit_for_review(version=version, step=step)

    broken = dataclasses.replace(bulk_service.BULK["submit"], run=submit)
    monkeypatch.setitem(bulk_service.BULK, "submit", broken)
    job = start_job(action="submit", items=[v.document_id for v in drafts], by=cleo)
    bulk_service.work_on_jobs(seconds=60)
    job.refresh_from_db()
    assert job.changed == 2
    assert "something unexpected went wrong" in job.left[0]


def test_what_contradicts_another_document_is_not_published_together(
    editor: Client, publish: Publish
) -> None:
    publish("# Returns\n\nGoods can be returned within 30 days.", file_name="policy.md")
    draft = publish(
        "# Returns\n\nGoods can be returned within 14 days.", file_name="faq.md", publish=False
    )
    text = work_on(editor, editor.post(act("bulk", "publish"), confirmed(draft)))
    assert "1 passage contradicts another document that is in effect" in text
    assert states_of(draft.document) == {1: State.DRAFT}


def test_only_those_who_may_look_see_a_job(
    editor: Client, eve: User, drafts: list[DocumentVersion]
) -> None:
    page = editor.post(act("bulk", "publish"), confirmed(*drafts))["Location"]
    stranger = Client()
    stranger.force_login(eve)
    assert stranger.get(page).status_code == 302
    assert editor.get(act("job", uuid.uuid4())).status_code == 404
