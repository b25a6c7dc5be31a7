"""supportbot.retrieval.candidates: what is drawn from the database, and its two scores."""

from __future__ import annotations

import datetime as dt
import itertools
import math
import random
import threading
import time
from collections import Counter, OrderedDict

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge.models import Audience, Collection, DocumentVersion, Passage
from knowledge.services.lifecycle.publishing import retire_version
from knowledge.terms import K1, USUAL_LENGTH, B, number_of, terms_of
from supportbot.retrieval import caches, candidate_sql
from supportbot.retrieval import scope as scopes
from supportbot.retrieval.caches import clear_caches
from supportbot.retrieval.languages import cached_document_languages
from supportbot.retrieval.query import Turn
from supportbot.retrieval.search import Ranking, Scope, search
from supportbot.retrieval.settings import RetrievalSettings
from tests.conftest import Publish

TODAY = dt.date(2026, 11, 21)
SPRING = dt.date(2026, 3, 1)
DAY = dt.timedelta(days=1)
NOW = Scope(as_of=TODAY, reader=Audience.PUBLIC)
ALL = RetrievalSettings(candidates=1000)
WORDS = [
    *("key", "keys", "rotate", "tyre", "TW-P2041", "TW-P2100", "v2.1", "parcel"),
    *("Parcels", "days", "14", "30", "the", "of", "Ireland"),
]


@pytest.fixture(autouse=True)
def _no_caches() -> None:
    clear_caches()  # tests begin again with the first revision


def found_by(question: str, scope: Scope = NOW, limit: int = 1000, **choice: object) -> Ranking:
    return search(
        question,
        scope=scope,
        limit=limit,
        settings=RetrievalSettings(candidates=1000, **choice),  # type: ignore[arg-type]
    )


def texts(ranking: Ranking) -> set[str]:
    return {passage.text for passage in ranking.passages}


# -- BM25 -------------------------------------------------------------------------------------
def counts_of_all_served() -> dict[int, Counter[str]]:
    """Passage → term → how often it stands there."""
    served = Passage.objects.filter(published=True).select_related("version__document")
    return {
        passage.pk: terms_of(passage.context, passage.version.document.locale).counts()
        + terms_of(passage.text, passage.version.document.locale).counts()
        for passage in served
    }


def bm25_by_hand(question: dict[str, float], served: dict[int, Counter[str]]) -> dict[int, float]:
    """Robertson and Zaragoza (2009), over all that is served, with the product's constants: a
    usual length in the place of the mean one, never fewer than so many passages. Question: term →
    weight."""
    scores = dict.fromkeys(served, 0.0)
    for term, weight in question.items():
        holding = sum(term in counts for counts in served.values())
        idf = math.log(
            1 + (max(candidate_sql.MIN_COLLECTION, len(served)) - holding + 0.5) / (holding + 0.5)
        )
        for pk, counts in served.items():
            length = sum(counts.values())
            norm = K1 * (1 - B + B * length / USUAL_LENGTH)
            scores[pk] += weight * idf * counts[term] * (K1 + 1) / (counts[term] + norm)
    return scores


def put_in_some(publish: Publish, number: int = 30) -> None:
    """Documents of random words; some are for others, some are over, some are drafts."""
    chance = random.Random(7)  # noqa: S311
    for at in range(number):
        sections = [
            f"# {chance.choice(WORDS)} {part}\n\n" + " ".join(chance.choices(WORDS, k=2**part))
            for part in range(1, chance.randint(2, 6))
        ]
        publish(
            "\n\n".join(sections),
            file_name=f"{at}.md",
            title=f"Document {at}",
            collection="AB"[at % 2],
            audience=list(Audience)[at % 3] if at % 4 == 0 else Audience.PUBLIC,
            effective_until=SPRING if at % 5 == 0 else None,
            publish=at % 7 != 0,
        )


def test_the_lexical_score_is_bm25(publish: Publish) -> None:
    put_in_some(publish, 20)
    served = counts_of_all_served()

    @given(words=st.lists(st.sampled_from([*WORDS, "unknown", "🙂"]), max_size=8))
    @settings(
        max_examples=30,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    def check(words: list[str]) -> None:
        question = " ".join(words)
        asked = {
            term: math.sqrt(count) for term, count in terms_of(question, "en").counts().items()
        }
        by_hand = bm25_by_hand(asked, served)
        found = found_by(question).passages
        assert len(found) == Passage.objects.live(TODAY).count()
        for passage in found:
            assert passage.lexical == pytest.approx(by_hand[passage.id], abs=1e-3)

    check()


def test_words_of_earlier_turns_score_too(publish: Publish) -> None:
    put_in_some(publish, 8)
    history = [Turn("customer", "tyre parcel")]
    asked = dict.fromkeys(terms_of("rotate", "en").words, 1.0)
    asked |= dict.fromkeys(terms_of("tyre parcel", "en").words, 0.5)
    by_hand = bm25_by_hand(asked, counts_of_all_served())
    found = search("rotate it", scope=NOW, history=history, limit=1000, settings=ALL).passages
    assert found
    for passage in found:
        assert passage.lexical == pytest.approx(by_hand[passage.id], abs=1e-3)


def test_each_passage_is_read_in_the_language_of_its_document(publish: Publish) -> None:
    publish("Die Lieferungen dauern 14 Tage.", file_name="de.md", locale="de")
    publish("Deliveries take 14 days.", file_name="en.md", locale="en-GB")
    publish("Les livraisons durent 14 jours.", file_name="fr.md", locale="fr")
    for question, name in (
        ("Lieferung", "de.md"),
        ("delivery", "en.md"),
        ("livraison", "fr.md"),
    ):
        (best, *others) = found_by(question).passages
        assert best.external_id == name
        assert best.lexical > 0
        assert all(other.lexical == 0 for other in others)


@pytest.mark.parametrize("code", ["TW-P2041", "E404", "v2.14.3", "A-1029-3847", "0x80070057"])
def test_a_code_is_first_by_words_among_its_like(publish: Publish, code: str) -> None:
    for other in ("TW-P2042", "E405", "v2.14.4", "A-1029-3848", "0x80070058", code):
        publish(f"About {other}, as it is called.", file_name=f"{other}.md".replace("/", "_"))
    found = found_by(f"what is {code.lower()}?", dense=False).passages
    assert code in found[0].text
    assert all(other.lexical < found[0].lexical for other in found[1:])


def test_candidates_by_words_hold_a_word_of_the_question(publish: Publish) -> None:
    put_in_some(publish, 10)
    held = {number_of(term) for term in terms_of("tyre Ireland", "en").words}
    found = search("tyre Ireland", scope=NOW, settings=RetrievalSettings(dense=False), limit=99)
    assert found.passages
    stored = dict(Passage.objects.values_list("pk", "terms"))
    for passage in found.passages:
        assert passage.lexical > 0
        assert held & set(stored[passage.id])
    assert not search("zirconium", scope=NOW, settings=RetrievalSettings(dense=False)).passages


def scored(question: str) -> set[str]:
    """Texts of the passages that are found by words."""
    return {passage.text for passage in found_by(question, dense=False).passages}


@pytest.fixture
def _only_a_lone_passage_is_rare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidate_sql, "RARE", 1)
    monkeypatch.setattr(candidate_sql, "RARE_ALONE", 1)


@pytest.mark.usefixtures("_only_a_lone_passage_is_rare")
def test_a_rare_word_is_found_beside_very_common_ones(publish: Publish) -> None:
    for number in range(6):
        publish(f"The parcel takes {number} days.", file_name=f"{number}.md")
    publish("Made of zirconium.", file_name="rare.md")
    assert "Made of zirconium." in scored("parcel takes days zirconium")


@pytest.mark.usefixtures("_only_a_lone_passage_is_rare")
def test_of_common_words_a_passage_has_to_hold_two(publish: Publish) -> None:
    words = ["tyre", "parcel", "invoice", "helmet", "saddle", "bell", "chain", "pedal"]
    for number, word in enumerate(words):
        for other in range(2):
            publish(f"One {word} only.", file_name=f"{number}-{other}.md")
    pairs = {f"Of {one} and {other}." for one, other in itertools.combinations(words, 2)}
    for number, text in enumerate(sorted(pairs)):
        publish(text, file_name=f"pair-{number}.md")
    assert scored(" ".join(words)) == pairs


@pytest.mark.usefixtures("_only_a_lone_passage_is_rare")
def test_a_common_word_alone_is_found(publish: Publish) -> None:
    for number in range(6):
        publish(f"The parcel takes {number} days.", file_name=f"{number}.md")
    assert len(scored("parcel")) == 6
    assert len(scored("what about the parcel of zirconium")) == 6


# -- what may be read -------------------------------------------------------------------------
@pytest.mark.parametrize("exact", [True, False], ids=["exact", "hnsw"])
def test_every_scope_shows_what_is_live_in_it_and_nothing_else(
    publish: Publish, monkeypatch: pytest.MonkeyPatch, exact: bool
) -> None:
    monkeypatch.setattr(scopes, "EXACT_FACTOR", 5000.0 if exact else 0.0)
    put_in_some(publish, 8)
    ids = list(Collection.objects.order_by("name").values_list("pk", flat=True))
    for reader in Audience:
        for day in (SPRING - DAY, SPRING, TODAY):
            for collections in (None, ids, ids[:1], ids[1:], []):
                scope = Scope(as_of=day, reader=reader, collections=collections)
                live = Passage.objects.live(day, reader)
                if collections is not None:
                    live = live.filter(collection__in=collections)
                for question in ("tyres within 14 days", "", "zirconium"):
                    found = {one.id for one in found_by(question, scope).passages}
                    assert found == set(live.values_list("pk", flat=True))


def test_both_ways_by_meaning_find_the_same(
    publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_some(publish, 14)
    ids = list(Collection.objects.values_list("pk", flat=True))[:1]
    scope = Scope(as_of=TODAY, reader=Audience.PUBLIC, collections=ids)
    few = RetrievalSettings(candidates=5, lexical=False, diversify=False)
    for question in ("rotate the tyres", "How long to Ireland?", "TW-P2041", ""):
        rankings = []
        for factor in (5000.0, 0.0):
            monkeypatch.setattr(scopes, "EXACT_FACTOR", factor)
            rankings.append(search(question, scope=scope, settings=few).passages)
        exact, approximate = rankings
        assert len(exact) == 5
        assert [p.dense for p in exact] == pytest.approx([p.dense for p in approximate], abs=1e-4)


def test_the_limit_of_the_exact_way_is_counted_in_the_collections(publish: Publish) -> None:
    version = publish("# A\n\nOne.\n\n# B\n\nTwo.", collection="A")
    publish("# A\n\nOne.\n\n# B\n\nTwo.", collection="B", file_name="draft.md", publish=False)
    ids = list(Collection.objects.values_list("pk", flat=True))
    scope = Scope(as_of=TODAY, reader=Audience.PUBLIC, collections=ids)
    assert scopes.read_state(scope).readable == version.passages.count() == 2
    everything = scopes.read_state(NOW)
    assert (everything.readable, everything.passages) == (2, 2)


@pytest.mark.parametrize("ids", [[0], [-1], [2**62], [10**9, 7], []])
def test_collections_that_are_not_there_hold_nothing(publish: Publish, ids: list[int]) -> None:
    publish("Within 14 days.")
    scope = Scope(as_of=TODAY, reader=Audience.INTERNAL, collections=ids)
    ranking = search("days", scope=scope)
    assert ranking.passages == ()
    assert ranking.answerability == 0


# -- preview --------------------------------------------------------------------------------------
@pytest.mark.parametrize("exact", [True, False], ids=["exact", "hnsw"])
def test_a_preview_takes_the_place_of_its_documents_other_versions(
    publish: Publish, monkeypatch: pytest.MonkeyPatch, exact: bool
) -> None:
    monkeypatch.setattr(scopes, "EXACT_FACTOR", 5000.0 if exact else 0.0)
    publish("Within 14 days.")
    publish("Parcels are free.", file_name="other.md")
    draft = publish("Within 30 days.", publish=False)
    ids = list(Collection.objects.values_list("pk", flat=True))
    for collections in (None, ids):
        preview = Scope(TODAY, Audience.PUBLIC, collections, preview=draft.pk)
        usual = Scope(TODAY, Audience.PUBLIC, collections)
        for _ in range(2):
            assert texts(found_by("days", preview)) == {"Within 30 days.", "Parcels are free."}
            assert texts(found_by("days", usual)) == {"Within 14 days.", "Parcels are free."}


def test_a_preview_of_what_is_internal_or_over_is_shown_to_who_previews(publish: Publish) -> None:
    draft = publish("For staff.", audience=Audience.INTERNAL, effective_until=SPRING, publish=False)
    scope = Scope(TODAY, Audience.PUBLIC, preview=draft.pk)
    assert texts(found_by("staff", scope)) == {"For staff."}
    assert texts(found_by("staff")) == set()


def test_a_preview_of_what_is_served_is_the_same_and_shown_once(publish: Publish) -> None:
    version = publish("# A\n\nWithin 14 days.\n\n# B\n\nParcels are free.")
    scope = Scope(TODAY, Audience.PUBLIC, preview=version.pk)
    found = [passage.id for passage in found_by("days", scope).passages]
    assert sorted(found) == sorted(version.passages.values_list("pk", flat=True))


def test_a_preview_of_a_version_that_is_gone_changes_nothing(publish: Publish) -> None:
    publish("Within 14 days.")
    scope = Scope(TODAY, Audience.PUBLIC, preview=10**9)
    assert texts(found_by("days", scope)) == {"Within 14 days."}


def test_a_preview_in_a_new_language_is_read_in_it(publish: Publish) -> None:
    publish("Within 14 days.")
    search("days", scope=NOW)
    draft = publish("Die Lieferungen dauern lange.", file_name="de.md", locale="de", publish=False)
    scope = Scope(TODAY, Audience.PUBLIC, preview=draft.pk)
    (found,) = [p for p in found_by("Lieferung", scope).passages if p.external_id == "de.md"]
    assert found.lexical > 0


# -- the languages of documents ---------------------------------------------------------------
def test_languages_are_those_of_documents_after_our_own(publish: Publish) -> None:
    for at, locale in enumerate(["de-AT", "fr", "de"]):
        publish(f"Text {at}.", file_name=f"{at}.md", locale=locale)
    assert cached_document_languages(1) == ("en", "de", "fr")


class Unhurried(OrderedDict[int, tuple[str, ...]]):
    """Lets other threads in between a look and the next one."""

    def __contains__(self, key: object) -> bool:
        there = super().__contains__(key)
        time.sleep(0.001)
        return there


@pytest.mark.django_db(transaction=True)
def test_languages_are_known_to_threads_that_saw_different_revisions(
    publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One read the state before a publication, the other after it."""
    publish("Within 14 days.")
    monkeypatch.setattr(caches.document_languages, "_entries", Unhurried())
    wrong: list[BaseException] = []

    def ask(revision: int) -> None:
        try:
            for _ in range(20):
                assert cached_document_languages(revision) == ("en",)
        except BaseException as error:  # noqa: BLE001  (shown below)
            wrong.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=ask, args=(revision,)) for revision in (1, 1, 1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


# -- what a ranking says ----------------------------------------------------------------------
def test_the_trace_names_every_candidate_once_best_first(publish: Publish) -> None:
    put_in_some(publish, 10)
    ranking = search("rotate tyre", scope=NOW, limit=3)
    considered = ranking.trace.considered
    assert len(set(considered)) == len(considered) > 3
    assert tuple(passage.id for passage in ranking.passages) == considered[:3]
    assert set(ranking.trace.milliseconds) >= {"embedding", "candidates", "order"}
    assert 0 < ranking.answerability < 1


def test_the_same_question_has_the_same_answer(publish: Publish) -> None:
    put_in_some(publish, 10)
    one, other = (search("rotate the tyres in 14 days", scope=NOW) for _ in range(2))
    assert one.passages == other.passages


def test_a_retired_passage_is_no_candidate_by_words_either(publish: Publish) -> None:
    version: DocumentVersion = publish("Zirconium.")
    retire_version(version=version)
    assert texts(found_by("zirconium")) == set()


@pytest.mark.parametrize(
    "wrong",
    [
        {"dense": False, "lexical": False},
        {"candidates": 0},
        {"candidates": 1001},
        {"dense_weight": -0.1},
        {"dense_weight": 1.1},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        RetrievalSettings(**wrong)  # type: ignore[arg-type]
