"""knowledge.terms: text → the terms that search by words compares."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from knowledge import terms
from knowledge.terms import (
    K1,
    LONGEST,
    LONGEST_WHOLE,
    NUMBERS,
    number_of,
    numbered,
    passage_weights,
    sparse_vector,
    terms_of,
)

LOCALES = ["en", "de", "fr", "pt-BR", "ja", "th", "hi", "xx", "", "-", "EN-gb"]
TEXTS = st.one_of(
    st.text(max_size=200),
    st.text(alphabet="aA1é_.-/:'’@+#ß日本กขहि\u0301\u00ad🙂 \n\x00", max_size=200),
)
MANY = settings(max_examples=150, deadline=None)


def words(text: str, locale: str = "en") -> list[str]:
    return list(terms_of(text, locale).words)


def all_of(text: str, locale: str = "en") -> set[str]:
    return set(terms_of(text, locale).counts())


# -- codes ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "code",
    [
        "TW-P2041",
        "ERR_CONNECTION_RESET",
        "0x80070057",
        "A-1029-3847",
        "v2.14.3",
        "10.0.0.1",
        "CVE-2024-3094",
        "RFC/7231",
        "SKU:88-1204-X",
        "user_id",
        "E404",
        "#58210",
    ],
)
@pytest.mark.parametrize("locale", ["en", "de", "xx"])
def test_a_code_is_found_as_it_is_in_any_case_and_place(code: str, locale: str) -> None:
    whole = all_of(code, locale)
    assert whole
    for text in (f"Replace {code}, please.", f"({code})", code.lower(), f"“{code.upper()}”?"):
        assert whole <= all_of(text, locale)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("TW-P2041", "TW-P2042"),
        ("v2.1.10", "v2.1.1"),
        ("2.14", "21.4"),
        ("ERR_5", "ERR_55"),
        ("A-1029-3847", "A-3847-1029"),
        ("0x80070057", "0x80070005"),
    ],
)
def test_two_codes_never_have_all_terms_in_common(one: str, other: str) -> None:
    assert all_of(one) - all_of(other)
    assert all_of(other) - all_of(one)


@pytest.mark.parametrize("code", ["a200s", "i7s", "e210s", "A1ed", "X9ing", "E4tion"])
@pytest.mark.parametrize("locale", ["en", "de", "fr", "es", "ru"])
def test_a_word_with_a_digit_in_it_is_no_word_of_a_language(code: str, locale: str) -> None:
    assert words(code, locale) == [code.lower()]


def test_the_parts_of_a_code_are_found_too() -> None:
    assert {"tw", "p2041"} <= all_of("TW-P2041")
    assert {"2", "14", "3"} <= all_of("2.14.3")
    assert {"err", "reset"} <= all_of("ERR_RESET")


def test_a_code_with_other_marks_is_the_same_code() -> None:
    assert all_of("TW-P2041") == all_of("TW_P2041") == all_of("tw.p2041") == all_of("TW/P2041")


def test_words_joined_by_a_mark_are_no_code() -> None:
    assert not terms_of("well-known and/or first-class", "en").others


def test_a_compound_that_is_too_long_is_known_by_its_parts_alone() -> None:
    fits = "a1-" + "b" * (LONGEST_WHOLE - 3)
    assert len(terms_of(fits, "xx").others) == 1
    assert terms_of(fits + "b", "xx").others == ()
    assert words(fits + "b", "xx")[0] == "a1"


# -- words ------------------------------------------------------------------------------------
def test_words_in_one_are_found_apart() -> None:
    assert {"reset", "password"} <= all_of("resetPassword")
    assert {"http", "server"} <= all_of("HTTPServer")
    assert {"phone", "15"} <= all_of("iPhone15")
    assert all_of("resetPassword") >= all_of("reset password")


@pytest.mark.parametrize("word", ["Überprüfung", "Größe", "Änderung", "Éclair", "Ñandú", "Åre"])
def test_a_capitalised_word_with_an_accent_is_one_word(word: str) -> None:
    assert terms_of(word, "xx").others == ()
    assert words(word, "xx") == [word.lower()]


@pytest.mark.parametrize(
    ("locale", "forms"),
    [
        ("en", ["return", "returns", "returned", "returning"]),
        ("de", ["Lieferung", "Lieferungen", "lieferung"]),
        ("fr", ["livraison", "livraisons", "Livraison"]),
        ("es", ["pedido", "pedidos"]),
        ("pt-BR", ["pagamento", "pagamentos"]),
        ("ru", ["доставка", "доставки", "доставку"]),
        ("nb", ["bestilling", "bestillinger", "bestillingen"]),
        ("EN-gb", ["parcel", "parcels", "PARCELS"]),
    ],
)
def test_forms_of_a_word_are_one_term(locale: str, forms: list[str]) -> None:
    assert len({tuple(words(form, locale)) for form in forms}) == 1


def test_an_unknown_language_keeps_words_as_they_are() -> None:
    for locale in ("xx", "", "tlh-Latn"):
        assert words("Returns of parcels", locale) == ["returns", "of", "parcels"]


def test_every_stemmer_that_is_named_exists() -> None:
    for language in terms._STEMMERS:
        assert words("parcels 123 日本語", language)


def test_function_words_say_nothing() -> None:
    assert words("What is the price of it, please?") == ["price"]
    assert all_of("the of and") == set()
    assert words("the", "de") == ["the"]


def test_words_are_in_reading_order() -> None:
    assert words("parcel to Ireland costs money") == ["parcel", "ireland", "cost", "money"]


def test_unspaced_scripts_are_compared_by_pairs() -> None:
    assert words("返品方法", "ja") == ["返品", "品方", "方法"]
    assert words("円", "ja") == ["円"]
    assert set(words("返品", "zh")) <= set(words("商品の返品について", "zh"))
    assert set(words("คนไทย", "th")) & set(words("เป็นคนไทย", "th"))
    assert words("iPhone15の返品", "ja") == ["iphone15", "の返", "返品"]


def test_an_accent_is_the_same_however_it_is_written() -> None:
    for text, locale in (("Überprüfung café", "de"), ("résilié à Noël", "fr"), ("Việt", "vi")):
        composed, apart = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
        assert terms_of(composed, locale) == terms_of(apart, locale)


def test_letters_of_other_widths_and_ligatures_are_the_same_letters() -> None:
    assert words("\uff34\uff37\uff12\uff10 \ufb01le", "en") == words("TW20 file", "en")


@pytest.mark.parametrize(
    ("text", "locale", "count"),
    [
        ("हिन्दी भाषा", "hi", 2),
        ("தமிழ் மொழி", "ta", 2),
        ("বাংলা ভাষা", "bn", 2),
        ("مُحَمَّد", "ar", 1),
        ("שָׁלוֹם", "he", 1),
    ],
)
def test_vowel_signs_do_not_end_a_word(text: str, locale: str, count: int) -> None:
    assert len(words(text, locale)) == count


def test_a_soft_hyphen_does_not_end_a_word() -> None:
    assert words("ship\u00adping") == words("shipping")


# -- whatever is written ------------------------------------------------------------------------
@given(text=TEXTS, locale=st.sampled_from(LOCALES))
@example(text="\ud800 x\udfffy", locale="en")
@example(text="\u0130I\u0131i ǅ ﬀ", locale="tr")
@MANY
def test_any_text_has_terms_that_can_be_stored(text: str, locale: str) -> None:
    found = terms_of(text, locale)
    assert found == terms_of(text, locale)
    assert all(0 < len(term) <= LONGEST for term in (*found.words, *found.others))
    assert all(term == term.strip() and term.encode() for term in found.counts())
    counts = numbered(found.counts())
    assert list(counts) == sorted(counts)
    assert sum(counts.values()) == len(found.words) + len(found.others)
    assert all(1 <= number <= NUMBERS for number in counts)


@given(context=TEXTS, text=TEXTS, locale=st.sampled_from(LOCALES))
@MANY
def test_weights_are_positive_bounded_and_in_order(context: str, text: str, locale: str) -> None:
    weights = passage_weights(context, text, locale)
    assert list(weights) == sorted(weights)
    assert all(0 < weight < K1 + 1 for weight in weights.values())
    stored = sparse_vector(weights)
    assert [index + 1 for index in stored.indices()] == list(weights)
    assert np.allclose(stored.values(), list(weights.values()))
    assert stored.dimensions() == NUMBERS


@given(text=st.text(alphabet="abcXYZ019_.-/: éÉüÜдД", max_size=80))
@MANY
def test_case_changes_no_word(text: str) -> None:
    """What is asked in small letters is found where it stands in any."""
    for locale in ("en", "de", "xx"):
        lower = terms_of(text.lower(), locale)
        assert terms_of(text.upper(), locale) == lower
        assert terms_of(text, locale).words == lower.words


def test_a_term_said_more_often_weighs_more_and_in_a_long_passage_less() -> None:
    number = number_of("tungsten")

    def weight(text: str) -> float:
        return passage_weights("", text, "xx")[number]

    assert weight("tungsten") < weight("tungsten tungsten") < weight("tungsten " * 3)
    filler = " ".join(f"word{n}" for n in range(200))
    assert weight(f"tungsten {filler}") < weight("tungsten")
    assert passage_weights("tungsten", "melts", "xx") == passage_weights("", "tungsten melts", "xx")


def test_a_very_long_word_is_told_apart_by_its_beginning() -> None:
    long = "x" * 100_000
    assert words(long) == ["x" * LONGEST]
    assert len(words("日" * 10_000, "ja")) == 9_999
    assert len(words("a" * 10_000 + "日本", "ja")[0]) == LONGEST


def test_very_long_words_are_not_kept_in_memory() -> None:
    """Stems are kept by their words; a stranger must not fill the memory with what he pastes."""
    terms._stem.cache_clear()
    words("z" * 50_000)
    before = terms._stem.cache_info().hits
    words("z" * 60_000)
    assert terms._stem.cache_info().hits == before + 1
