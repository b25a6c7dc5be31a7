"""knowledge.services.pipeline: from a stored file to served passages, from any step on."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path

import pytest
from django.conf import settings

from knowledge.embedding.encoder import get_encoder, get_tokenizer
from knowledge.models import DocumentVersion, Embedding, Passage
from knowledge.services.documents import add_version, check_upload
from knowledge.services.embedding_indexes import get_active_index
from knowledge.services.pipeline import context_of, embedded_text, process_version, text_hash
from knowledge.services.processing import claim_next, record_step
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


def test_the_context_names_title_and_headings_once() -> None:
    assert context_of("Returns policy", ("Returns Policy", "Food")) == "Returns policy › Food"
    assert context_of("Returns", ()) == "Returns"


def test_the_hash_tells_contexts_apart() -> None:
    assert text_hash("a", "b") == text_hash("a", "b")
    assert text_hash("a", "b") != text_hash("c", "b")
    assert len(text_hash("a", "b")) == 32
