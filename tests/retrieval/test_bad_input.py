"""Whatever is asked, of whatever there is: a sensible result, no error, no slow query."""

from __future__ import annotations

import datetime as dt
import statistics

import numpy as np
import pytest
from django.db import connection

from knowledge.models import (
    Audience,
    DocumentVersion,
    Embedding,
    EmbeddingIndex,
    Passage,
)
from knowledge.terms import passage_weights, sparse_vector
from supportbot.retrieval.caches import clear_caches
from supportbot.retrieval.query import Turn
from supportbot.retrieval.search import Ranking, Scope, search
from supportbot.retrieval.settings import RetrievalSettings
from tests.conftest import Publish

TODAY = dt.date(2026, 11, 21)
NOW = Scope(as_of=TODAY, reader=Audience.PUBLIC)
CJK = "".join(chr(0x4E00 + number % 20_000) for number in range(100_000))

QUESTIONS = {
    "empty": "",
    "spaces": " \t\n\r\u00a0\u200b",
    "100,000 characters": "How long may I keep it? " * 4_200,
    "100,000 characters of one word": "x" * 100_000,
    "100,000 different words": " ".join(f"w{number}" for number in range(20_000)),
    "100,000 one-letter words": "a b c 1 2 3 " * 8_400,
    "100,000 marks": "-" * 50_000 + "a" + "." * 50_000,
    "100,000 joined words": "a-" * 50_000,
    "100,000 lines": "why\n" * 25_000,
    "100,000 Chinese characters": CJK,
    "100,000 emoji": "🙂" * 100_000,
    "emoji": "🙂👍🏽❤️‍🔥",
    "function words": "what is the of and to",
    "SQL": "'; DROP TABLE knowledge_passage; -- \" OR 1=1 /* */ $$ %s %(terms)s {index}",
    "tsquery": "a & b | !c <-> d:* ( ) \\ :A",
    "array and vector": "{1,2} {1:1}/3 [1,2,3] NULL ARRAY[1]",
    "quotes": "\"'`\u00b4“”‘’«»",
    "backslashes": "\\x00 \\u0000 \\\\ \\'",
    "NUL": "a\x00b\x00",
    "control characters": "".join(map(chr, range(32))) + "\x7f\x85\ufeff\ufffe\uffff",
    "lone surrogates": "parcel \ud800 and \udfff",
    "only a lone surrogate": "\ud83d",
    "mixed scripts": "parcel посылка 小包 พัสดุ طرد חבילה παρτίδα पार्सल",
    "right to left": "\u202eكم يوما لدي للإرجاع؟\u202c \u200f\u05e9\u05dc\u05d5\u05dd",
    "combining marks": "e" + "\u0301" * 1_000,
    "numbers": "1e400 -0 NaN Infinity 0x0 ١٢٣ ½ ²",
    "format": "{} {0} %d %% \\1 ${x}",
}


@pytest.fixture(autouse=True)
def _no_caches() -> None:
    clear_caches()  # tests begin again with the first revision


def is_sensible(ranking: Ranking, passages: int) -> None:
    assert len(ranking.passages) == passages
    assert 0 <= ranking.answerability <= 1
    assert np.isfinite(ranking.vector).all()
    for passage in ranking.passages:
        assert 0 <= passage.score <= 1 + 1e-9
        assert -1.01 <= passage.dense <= 1.01
        assert passage.lexical >= 0
        assert np.isfinite([passage.dense, passage.lexical, *passage.features.values()]).all()
    scores = [passage.score for passage in ranking.passages]
    assert scores == sorted(scores, reverse=True)


# -- questions --------------------------------------------------------------------------------
@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS.keys())
def test_any_question_has_a_sensible_result(publish: Publish, question: str) -> None:
    publish("You can return goods within 30 days.", file_name="a.md")
    publish("The kettle holds 1.2 litres.", file_name="b.md")
    is_sensible(search(question, scope=NOW), 2)
    history = [Turn("customer", question), Turn("assistant", question)]
    is_sensible(search("days", scope=NOW, history=history), 2)
    is_sensible(search(question, scope=NOW, history=history), 2)


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS.keys())
def test_any_question_of_no_documents_has_no_answer(db: None, question: str) -> None:
    ranking = search(question, scope=NOW)
    is_sensible(ranking, 0)
    assert ranking.answerability == 0


def test_what_is_written_around_a_question_does_not_hide_it(publish: Publish) -> None:
    publish("You can return goods within 30 days.", file_name="a.md")
    publish("The kettle holds 1.2 litres.", file_name="b.md")
    for name in ("SQL", "tsquery", "NUL", "quotes", "lone surrogates", "control characters"):
        best = search(f"How much does the kettle hold? {QUESTIONS[name]}", scope=NOW).passages[0]
        assert "litres" in best.text


def test_a_question_in_every_language_that_documents_have(publish: Publish) -> None:
    for locale in ("de", "fr", "ru", "ar", "ja", "hi", "xx-YY"):
        publish(f"Parcel {locale}.", file_name=f"{locale}.md", locale=locale)
    for question in (
        QUESTIONS["mixed scripts"],
        QUESTIONS["100,000 Chinese characters"],
        CJK[::-1],
    ):
        is_sensible(search(question, scope=NOW), 7)


@pytest.mark.parametrize("arm", ["dense", "lexical"])
@pytest.mark.parametrize("question", ["", "🙂", "the of", "days", "lone \ud800 days"])
def test_either_arm_alone_answers_or_has_nothing(publish: Publish, arm: str, question: str) -> None:
    publish("Within 30 days.")
    settings = RetrievalSettings(dense=arm == "dense", lexical=arm == "lexical")
    found = search(question, scope=NOW, settings=settings)
    is_sensible(found, 1 if arm == "dense" or "days" in question else 0)


# -- limits, scopes, history ----------------------------------------------------------------------
@pytest.mark.parametrize(("limit", "found"), [(0, 0), (1, 1), (3, 3), (10_000, 3)])
def test_any_limit_is_kept(publish: Publish, limit: int, found: int) -> None:
    for number in range(3):
        publish(f"Within {number} days.", file_name=f"{number}.md")
    is_sensible(search("days", scope=NOW, limit=limit), found)


@pytest.mark.parametrize("day", [dt.date.min, dt.date.max], ids=["first", "last"])
def test_any_day_can_be_asked_for(publish: Publish, day: dt.date) -> None:
    publish("Within 30 days.")
    is_sensible(search("days", scope=Scope(day, Audience.PUBLIC)), 1)


@pytest.mark.parametrize(
    "history",
    [
        [Turn("customer", f"What about number {n}?") for n in range(1_000)],
        [Turn("customer", "")] * 1_000,
        [Turn("", "")],
        [Turn("nobody known", "days")],
        [Turn("customer", "\x00"), Turn("assistant", "\ud800")],
        [Turn("customer", "x" * 100_000)] * 20,
        [Turn("customer", CJK), Turn("customer", CJK[::-1]), Turn("assistant", CJK[::2])],
    ],
    ids=["1,000", "1,000 empty", "empty", "no author", "no text", "long", "many terms"],
)
def test_any_history_is_taken(publish: Publish, history: list[Turn]) -> None:
    publish("Within 30 days.", file_name="a.md")
    publish("The kettle holds 1.2 litres.", file_name="b.md")
    for question in ("How long?", ""):
        is_sensible(search(question, scope=NOW, history=history), 2)


# -- documents ------------------------------------------------------------------------------------
def test_before_anything_was_embedded_there_is_nothing_to_find(db: None) -> None:
    assert not EmbeddingIndex.objects.exists()
    is_sensible(search("days", scope=NOW), 0)
    is_sensible(search("days", scope=Scope(TODAY, Audience.PUBLIC, [1])), 0)
    is_sensible(search("days", scope=Scope(TODAY, Audience.PUBLIC, preview=1)), 0)


def test_one_passage_is_found_and_judged(publish: Publish) -> None:
    publish("You can return goods within 30 days.")
    near = search("How long may I return goods?", scope=NOW)
    far = search("Who wrote Hamlet?", scope=NOW)
    is_sensible(near, 1)
    is_sensible(far, 1)
    assert near.answerability > far.answerability


@pytest.mark.parametrize(
    "text",
    ["🙂", "...", "the of and", "x" * 20_000, CJK[:3_000], "\u0301 \u200b x", "- " * 500 + "a"],
    ids=["emoji", "marks", "function words", "one word", "Chinese", "marks of nothing", "dashes"],
)
def test_any_passage_can_be_found(publish: Publish, text: str) -> None:
    version = publish(text)
    if version.status == DocumentVersion.Status.FAILED:
        assert version.error
        return
    number = version.passages.count()
    assert number
    is_sensible(search(text, scope=NOW, limit=10_000), number)


def test_many_equal_passages_are_no_trouble(publish: Publish) -> None:
    for number in range(12):
        publish("Within 30 days.", file_name=f"{number}.md", title="Same")
    ranking = search("days", scope=NOW, limit=10)
    is_sensible(ranking, 10)
    assert len({passage.id for passage in ranking.passages}) == 10


# -- no slow query ----------------------------------------------------------------------------
SLOWER = 40  # times a usual question, which reads a few terms, and these have up to 20,000
STORED = 1_000


def test_no_question_makes_a_slow_query(publish: Publish) -> None:
    store_many(publish("Within 30 days."))
    usual = milliseconds("How long may I keep the parcel number 7?")
    for name in (
        "100,000 different words",
        "100,000 Chinese characters",
        "100,000 one-letter words",
        "100,000 joined words",
        "function words",
        "empty",
        "mixed scripts",
    ):
        assert milliseconds(QUESTIONS[name]) < SLOWER * usual, name


def milliseconds(question: str) -> float:
    """What the one statement takes, in the median."""
    found = [search(question, scope=NOW).trace.milliseconds["candidates"] for _ in range(3)]
    return statistics.median(found)


def store_many(version: DocumentVersion) -> None:
    """Passages that share common words, with vectors that mean nothing."""
    index = EmbeddingIndex.objects.get()
    (first,) = version.passages.all()
    chance = np.random.default_rng(3)
    hashes = [number.to_bytes(32, "big") for number in range(STORED)]
    Embedding.objects.bulk_create(
        Embedding(index=index, text_hash=key, vector=row)
        for key, row in zip(hashes, chance.normal(size=(STORED, index.dimensions)), strict=True)
    )
    passages = []
    for number, key in enumerate(hashes, start=1):
        text = f"How long a parcel of number {number % 50} takes: w{number} a b c {CJK[number]}"
        weights = passage_weights("", text, "en")
        passages.append(
            Passage(
                version=version,
                collection=first.collection,
                position=number,
                context="",
                text=text,
                char_start=0,
                char_end=1,
                text_hash=key,
                published=True,
                effective=first.effective,
                terms=list(weights),
                weights=sparse_vector(weights),
            )
        )
    Passage.objects.bulk_create(passages)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE knowledge_embedding, knowledge_passage, knowledge_term")
