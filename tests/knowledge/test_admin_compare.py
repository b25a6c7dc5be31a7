"""What changed between two versions."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from knowledge.admin.compare import hunks_of, summary_of
from knowledge.admin.diff import Change, Words, compare, units_of, words_between
from knowledge.models import DocumentVersion
from tests.knowledge.desk import Publish, act, text_of

OLD = """# Returns

You can return goods within 14 days.

| Country | Price |
| --- | --- |
| Ireland | £5.95 |
| France | £8.95 |

Gift cards cannot be returned.

- Print the label.
- Send the parcel.
"""
NEW = """# Returns

You can return goods within 30 days.

| Country | Price |
| --- | --- |
| Ireland | £6.95 |
| France | £8.95 |

- Print the label.
- Send the parcel.
- Keep the receipt.
"""
WORDS = st.text(alphabet="ab 12.|-#\n", max_size=60)


# -- Texts ----------------------------------------------------------------------------------------
def test_paragraphs_items_and_rows_are_the_units() -> None:
    text = "# Title\n\nA paragraph\nof two lines.\n\n| a | b |\n| --- | --- |\n| 1 |  |\n\n- x\n- y"
    assert units_of(text) == ["Title", "A paragraph of two lines.", "a | b", "1", "- x", "- y"]


def test_each_unit_is_changed_added_or_removed() -> None:
    diff = compare(OLD, NEW)
    kinds = [(change.kind, change.numbers) for change in diff.changes if change.kind != "same"]
    assert kinds == [("changed", True), ("changed", True), ("removed", False), ("added", False)]
    assert summary_of(diff) == (
        "2 paragraphs changed, 1 added, 1 removed; 2 of them have a number changed."
    )


def test_words_are_marked_where_they_differ() -> None:
    words = words_between("Return it within 14 days.", "Return it within 30 days, please.")
    assert words == [
        Words("same", "Return it within ", number=False),
        Words("removed", "14", number=True),
        Words("added", "30", number=True),
        Words("same", " days", number=False),
        Words("added", ", please", number=False),
        Words("same", ".", number=False),
    ]


def test_a_number_is_one_word() -> None:
    changed = [w.text for w in words_between("It costs 1,299.50", "It costs 1,399.50")][1:]
    assert changed == ["1,299.50", "1,399.50"]


def test_the_order_of_either_text_is_kept() -> None:
    old, new = "Alpha one two.\n\nBeta one two.", "Beta one two three.\n\nAlpha one two four."
    changes = compare(old, new).changes
    assert _side(changes, "added", "added") == units_of(old)
    assert _side(changes, "removed", "removed") == units_of(new)


@given(old=WORDS, new=WORDS)
def test_both_texts_can_be_put_together_again_from_the_marks(old: str, new: str) -> None:
    changes = compare(old, new).changes
    assert _side(changes, "added", "added") == units_of(old)
    assert _side(changes, "removed", "removed") == units_of(new)


def _side(changes: list[Change], without: str, other: str) -> list[str]:
    """The units of one text: all words but those that only the other one has."""
    return [
        "".join(words.text for words in change.words if words.kind != without)
        for change in changes
        if change.kind != other
    ]


@pytest.mark.parametrize(
    ("old", "new", "summary"),
    [
        ("One.", "One.", "The texts are the same."),
        ("", "One.", "1 paragraph added."),
        ("One.\n\nTwo.", "One.", "1 paragraph removed."),
        ("It takes 3 days.", "It takes 4 days.", "1 paragraph changed; a number is among it."),
    ],
)
def test_the_summary_counts(old: str, new: str, summary: str) -> None:
    assert summary_of(compare(old, new)) == summary


def test_what_did_not_change_is_folded_between_changes() -> None:
    lines = [f"Line {word}." for word in ("a", "b", "c", "d", "e", "f", "g", "h", "i", "j")]
    new = [*lines]
    new[0], new[8] = "Line a indeed.", "Line i indeed."
    hunks = hunks_of(compare("\n\n".join(lines), "\n\n".join(new)))
    assert [len(hunk.folded) for hunk in hunks] == [0, 5]
    assert [hunk.changes[0].kind for hunk in hunks] == ["changed", "same"]
    shown = sum(len(hunk.folded) + len(hunk.changes) for hunk in hunks)
    assert shown == len(lines)


# -- The page -------------------------------------------------------------------------------------
@pytest.fixture
def two(publish: Publish) -> DocumentVersion:
    publish(OLD, file_name="a.md")
    return publish(NEW, file_name="a.md", publish=False)


def test_the_newest_is_compared_with_what_is_in_effect(
    editor: Client, two: DocumentVersion
) -> None:
    answer = editor.get(act("compare", two.document_id))
    text = text_of(answer)
    assert "What changed from version 1 to version 2" in text
    assert '<del><span class="sb-hidden">removed: </span>14' in text
    assert '<ins><span class="sb-hidden">added: </span>30' in text
    assert "2 paragraphs changed, 1 added, 1 removed" in text


def test_when_the_newest_is_in_effect_the_one_before_is_compared(
    editor: Client, publish: Publish
) -> None:
    for text in (OLD, NEW, f"{NEW}\n\nThe end."):
        version = publish(text, file_name="a.md")
    assert "from version 2 to version 3" in text_of(editor.get(act("compare", version.document_id)))


def test_any_two_can_be_chosen(editor: Client, publish: Publish) -> None:
    for text in (OLD, NEW, f"{NEW}\n\nThe end."):
        version = publish(text, file_name="a.md")
    url = act("compare", version.document_id)
    assert "from version 1 to version 3" in text_of(editor.get(f"{url}?from=1&to=3"))
    assert "The texts are the same." in text_of(editor.get(f"{url}?from=2&to=2"))
    assert "from version 2 to version 3" in text_of(editor.get(f"{url}?from=x&to=99"))


def test_a_scheduled_version_is_compared_with_todays(editor: Client, publish: Publish) -> None:
    tomorrow = timezone.localdate() + dt.timedelta(days=1)
    publish(OLD, file_name="a.md")
    publish(NEW, file_name="a.md", publish=False)
    version = publish(f"{NEW}\n\nThe end.", file_name="a.md", effective_from=tomorrow)
    assert "from version 1 to version 3" in text_of(editor.get(act("compare", version.document_id)))


def test_a_single_version_has_nothing_to_be_compared_with(
    editor: Client, returns_policy: DocumentVersion
) -> None:
    text = text_of(editor.get(act("compare", returns_policy.document_id)))
    assert "There is only one version" in text
    assert act("compare", returns_policy.document_id) not in text_of(
        editor.get(f"/admin/knowledge/document/{returns_policy.document_id}/change/")
    )


def test_a_version_that_was_not_read_has_no_text_and_says_so(
    editor: Client, returns_policy: DocumentVersion, publish: Publish
) -> None:
    publish("Text.", file_name="returns.md")
    DocumentVersion.objects.filter(number=2).update(markdown="", status="failed")
    text = text_of(editor.get(act("compare", returns_policy.document_id)))
    assert "Version 2 has no text: failed." in text


def test_many_changes_come_in_pages(editor: Client, publish: Publish) -> None:
    old = [f"Line {n} stays.\n\nAnd {n}.\n\nOr {n}.\n\nLine {n} is old." for n in range(120)]
    publish("\n\n".join(old), file_name="a.md")
    version = publish("\n\n".join(old).replace("is old", "is new"), file_name="a.md")
    url = act("compare", version.document_id)
    pages = [editor.get(f"{url}?p={page}").context["hunks"] for page in (1, 2, 3)]
    assert [hunk.number for page in pages for hunk in page] == list(range(1, 121))


def test_marks_in_a_document_are_shown_not_obeyed(editor: Client, publish: Publish) -> None:
    publish("One <script>alert(1)</script> text.", file_name="a.md")
    version = publish("One <script>alert(2)</script> text.", file_name="a.md")
    text = text_of(editor.get(act("compare", version.document_id)))
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(" in text


def test_comparing_is_for_viewers_of_what_exists(
    editor: Client, ben: User, two: DocumentVersion
) -> None:
    client = Client()
    assert client.get(act("compare", two.document_id)).status_code == 302
    client.force_login(ben)
    assert client.get(act("compare", two.document_id)).status_code == 403
    assert editor.get(act("compare", 77)).status_code == 404
