"""Correcting a version's text in the browser."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client

from knowledge.admin import editing
from knowledge.models import DocumentVersion
from tests.conftest import SHIPPING, Publish, process_waiting
from tests.knowledge.desk import act, actions_of, page_of, states_of, text_of


def corrected(version: DocumentVersion, old: str, new: str, **more: object) -> dict[str, object]:
    assert old in version.markdown
    text = version.markdown.replace(old, new).replace("\n", "\r\n")  # as browsers send it
    return {"text": text, "newest": version.number, "publish": "on", **more}


def test_a_correction_is_the_next_version_like_any_other(
    editor: Client, returns_policy: DocumentVersion
) -> None:
    fields = corrected(returns_policy, "30 days", "40 days", note="A wrong number.")
    answer = editor.post(act("edit", returns_policy), fields, follow=True)
    assert "Your text is version 2." in text_of(answer)
    process_waiting()
    document = returns_policy.document
    assert states_of(document) == {1: "retired", 2: "published"}
    new = document.versions.get(number=2)
    assert new.markdown == returns_policy.markdown.replace("30 days", "40 days")
    assert new.created_by is not None
    assert actions_of(document.pk) == ["uploaded", "published", "corrected", "published"]
    history = text_of(editor.get(page_of(returns_policy)))
    assert "Text corrected, version 2" in history
    assert "From the text of version 1" in history
    assert "“A wrong number.”" in history
    diff = text_of(editor.get(f"{act('compare', document)}?from=1&to=2"))
    assert "40" in diff
    editor.post(act("roll-back", returns_policy))
    assert states_of(document) == {1: "published", 2: "retired"}


def test_tables_and_lists_come_back_as_they_were(editor: Client, publish: Publish) -> None:
    text = f"{SHIPPING}\n1. First\n2. Second\n   - within\n\n> Quoted\n\n`code` and *words*\n"
    version = publish(text, file_name="shipping.md", title="Shipping")
    editor.post(act("edit", version), corrected(version, "£60", "£70"))
    process_waiting()
    new = version.document.versions.get(number=2)
    assert new.markdown == version.markdown.replace("£60", "£70")
    assert new.passages.count() == version.passages.count()


def test_it_keeps_the_days_and_the_readers(editor: Client, publish: Publish) -> None:
    version = publish(
        "# A\n\nOld.",
        file_name="a.html",
        audience="internal",
        effective_from=dt.date(2026, 1, 1),
        effective_until=dt.date(2090, 1, 1),
    )
    editor.post(act("edit", version), corrected(version, "Old", "New"))
    new = version.document.versions.get(number=2)
    assert (new.audience, new.file_name) == ("internal", "a.md")
    assert (new.effective_from, new.effective_until) == (dt.date(2026, 1, 1), dt.date(2090, 1, 1))


def test_without_the_box_it_stays_a_draft(editor: Client, returns_policy: DocumentVersion) -> None:
    editor.post(act("edit", returns_policy), corrected(returns_policy, "30", "40", publish=""))
    process_waiting()
    assert states_of(returns_policy.document) == {1: "published", 2: "draft"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [(" \r\n ", "The text is empty."), (None, "The text is as it was")],
)
def test_there_must_be_something_to_save(
    editor: Client, returns_policy: DocumentVersion, text: str | None, sentence: str
) -> None:
    fields = corrected(returns_policy, "30", "30")
    answer = editor.post(
        act("edit", returns_policy), {**fields, **({"text": text} if text else {})}
    )
    assert sentence in text_of(answer)
    assert returns_policy.document.versions.count() == 1


def test_two_who_edit_at_once_are_told_and_nothing_typed_is_lost(
    editor: Client, publish: Publish, returns_policy: DocumentVersion
) -> None:
    fields = corrected(returns_policy, "30 days", "40 days")
    publish("# Returns policy\n\nAnother.", publish=False)
    answer = editor.post(act("edit", returns_policy), fields)
    text = text_of(answer)
    assert "Version 2 was added while you were editing." in text
    assert "40 days" in text
    assert returns_policy.document.versions.count() == 2
    again = {**fields, "newest": answer.context["form"]["newest"].value()}
    editor.post(act("edit", returns_policy), again)
    assert returns_policy.document.versions.count() == 3


def test_the_preview_is_harmless(editor: Client, returns_policy: DocumentVersion) -> None:
    text = "**Bold** <script>alert(1)</script> [x](javascript:alert(1))"
    html = editor.post(act("preview", returns_policy), {"text": text}).json()["html"]
    assert "<strong>Bold</strong>" in html
    assert "<script" not in html
    assert "href" not in html


def test_a_text_too_long_for_a_browser_is_left_to_files(
    editor: Client, returns_policy: DocumentVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(editing, "MOST_CHARACTERS", 10)
    answer = editor.get(act("edit", returns_policy), follow=True)
    assert "too long to be corrected in the browser" in text_of(answer)


def test_it_is_for_editors_only(
    editor: Client, reader: Client, returns_policy: DocumentVersion
) -> None:
    for name in ("edit", "preview"):
        assert reader.post(act(name, returns_policy), {"text": "x"}).status_code == 403
        assert editor.post(act(name, 77), {"text": "x"}).status_code == 404
    assert "Correct the text" not in text_of(reader.get(page_of(returns_policy)))
    assert "Correct the text" in text_of(editor.get(page_of(returns_policy)))


def test_what_has_not_been_read_cannot_be_corrected(editor: Client, publish: Publish) -> None:
    version = publish(b"%PDF-1.4 no", file_name="damaged.pdf")
    text = text_of(editor.get(act("edit", version), follow=True))
    assert "Version 1 has not been read." in text
