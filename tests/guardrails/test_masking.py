"""supportbot.guardrails.masking: values become tokens, and tokens the values of this request."""

from __future__ import annotations

import pytest

from supportbot.guardrails.masking import Masking, without_personal_data


def test_equal_values_have_one_token_and_others_the_next() -> None:
    masking = Masking([])
    assert masking.mask("I am ada@example.org, call 0791112345.") == (
        "I am <EMAIL_1>, call <PHONE_1>."
    )
    assert masking.mask("Not ben@example.org: ADA@example.org, tel 0791-112-345") == (
        "Not <EMAIL_2>: <EMAIL_1>, tel <PHONE_1>"
    )
    assert masking.unmask("<EMAIL_2>, <PHONE_1>") == "ben@example.org, 0791112345"


def test_what_one_text_shows_to_be_personal_is_masked_in_all() -> None:
    texts = ["Is 39106496 known to you?", "My phone is 39106496.", "Not 139106496."]
    masking = Masking(texts)
    assert [masking.mask(text) for text in texts] == [
        "Is <PHONE_1> known to you?",
        "My phone is <PHONE_1>.",
        "Not 139106496.",
    ]


def test_what_stands_in_a_public_text_is_not_masked() -> None:
    masking = Masking([], public=["Write to Help@shop.example or ring 020 7946-0958. Code 123."])
    text = "Is help@shop.example or tel. 02079460958 yours?"
    assert masking.mask(text) == text
    assert not masking
    assert masking.mask("my cvv is 123") == "my cvv is <CARD_CODE_1>"
    assert masking


@pytest.mark.parametrize(
    "written",
    ["<EMAIL_1>", "<email_1>", r"\<EMAIL_1\>", "&lt;EMAIL_1&gt;", "EMAIL_1"],
)
def test_a_token_is_known_as_models_write_it(written: str) -> None:
    masking = Masking(["ada@example.org"])
    assert masking.unmask(f"We write to {written}.") == "We write to ada@example.org."


@pytest.mark.parametrize("text", ["<EMAIL_2>", "<CARD_1>", "<EMAIL_11>", "MY_EMAIL_1", "EMAIL_1a"])
def test_tokens_of_nobody_here_stay_as_they_are(text: str) -> None:
    masking = Masking(["ada@example.org"])
    assert masking.unmask(text) == text
    assert Masking(["nothing"]).unmask("<EMAIL_1>") == "<EMAIL_1>"


def test_text_without_personal_data_comes_back_as_it_is() -> None:
    text = "Where is order 12345678?\nIt cost £12.50, <b>not</b> 10."
    assert Masking([text]).mask(text) == text


def test_a_log_keeps_the_addresses_that_operators_need() -> None:
    text = "ada@example.org at 203.0.113.9, redis://10.0.0.5:6379, https://api.example/v1"
    assert without_personal_data("from 8.8.4.200: ada@example.org") == "from <IP>: <EMAIL>"
    assert without_personal_data(text).startswith("<EMAIL> at ")
    assert without_personal_data(text).endswith("redis://10.0.0.5:6379, https://api.example/v1")


def test_a_key_is_masked_whole() -> None:
    key = "sk-proj-" + "a1B2c3D4" * 4
    masking = Masking([])
    said = masking.mask(f"My key is {key}, password: Tr0ub4dor&3x1, mail ada@example.org")
    assert said == "My key is <SECRET_1>, password: <SECRET_2>, mail <EMAIL_1>"
    assert masking.unmask("<SECRET_1>") == key
    assert without_personal_data(f"Bearer {key}") == "Bearer <SECRET>"
