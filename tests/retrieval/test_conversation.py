"""supportbot.retrieval.conversation: a question and the turns before it → what to look for."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from django.conf import settings

from knowledge.models import Audience
from knowledge.terms import number_of, terms_of
from supportbot.retrieval import conversation
from supportbot.retrieval.conversation import (
    ANSWER_HEAD,
    DECAY,
    FIRST_LINE,
    HEAD,
    HISTORY_TERMS,
    LAST_ANSWER,
    MOST_CHARACTERS,
    MOST_TURNS,
    TAIL,
    TERM_POWER,
    Turn,
    mix,
    read,
)
from supportbot.retrieval.search import Ranking, Scope, forget_all, search
from supportbot.retrieval.settings import RetrievalSettings
from tests.conftest import Publish

NOW = Scope(as_of=dt.date(2026, 11, 21), reader=Audience.PUBLIC)
ROTATE = {
    "keys.md": "API keys are rotated on the page Security. The old key works for a day.",
    "logs.md": "Log files are rotated every night and are kept for two weeks.",
    "tyres.md": "Tyres should be rotated every 10,000 km, from the front to the back.",
}


@pytest.fixture(autouse=True)
def _fresh_locales() -> None:
    forget_all()  # tests begin again with the first revision


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
    _, asked = read("key key key key lock", [], ["en"])
    assert asked.terms == {
        number("key"): pytest.approx(4**TERM_POWER),
        number("lock"): pytest.approx(1),
    }


def test_words_of_earlier_turns_are_carried_the_later_the_more() -> None:
    history = customer("tyres", "tyres brakes", "keys")
    _, asked = read("rotate", history, ["en"])
    assert asked.terms == {number("rotate"): 1}
    assert asked.carried == {
        number("keys"): pytest.approx(HISTORY_TERMS),
        number("brakes"): pytest.approx(HISTORY_TERMS * DECAY),
        number("tyres"): pytest.approx(HISTORY_TERMS * DECAY),
    }


def test_a_word_of_the_question_is_not_carried_too() -> None:
    _, asked = read("rotate keys", customer("where are my keys"), ["en"])
    assert set(asked.terms) == {number("rotate"), number("keys")}
    assert not set(asked.terms) & set(asked.carried)


def test_of_answers_the_last_one_has_a_say() -> None:
    history = [
        Turn("assistant", "tungsten"),
        Turn("customer", "keys"),
        Turn("assistant", "vanadium"),
    ]
    texts, asked = read("rotate", history, ["en"])
    assert number("tungsten") not in asked.carried
    assert asked.carried[number("vanadium")] == pytest.approx(HISTORY_TERMS * LAST_ANSWER)
    assert list(texts.earlier) == [("keys", 1.0), ("vanadium", LAST_ANSWER)]


def test_a_greeting_before_any_question_says_nothing() -> None:
    texts, asked = read("rotate", [Turn("assistant", "Welcome to the shop")], ["en"])
    assert (list(texts.earlier), asked.carried) == ([], {})


def test_only_the_last_turns_are_read() -> None:
    history = customer(*(f"word{n}" for n in range(1000)))
    texts, asked = read("rotate", history, ["en"])
    assert len(texts.earlier) == MOST_TURNS
    assert number_of("word999") in asked.carried
    assert number_of(f"word{999 - MOST_TURNS}") not in asked.carried


def test_empty_turns_say_nothing_and_hide_nothing() -> None:
    history = [*customer("tyres"), *customer(*["", "  \n"] * MOST_TURNS)]
    texts, asked = read("rotate", history, ["en"])
    assert [text for text, _ in texts.earlier] == ["tyres"]
    assert number("tyres") in asked.carried


def test_words_that_stand_side_by_side_are_pairs() -> None:
    _, asked = read("reset the admin password", [], ["en"])
    assert asked.pairs == {
        (number("reset"), number("admin")),
        (number("admin"), number("password")),
    }


def test_a_question_is_read_in_every_language_of_the_documents() -> None:
    _, asked = read("Lieferungen returns", [], ["en", "de"])
    for word, locale in (("returns", "en"), ("Lieferungen", "de")):
        assert asked.terms[number(word, locale)] == pytest.approx(1)


# -- the first line ---------------------------------------------------------------------------
LOG = "\nTraceback\nValueError: 500\nkernel panic" + "\n  File x.py" * 30


def test_the_first_line_of_a_pasted_text_counts_for_more() -> None:
    texts, asked = read("Why does import fail on Windows?" + LOG, [], ["en"])
    assert texts.first_line == "Why does import fail on Windows?"
    assert texts.all == [texts.question, texts.first_line]
    assert asked.terms[number("windows")] == pytest.approx(1 + FIRST_LINE)
    assert asked.terms[number("kernel")] == pytest.approx(1)


def test_the_first_line_of_a_short_text_has_no_vector_of_its_own() -> None:
    texts, asked = read("Why does import fail on Linux?\nAsk me.", [], ["en"])
    assert texts.all == ["Why does import fail on Linux?\nAsk me."]
    assert asked.terms[number("import")] == pytest.approx(1 + FIRST_LINE)


def test_of_a_long_text_both_ends_are_embedded_and_every_word_is_looked_for() -> None:
    story = "I bought a kettle. " + "Then much happened. " * 200 + "vanadium " + "So on. " * 100
    text = story + "Can I have a refund?"
    texts, asked = read(text, customer(text), ["en"])
    for gist in (texts.question, texts.earlier[0][0]):
        assert gist.startswith("I bought a kettle. Then")
        assert gist.endswith("on. Can I have a refund?")
        assert len(gist) <= HEAD + TAIL + 3
        head, _, tail = gist.partition(" … ")
        assert f" {head} " in f" {text} "
        assert f" {tail} " in f" {text} "
    assert number("vanadium") in asked.terms


def test_of_an_answer_the_beginning_is_embedded_and_every_word_is_carried() -> None:
    answer = "Take the box. " * 50 + "vanadium"
    texts, asked = read("and then", [*customer("box"), Turn("bot", answer)], ["en"])
    assert list(texts.earlier) == [("box", 1.0), (answer[:ANSWER_HEAD], LAST_ANSWER)]
    assert number("vanadium") in asked.carried


def test_a_long_text_without_a_space_is_cut_anywhere() -> None:
    texts, _ = read("界" * 5000, [], ["en"])
    assert texts.question == "界" * HEAD + " … " + "界" * TAIL
    texts, _ = read("Hi " + "界" * 5000 + " ok", [], ["en"])
    assert texts.question == "Hi " + "界" * (HEAD - 3) + " … " + "界" * (TAIL - 3) + " ok"


@pytest.mark.parametrize("text", ["One line that says it all", "Hello,\nimport fails", "", "\n\n"])
def test_a_line_that_is_no_question_of_its_own_counts_once(text: str) -> None:
    texts, asked = read(text, [], ["en"])
    assert texts.first_line == ""
    assert all(weight == 1 for weight in asked.terms.values())


def test_a_pasted_file_is_read_to_a_limit() -> None:
    texts, asked = read("a1 " * MOST_CHARACTERS + "tungsten", customer("b " * 50_000), ["en"])
    assert number("tungsten") not in asked.terms
    assert all(len(text) <= HEAD + TAIL + 3 for text in texts.all)


# -- what is looked for by meaning ------------------------------------------------------------
def test_vectors_are_mixed_and_of_length_one() -> None:
    texts, _ = read("Why does import fail on Windows?" + LOG, customer("one", "two"), ["en"])
    vectors = np.eye(len(texts.all), 6, dtype=np.float32)
    meaning = mix(texts, vectors)
    mixed, earlier = meaning.sought, meaning.earlier
    assert earlier is not None
    assert np.linalg.norm(mixed) == pytest.approx(1, abs=1e-6)
    assert np.linalg.norm(earlier) == pytest.approx(1, abs=1e-6)
    # question, first line, the last turn, the one before
    assert mixed[0] > mixed[1] > mixed[3] > 0
    assert meaning.question[2:].tolist() == [0] * 4
    assert meaning.question[0] / meaning.question[1] == pytest.approx(mixed[0] / mixed[1], rel=1e-5)
    assert mixed[2] / mixed[3] == pytest.approx(1 / DECAY, rel=1e-5)
    assert earlier[:2].tolist() == [0, 0]
    assert earlier[2] / earlier[3] == pytest.approx(1 / DECAY, rel=1e-5)


def test_without_history_the_question_is_what_it_is() -> None:
    texts, asked = read("rotate keys", [], ["en"])
    vector = np.array([[0.6, 0.8]], dtype=np.float32)
    meaning = mix(texts, vector)
    assert np.allclose(meaning.sought, vector[0])
    assert np.allclose(meaning.question, vector[0])
    assert meaning.earlier is None
    assert asked.carried == {}


def test_vectors_without_a_length_stay_numbers() -> None:
    texts, _ = read("x", customer("y"), ["en"])
    meaning = mix(texts, np.zeros((2, 3), dtype=np.float32))
    assert meaning.earlier is not None
    for vector in (meaning.sought, meaning.question, meaning.earlier):
        assert np.isfinite(vector).all()


def test_constants_are_shares() -> None:
    for share in (DECAY, LAST_ANSWER, FIRST_LINE, HISTORY_TERMS, conversation.HISTORY_VECTOR):
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
