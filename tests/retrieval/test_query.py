"""supportbot.retrieval.query: a question and the turns before it → what to look for."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from django.conf import settings

from knowledge.models import Audience
from knowledge.terms import number_of, terms_of
from supportbot.retrieval.caches import clear_caches
from supportbot.retrieval.query import (
    ANSWER_HEAD,
    DECAY,
    FIRST_LINE,
    HEAD,
    HISTORY_TERMS,
    HISTORY_VECTOR,
    LAST_ANSWER,
    MAX_CHARACTERS,
    MAX_TURNS,
    TAIL,
    TERM_POWER,
    Turn,
    analyse,
    combine_vectors,
)
from supportbot.retrieval.search import Ranking, Scope, search
from supportbot.retrieval.settings import RetrievalSettings
from tests.conftest import Publish

NOW = Scope(as_of=dt.date(2026, 11, 21), reader=Audience.PUBLIC)
ROTATE = {
    "keys.md": "API keys are rotated on the page Security. The old key works for a day.",
    "logs.md": "Log files are rotated every night and are kept for two weeks.",
    "tyres.md": "Tyres should be rotated every 10,000 km, from the front to the back.",
}


@pytest.fixture(autouse=True)
def _no_caches() -> None:
    clear_caches()  # tests begin again with the first revision


def customer(*texts: str) -> list[Turn]:
    return [Turn("customer", text) for text in texts]


def number(word: str, locale: str = "en") -> int:
    (stem,) = terms_of(word, locale).words
    return number_of(stem)


def first(question: str, history: list[Turn], **settings: bool) -> str:
    ranking: Ranking = search(
        question, scope=NOW, history=history, settings=RetrievalSettings(**settings)
    )
    return ranking.passages[0].external_id


# -- what is found --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("before", "found"),
    [
        ("Where do I see my API keys?", "keys.md"),
        ("Which log files does the server write?", "logs.md"),
        ("When do I have to change my tyres?", "tyres.md"),
    ],
)
def test_those_are_what_was_spoken_of(publish: Publish, before: str, found: str) -> None:
    for name, text in ROTATE.items():
        publish(text, file_name=name)
    assert first("How do I rotate those?", customer(before)) == found


def test_history_can_be_switched_off(publish: Publish) -> None:
    for name, text in ROTATE.items():
        publish(text, file_name=name)
    for before in ROTATE.values():
        without = search(
            "How do I rotate those?",
            scope=NOW,
            history=customer(before),
            settings=RetrievalSettings(history=False),
        )
        alone = search("How do I rotate those?", scope=NOW)
        assert without.passages == alone.passages


def test_a_question_that_stands_alone_keeps_its_answer(publish: Publish) -> None:
    for name, text in ROTATE.items():
        publish(text, file_name=name)
    history = customer("Where do I see my API keys?", "Do they expire?")
    assert first("How often should tyres be rotated?", history) == "tyres.md"
    assert first("How long are log files kept?", history) == "logs.md"


# -- what is looked for by words ------------------------------------------------------------------
def test_a_word_said_four_times_counts_twice() -> None:
    _, query_terms = analyse("key key key key lock", [], ["en"])
    assert query_terms.question == {
        number("key"): pytest.approx(4**TERM_POWER),
        number("lock"): pytest.approx(1),
    }


def test_words_of_earlier_turns_are_carried_the_later_the_more() -> None:
    history = customer("tyres", "tyres brakes", "keys")
    _, query_terms = analyse("rotate", history, ["en"])
    assert query_terms.question == {number("rotate"): 1}
    assert query_terms.history == {
        number("keys"): pytest.approx(HISTORY_TERMS),
        number("brakes"): pytest.approx(HISTORY_TERMS * DECAY),
        number("tyres"): pytest.approx(HISTORY_TERMS * DECAY),
    }


def test_a_word_of_the_question_is_not_carried_too() -> None:
    _, query_terms = analyse("rotate keys", customer("where are my keys"), ["en"])
    assert set(query_terms.question) == {number("rotate"), number("keys")}
    assert not set(query_terms.question) & set(query_terms.history)


def test_of_answers_the_last_one_has_a_say() -> None:
    history = [
        Turn("assistant", "tungsten"),
        Turn("customer", "keys"),
        Turn("assistant", "vanadium"),
    ]
    texts, query_terms = analyse("rotate", history, ["en"])
    assert number("tungsten") not in query_terms.history
    assert query_terms.history[number("vanadium")] == pytest.approx(HISTORY_TERMS * LAST_ANSWER)
    assert list(texts.history) == [("keys", 1.0), ("vanadium", LAST_ANSWER)]


def test_a_greeting_before_any_question_says_nothing() -> None:
    texts, query_terms = analyse("rotate", [Turn("assistant", "Welcome to the shop")], ["en"])
    assert (list(texts.history), query_terms.history) == ([], {})


def test_only_the_last_turns_are_read() -> None:
    history = customer(*(f"word{n}" for n in range(1000)))
    texts, query_terms = analyse("rotate", history, ["en"])
    assert len(texts.history) == MAX_TURNS
    assert number_of("word999") in query_terms.history
    assert number_of(f"word{999 - MAX_TURNS}") not in query_terms.history


def test_empty_turns_say_nothing_and_hide_nothing() -> None:
    history = [*customer("tyres"), *customer(*["", "  \n"] * MAX_TURNS)]
    texts, query_terms = analyse("rotate", history, ["en"])
    assert [text for text, _ in texts.history] == ["tyres"]
    assert number("tyres") in query_terms.history


def test_words_that_stand_side_by_side_are_pairs() -> None:
    _, query_terms = analyse("reset the admin password", [], ["en"])
    assert query_terms.pairs == {
        (number("reset"), number("admin")),
        (number("admin"), number("password")),
    }


def test_a_question_is_read_in_every_language_of_the_documents() -> None:
    _, query_terms = analyse("Lieferungen returns", [], ["en", "de"])
    for word, locale in (("returns", "en"), ("Lieferungen", "de")):
        assert query_terms.question[number(word, locale)] == pytest.approx(1)


# -- the first line ---------------------------------------------------------------------------
LOG = "\nTraceback\nValueError: 500\nkernel panic" + "\n  File x.py" * 30


def test_the_first_line_of_a_pasted_text_counts_for_more() -> None:
    texts, query_terms = analyse("Why does import fail on Windows?" + LOG, [], ["en"])
    assert texts.first_line == "Why does import fail on Windows?"
    assert texts.all == [texts.question, texts.first_line]
    assert query_terms.question[number("windows")] == pytest.approx(1 + FIRST_LINE)
    assert query_terms.question[number("kernel")] == pytest.approx(1)


def test_the_first_line_of_a_short_text_has_no_vector_of_its_own() -> None:
    texts, query_terms = analyse("Why does import fail on Linux?\nAsk me.", [], ["en"])
    assert texts.all == ["Why does import fail on Linux?\nAsk me."]
    assert query_terms.question[number("import")] == pytest.approx(1 + FIRST_LINE)


def test_of_a_long_text_both_ends_are_embedded_and_every_word_is_looked_for() -> None:
    story = "I bought a kettle. " + "Then much happened. " * 200 + "vanadium " + "So on. " * 100
    text = story + "Can I have a refund?"
    texts, query_terms = analyse(text, customer(text), ["en"])
    for gist in (texts.question, texts.history[0][0]):
        assert gist.startswith("I bought a kettle. Then")
        assert gist.endswith("on. Can I have a refund?")
        assert len(gist) <= HEAD + TAIL + 3
        head, _, tail = gist.partition(" … ")
        assert f" {head} " in f" {text} "
        assert f" {tail} " in f" {text} "
    assert number("vanadium") in query_terms.question


def test_of_an_answer_the_beginning_is_embedded_and_every_word_is_carried() -> None:
    answer = "Take the box. " * 50 + "vanadium"
    texts, query_terms = analyse("and then", [*customer("box"), Turn("bot", answer)], ["en"])
    assert list(texts.history) == [("box", 1.0), (answer[:ANSWER_HEAD], LAST_ANSWER)]
    assert number("vanadium") in query_terms.history


def test_a_long_text_without_a_space_is_cut_anywhere() -> None:
    texts, _ = analyse("界" * 5000, [], ["en"])
    assert texts.question == "界" * HEAD + " … " + "界" * TAIL
    texts, _ = analyse("Hi " + "界" * 5000 + " ok", [], ["en"])
    assert texts.question == "Hi " + "界" * (HEAD - 3) + " … " + "界" * (TAIL - 3) + " ok"


@pytest.mark.parametrize("text", ["One line that says it all", "Hello,\nimport fails", "", "\n\n"])
def test_a_line_that_is_no_question_of_its_own_counts_once(text: str) -> None:
    texts, query_terms = analyse(text, [], ["en"])
    assert texts.first_line == ""
    assert all(weight == 1 for weight in query_terms.question.values())


def test_a_pasted_file_is_read_to_a_limit() -> None:
    texts, query_terms = analyse(
        "a1 " * MAX_CHARACTERS + "tungsten", customer("b " * 50_000), ["en"]
    )
    assert number("tungsten") not in query_terms.question
    assert all(len(text) <= HEAD + TAIL + 3 for text in texts.all)


# -- vectors --------------------------------------------------------------------------------------
def test_vectors_are_mixed_and_of_length_one() -> None:
    texts, _ = analyse("Why does import fail on Windows?" + LOG, customer("one", "two"), ["en"])
    vectors = np.eye(len(texts.all), 6, dtype=np.float32)
    query_vectors = combine_vectors(texts, vectors)
    mixed, earlier = query_vectors.query, query_vectors.history
    assert earlier is not None
    assert np.linalg.norm(mixed) == pytest.approx(1, abs=1e-6)
    assert np.linalg.norm(earlier) == pytest.approx(1, abs=1e-6)
    # question, first line, the last turn, the one before
    assert mixed[0] > mixed[1] > mixed[3] > 0
    assert query_vectors.question[2:].tolist() == [0] * 4
    assert query_vectors.question[0] / query_vectors.question[1] == pytest.approx(
        mixed[0] / mixed[1], rel=1e-5
    )
    assert mixed[2] / mixed[3] == pytest.approx(1 / DECAY, rel=1e-5)
    assert earlier[:2].tolist() == [0, 0]
    assert earlier[2] / earlier[3] == pytest.approx(1 / DECAY, rel=1e-5)


def test_without_history_the_question_is_what_it_is() -> None:
    texts, query_terms = analyse("rotate keys", [], ["en"])
    vector = np.array([[0.6, 0.8]], dtype=np.float32)
    query_vectors = combine_vectors(texts, vector)
    assert np.allclose(query_vectors.query, vector[0])
    assert np.allclose(query_vectors.question, vector[0])
    assert query_vectors.history is None
    assert query_terms.history == {}


def test_vectors_without_a_length_stay_numbers() -> None:
    texts, _ = analyse("x", customer("y"), ["en"])
    query_vectors = combine_vectors(texts, np.zeros((2, 3), dtype=np.float32))
    assert query_vectors.history is not None
    for vector in (query_vectors.query, query_vectors.question, query_vectors.history):
        assert np.isfinite(vector).all()


def test_constants_are_shares() -> None:
    for share in (DECAY, LAST_ANSWER, FIRST_LINE, HISTORY_TERMS, HISTORY_VECTOR):
        assert 0 < share < 1


# -- another subject --------------------------------------------------------------------------
@pytest.mark.django_db
def test_a_question_on_another_subject_is_not_answerable_whatever_was_spoken_of(
    publish: Publish,
) -> None:
    for name, text in ROTATE.items():
        publish(text, file_name=name)
    spoken = [Turn("customer", "How do I rotate my API keys?"), Turn("bot", ROTATE["keys.md"])]

    def answerability(question: str) -> float:
        return search(question, scope=NOW, history=spoken).answerability

    strange = [
        answerability("Who won the football world cup in 1998?"),
        answerability("Write a poem about autumn."),
    ]
    assert max(strange) < settings.ANSWERABILITY_MIN / 2
    for going_on in ("How long does the old one work?", "And the log files?"):
        assert answerability(going_on) > 5 * max(strange)
