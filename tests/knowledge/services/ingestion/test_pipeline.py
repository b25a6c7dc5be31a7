"""ingestion.pipeline: from a stored file to served passages, from any step on."""

from __future__ import annotations

import datetime as dt
import io
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from django.conf import settings

from knowledge.embedding.encoder import Encoder, Vectors, get_encoder, get_tokenizer
from knowledge.embedding.model import EmbeddingModelError
from knowledge.models import DocumentVersion, Embedding, Passage
from knowledge.reading import read_file
from knowledge.services.indexes.embedding_indexes import get_active_index
from knowledge.services.ingestion import embeddings, pipeline
from knowledge.services.ingestion.documents import add_version, cancel_version, check_upload
from knowledge.services.ingestion.embeddings import embedded_text, text_hash
from knowledge.services.ingestion.pipeline import context_of, process_version, process_versions
from knowledge.services.ingestion.queue import (
    TOGETHER_BYTES,
    claim_next,
    claim_some,
    record_step,
)
from knowledge.splitting import split_markdown
from knowledge.text.units import unit_texts
from knowledge.unit_vectors import is_of, unpack
from tests.conftest import RETURNS_POLICY, SHIPPING, Publish
from tests.knowledge.files import pdf

Status = DocumentVersion.Status
STEPS = [Status.QUEUED, Status.SPLITTING, Status.EMBEDDING]


def claim(text: str | bytes, file_name: str = "returns.md") -> DocumentVersion:
    content = text if isinstance(text, bytes) else text.encode()
    add_version(upload=check_upload(io.BytesIO(content), file_name=file_name))
    version = claim_next()
    assert version is not None
    return version


def claim_again(version: DocumentVersion, status: str) -> DocumentVersion:
    """The version as a worker finds it that another one left behind at `status`."""
    DocumentVersion.objects.filter(pk=version.pk).update(status=status, lease_until=None)
    mine = claim_next()
    assert mine is not None
    assert mine.pk == version.pk
    return mine


def test_a_document_is_read_split_embedded_and_published(returns_policy: DocumentVersion) -> None:
    version = returns_policy
    assert (version.status, version.state, version.error) == ("ready", "published", "")
    assert version.media_type == "text/markdown"
    assert version.markdown.split() == RETURNS_POLICY.split()
    assert version.lease_until is None
    assert version.published_at is not None
    passages = list(version.passages.all())
    assert version.progress_done == version.progress_total == len(passages) > 0
    assert all(passage.published for passage in passages)
    assert [passage.position for passage in passages] == list(range(len(passages)))


def test_every_passage_has_the_vector_of_its_context_and_text(
    returns_policy: DocumentVersion,
) -> None:
    index = get_active_index()
    passage = returns_policy.passages.all()[0]
    stored = Embedding.objects.get(index=index, text_hash=passage.text_hash).vector
    (fresh,) = get_encoder(index.model).encode_passages(
        [embedded_text(passage.context, passage.text)]
    )
    assert float(fresh @ stored) > 0.999


def stored_units(text_hash: bytes | memoryview) -> bytes:
    units = Embedding.objects.get(text_hash=text_hash).units
    assert units is not None
    return bytes(units)


@pytest.mark.parametrize(
    ("text", "file_name"), [(RETURNS_POLICY, "returns.md"), (SHIPPING, "shipping.md")]
)
def test_every_passage_has_the_vectors_of_its_units(
    publish: Publish, text: str, file_name: str
) -> None:
    version, index = publish(text, file_name), get_active_index()
    assert version.passages.exists()
    for passage in version.passages.all():
        texts = unit_texts(passage.context, passage.text)
        stored = stored_units(passage.text_hash)
        assert is_of(stored, texts)
        fresh = get_encoder(index.model).encode_passages(texts)
        cosines = (unpack(stored, index.dimensions) * fresh).sum(axis=1)
        assert len(texts) > 1
        assert cosines.min() > 0.99


def test_vectors_of_units_come_to_where_there_are_none(returns_policy: DocumentVersion) -> None:
    index = get_active_index()
    keys = [bytes(passage.text_hash) for passage in returns_policy.passages.all()]
    before = {key: stored_units(key) for key in keys}
    Embedding.objects.filter(text_hash=keys[0]).update(units=None)
    vector = np.ones(index.dimensions, dtype=np.float32)
    again = [embeddings.Embedded(key, vector, b"others") for key in keys]
    assert embeddings.store(index, again) == 0
    assert stored_units(keys[0]) == b"others"
    for key in keys[1:]:
        assert stored_units(key) == before[key]
    stored = Embedding.objects.filter(text_hash__in=keys).values_list("vector", flat=True)
    assert all(float(one @ vector) < 0.5 * index.dimensions for one in map(np.array, stored))


def test_a_unit_that_several_texts_have_is_embedded_once() -> None:
    asked = list[str]()

    class Counting:
        def encode_passages(self, texts: Sequence[str]) -> Vectors:
            asked.extend(texts)
            return get_encoder("bundled").encode_passages(texts)

    texts = [
        embeddings.Text(b"1", "a b", ("a", "b")),
        embeddings.Text(b"2", "b c", ("b", "c", "b")),
        embeddings.Text(b"3", "c"),
    ]
    found = embeddings.encode(cast("Encoder", Counting()), texts)
    assert sorted(asked) == ["a", "a b", "b", "b c", "c"]
    assert [one.key for one in found] == [b"1", b"2", b"3"]
    assert found[2].units is None
    assert found[1].units is not None
    assert is_of(found[1].units, ["b", "c", "b"])
    dimensions = len(found[0].vector)
    assert unpack(found[1].units, dimensions)[1] @ found[2].vector > 0.99


def test_passages_are_in_effect_on_the_versions_days_in_its_collection(publish: Publish) -> None:
    start, end = dt.date(2026, 3, 1), dt.date(2027, 3, 1)
    version = publish(RETURNS_POLICY, effective_from=start, effective_until=end, collection="Shop")
    for passage in version.passages.select_related("collection"):
        assert [(days.lower, days.upper) for days in passage.effective] == [(start, end)]
        assert passage.collection.name == "Shop"


def test_passages_of_a_pdf_know_their_page(publish: Publish) -> None:
    # Long enough for each page to be a passage of its own.
    pages = [
        [f"Page {page} line {line} speaks of returns." for line in range(25)] for page in (1, 2)
    ]
    version = publish(pdf(pages), file_name="manual.pdf")
    on_page = {p.page for p in version.passages.all() if p.text.startswith("Page 2 line 0")}
    assert version.passages.earliest("position").page == 1
    assert version.passages.latest("position").page == 2
    assert on_page <= {2}


@pytest.mark.parametrize("status", STEPS)
def test_a_version_left_behind_at_any_step_is_finished(db: None, status: str) -> None:
    version = claim(RETURNS_POLICY)
    steps: dict[str, dict[str, object]] = {
        Status.QUEUED: {},
        Status.SPLITTING: {"markdown": RETURNS_POLICY},
        Status.EMBEDDING: {},
    }
    if status == Status.EMBEDDING:
        process_version(version)
        Embedding.objects.all().delete()
        version.passages.update(published=False)
    else:
        record_step(version, **steps[status])
    process_version(claim_again(version, status))
    version.refresh_from_db()
    assert (version.status, version.state) == ("ready", "published")
    hashes = {bytes(passage.text_hash) for passage in version.passages.all()}
    assert {bytes(row.text_hash) for row in Embedding.objects.all()} == hashes


@pytest.mark.parametrize("status", STEPS)
def test_processing_twice_makes_nothing_twice(db: None, status: str) -> None:
    version = claim(RETURNS_POLICY + SHIPPING)
    process_version(version)
    before = list(version.passages.values_list("position", "text", "heading", "published"))
    embeddings = Embedding.objects.count()
    process_version(claim_again(version, status))
    after = list(version.passages.values_list("position", "text", "heading", "published"))
    assert after == before
    assert Embedding.objects.count() == embeddings
    version.refresh_from_db()
    assert (version.status, version.error) == ("ready", "")


def test_a_text_that_stays_between_versions_is_embedded_once(publish: Publish) -> None:
    long = " ".join(f"Rule {number} of the shop stays as it is." for number in range(12))
    first = publish(f"# Rules\n\n## A\n\n{long}\n\n## B\n\nOld price, {long}", title="Rules")
    kept = dict(Embedding.objects.values_list("text_hash", "pk"))
    second = publish(f"# Rules\n\n## A\n\n{long}\n\n## B\n\nNew price, {long}", title="Rules")
    assert second.document_id == first.document_id
    both = {
        bytes(h) for v in (first, second) for h in v.passages.values_list("text_hash", flat=True)
    }
    shared = set(first.passages.values_list("text", flat=True)) & set(
        second.passages.values_list("text", flat=True)
    )
    assert shared
    assert Embedding.objects.count() == len(both)
    now = dict(Embedding.objects.values_list("text_hash", "pk"))
    assert {key: now[key] for key in kept} == kept


def test_a_passage_that_stands_twice_is_embedded_once(publish: Publish) -> None:
    block = " ".join(["The same words stand in each chapter of this manual."] * 12)
    version = publish(f"# Manual\n\n{block}\n\n# Manual\n\n{block}", title="Manual")
    texts = list(version.passages.values_list("text", flat=True))
    assert len(texts) > len(set(texts))
    assert Embedding.objects.count() == len(set(texts))
    assert version.progress_done == version.progress_total == len(texts)


def test_an_unreadable_file_fails_with_a_sentence_and_the_old_version_goes_on(
    publish: Publish,
) -> None:
    old = publish(pdf([["Returns within 30 days."]]), file_name="returns.pdf")
    new = publish(b"%PDF-1.4 broken", file_name="returns.pdf")
    old.refresh_from_db()
    assert (new.status, new.state) == ("failed", "draft")
    assert new.error.startswith("The file is damaged")
    assert (old.state, old.passages.filter(published=True).count()) == ("published", 1)


def test_a_document_of_headings_alone_is_served_by_its_headings(publish: Publish) -> None:
    version = publish("# Free returns\n\n# Two years of warranty\n", file_name="slides.md")
    text = "\n".join(version.passages.values_list("text", flat=True))
    assert "Free returns" in text
    assert "Two years of warranty" in text


def test_a_lost_file_is_tried_again_rather_than_failed(db: None) -> None:
    version = claim(RETURNS_POLICY)
    Path(version.file.path).unlink()
    process_version(version)
    version.refresh_from_db()
    assert version.status == Status.QUEUED
    assert version.lease_until is not None  # a later attempt


def test_a_worker_that_lost_its_lease_leaves_no_passages(db: None) -> None:
    slow = claim(RETURNS_POLICY)
    record_step(slow, markdown=RETURNS_POLICY, status=Status.SPLITTING)
    claim_again(slow, Status.SPLITTING)
    process_version(slow)
    assert Passage.objects.count() == 0
    assert DocumentVersion.objects.get().status == Status.SPLITTING


def test_no_passage_is_longer_than_the_setting(publish: Publish) -> None:
    version = publish(RETURNS_POLICY * 20 + SHIPPING * 20)
    tokenizer = get_tokenizer(settings.EMBEDDING_MODEL)
    longest = max(
        len(tokenizer.encode(passage.text, add_special_tokens=False).ids)
        for passage in version.passages.all()
    )
    assert longest <= settings.PASSAGE_TOKENS


def upload(text: str | bytes, file_name: str, **fields: object) -> DocumentVersion:
    content = io.BytesIO(text if isinstance(text, bytes) else text.encode())
    return add_version(upload=check_upload(content, file_name=file_name, **fields))[0]  # type: ignore[arg-type]


def statuses(*versions: DocumentVersion) -> list[tuple[str, str]]:
    for version in versions:
        version.refresh_from_db()
    return [(version.status, version.state) for version in versions]


LIVE = ("ready", "published")


def test_versions_claimed_together_are_all_published(db: None) -> None:
    versions = [upload(f"# Rule {n}\n\nReturn within {n} days.", f"{n}.md") for n in range(5)]
    mine = claim_some()
    assert len(mine) == 5
    process_versions(mine)
    assert statuses(*versions) == [LIVE] * 5
    assert Embedding.objects.count() == Passage.objects.filter(published=True).count() == 5


def test_texts_that_versions_share_are_embedded_once(db: None) -> None:
    versions = [upload(RETURNS_POLICY, f"{n}.md", title="Returns policy") for n in range(3)]
    process_versions(claim_some())
    assert statuses(*versions) == [LIVE] * 3
    hashes = {bytes(value) for value in Passage.objects.values_list("text_hash", flat=True)}
    assert Embedding.objects.count() == len(hashes) < Passage.objects.count()


def test_a_bad_file_among_others_fails_alone(db: None) -> None:
    good, bad, empty = (
        upload(RETURNS_POLICY, "good.md"),
        upload(b"%PDF-1.4 broken", "bad.pdf"),
        upload("   \n", "blank.md"),
    )
    process_versions(claim_some())
    assert statuses(good, bad, empty) == [LIVE, ("failed", "draft"), ("failed", "draft")]


def test_one_that_cannot_be_stored_does_not_hold_up_the_others(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = upload(RETURNS_POLICY, "good.md"), upload(SHIPPING, "bad.md")
    split = split_markdown

    def with_a_negative_offset(markdown: str, *others: object) -> list[object]:
        pieces = split(markdown, *others)  # type: ignore[arg-type]
        if "Ireland" in markdown:
            pieces = [replace(piece, char_start=-1) for piece in pieces]
        return list(pieces)

    monkeypatch.setattr(pipeline, "split_markdown", with_a_negative_offset)
    process_versions(claim_some())
    assert statuses(good, bad) == [LIVE, ("failed", "draft")]
    assert bad.error.startswith("Something unexpected went wrong")
    assert bad.passages.count() == 0


def test_one_that_is_cancelled_meanwhile_is_left_alone(db: None) -> None:
    good, cancelled = upload(RETURNS_POLICY, "good.md"), upload(SHIPPING, "no.md")
    mine = claim_some()
    assert cancel_version(version=cancelled)
    process_versions(mine)
    assert statuses(good, cancelled) == [LIVE, ("cancelled", "draft")]
    assert cancelled.passages.count() == 0
    assert cancelled.error == ""


def test_one_that_is_cancelled_before_its_last_step_is_not_published(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = upload(RETURNS_POLICY, "returns.md")
    other = upload(SHIPPING, "shipping.md")
    store = embeddings.store

    def store_and_cancel(*args: Any) -> int:
        added = store(*args)
        cancel_version(version=version)
        return added

    monkeypatch.setattr(embeddings, "store", store_and_cancel)
    process_versions(claim_some())
    assert statuses(other) == [LIVE]
    assert statuses(version) == [("cancelled", "draft")]
    assert not version.passages.filter(published=True).exists()


CLAUSES = 20
# A large file, most of which is no text: embedding takes long, and what is tested is the steps.
MANUAL = f"<html><style>{' ' * TOGETHER_BYTES}</style><body>" + "".join(
    f"<h2>Clause {n}</h2><p>Clause {n} has a sentence. And clause {n} has another one.</p>"
    for n in range(CLAUSES)
)


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """The least that is embedded and stored at a time, and no patience."""
    monkeypatch.setattr(embeddings, "BATCH", 4)
    monkeypatch.setattr(pipeline, "YIELD_SECONDS", 0.0)


def test_a_manual_lets_a_one_page_fix_pass_and_goes_on_where_it_was(
    db: None, small_steps: None
) -> None:
    manual = upload(MANUAL, "manual.html")
    (mine,) = claim_some()
    fix = upload(RETURNS_POLICY, "fix.md")
    process_versions([mine])
    manual.refresh_from_db()
    assert (manual.status, manual.attempts) == ("embedding", 0)
    assert manual.progress_done == Embedding.objects.count() == 4
    second = claim_some()
    assert [version.pk for version in second] == [fix.pk]
    process_versions(second)
    process_version(claim_some()[0])
    assert statuses(manual, fix) == [LIVE, LIVE]
    assert manual.progress_done == manual.progress_total == CLAUSES


def test_a_manual_is_given_back_when_the_slice_is_over(db: None, small_steps: None) -> None:
    manual = upload(MANUAL, "manual.html")
    process_versions(claim_some(), ends_at=time.monotonic())
    assert statuses(manual) == [("embedding", "draft")]
    assert manual.progress_done == 4
    assert [version.pk for version in claim_some()] == [manual.pk]


def test_a_cancelled_manual_is_no_further_embedded(
    db: None, small_steps: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    manual = upload(MANUAL, "manual.html")
    store = embeddings.store

    def store_and_cancel(*args: Any) -> int:
        cancel_version(version=manual)
        return store(*args)

    monkeypatch.setattr(embeddings, "store", store_and_cancel)
    process_versions(claim_some())
    assert statuses(manual) == [("cancelled", "draft")]
    assert Embedding.objects.count() == 4


def test_a_large_file_is_read_once_though_it_is_taken_up_twice(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    manual = upload(MANUAL, "manual.html")
    split = split_markdown

    def power_cut(*_: object) -> None:
        raise OSError("power cut")

    monkeypatch.setattr(pipeline, "split_markdown", power_cut)
    process_version(claim_some()[0])
    assert statuses(manual) == [("splitting", "draft")]
    monkeypatch.setattr(pipeline, "split_markdown", split)
    Path(manual.file.path).unlink()
    DocumentVersion.objects.update(lease_until=None)
    process_version(claim_some()[0])
    assert statuses(manual) == [LIVE]


def test_versions_wait_for_a_model_that_does_not_answer(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = [upload(f"Return within {n} days.", f"{n}.md") for n in range(2)]
    encoder = get_encoder(get_active_index().model)

    def down(*_: object) -> None:
        raise EmbeddingModelError("No embeddings: the server answered HTTP 503.")

    monkeypatch.setattr(encoder, "encode_passages", down)
    for _ in range(5):
        process_versions(claim_some())
        DocumentVersion.objects.update(lease_until=None)
    assert statuses(*versions) == [("embedding", "draft")] * 2
    assert {version.error for version in versions} == {
        "No embeddings: the server answered HTTP 503."
    }
    monkeypatch.undo()
    process_versions(claim_some())
    assert statuses(*versions) == [LIVE] * 2
    assert {version.error for version in versions} == {""}


def test_warnings_of_reading_are_kept_with_the_version(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = read_file

    def with_warning(path: Path, file_name: str, on_page: Any) -> Any:
        found = read(path, file_name, on_page)
        warning = SimpleNamespace(code="no_text_layer", text="Page 7 has no text.", page=7)
        return SimpleNamespace(**{**vars(found), "warnings": [warning]})

    monkeypatch.setattr(pipeline, "read_file", with_warning)
    small, large = upload(RETURNS_POLICY, "small.md"), upload(MANUAL, "large.html")
    for version in (small, large):
        process_version(claim_next())  # type: ignore[arg-type]
        assert [(w.code, w.page) for w in version.warnings.all()] == [("no_text_layer", 7)]
    process_version(claim_again(small, Status.QUEUED))
    assert small.warnings.count() == 1


def test_the_context_names_title_and_headings_once() -> None:
    assert context_of("Returns policy", ("Returns Policy", "Food")) == "Returns policy › Food"
    assert context_of("Returns", ()) == "Returns"


def test_the_hash_tells_contexts_apart() -> None:
    assert text_hash("a", "b") == text_hash("a", "b")
    assert text_hash("a", "b") != text_hash("c", "b")
    assert len(text_hash("a", "b")) == 32
