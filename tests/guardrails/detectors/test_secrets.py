"""supportbot.guardrails.detectors.secrets: keys, and words of a prompt however they are written."""

from __future__ import annotations

import base64
import codecs
from collections.abc import Callable

import pytest

from supportbot.guardrails.detectors.secrets import detect
from supportbot.guardrails.detectors.types import Context, Stage

SENTENCE = Context(Stage.SENTENCE)
MIXED = "q8Zr2LmX7vKp4TnB9sWd3HyC6fGj1RtE5uQa0iOeVxNzMbSk"
# Put together here, so that no scanner takes them for real ones.
KEYS = [
    "AKIA" + "QYZ7LMPX4VKTNB9S",
    "gh" + "p_" + MIXED[:36],
    "github" + "_pat_" + MIXED + MIXED[:12],
    "gl" + "pat-" + MIXED[:20],
    "sk-" + MIXED,
    "sk-" + "proj-" + MIXED,
    "sk-" + "ant-" + MIXED,
    "sk_" + "live_" + MIXED[:24],
    "rk_" + "live_" + MIXED[:24],
    "wh" + "sec_" + MIXED[:32],
    "xox" + "b-2348765098-" + MIXED[:24],
    "AI" + "za" + MIXED[:35],
    "ya" + "29." + MIXED,
    "SG" + "." + MIXED[:22] + "." + MIXED[:43],
    "npm" + "_" + MIXED[:36],
    "pypi" + "-" + MIXED + MIXED,
    "hf" + "_" + MIXED[:34],
    "ey" + "J" + MIXED[:20] + ".ey" + "J" + MIXED[:30] + "." + MIXED[:30],
    "73458902:" + "AA" + MIXED[:33],
    "-----BEGIN RSA " + "PRIVATE KEY-----",
    "-----BEGIN " + "PRIVATE KEY-----",
    "Account" + "Key=" + MIXED + "==",
    "postgres://admin:" + "Zr2LmX7v@db.internal:5432/shop",
    "https://user:" + "Kp4TnB9s@host.internal/x",
    "password: " + "Zr2Lm!X7vKp4",
    "my password is " + "Zr2LmX7vKp4Tn",
    "I cannot log in, password: " + "rosie74",
    "mein Passwort ist " + "Rosie74!",
    "api key = " + MIXED[:24],
    'api_key="' + MIXED[:24] + '"',
    "Authorization: Bearer " + MIXED,
    "client secret: " + MIXED[:30],
]
NO_KEYS = [
    "Your order number is 4711-2024-XK-99812.",
    "The tracking number is JD014600003812345678.",
    "Use the voucher SUMMER2026SALE20.",
    "The serial number is SN-8F3K-22LQ-90ZX.",
    "A password has at least 10 characters and one digit.",
    "Reset your password at shop.example/reset.",
    "Set the API key under Settings, Integrations.",
    "api_key=YOUR_API_KEY_HERE",
    "export TOKEN=xxxxxxxxxxxxxxxxxxxx",
    "postgres://user:<password>@host/db",
    "The secret key of success is patience.",
    "IBAN DE89 3704 0044 0532 0130 00",
    "sha256 53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "The id is 3f2504e0-4f89-11d3-9a0c-0305e82c3301.",
    "Write to help@shop.example.",
    "Call +44 20 7946 0958 from 9 to 5.",
    "Bearer of the card must show an id.",
    "The bearer bond matures in 2031.",
    "skate-board-wheels-60mm-78a-set-of-4-blue",
    "See https://shop.example/p/coffee-machine-x200-black?ref=mail2026.",
    "version 4.1.1.2-build20240105T1203",
    "Your password is the one you chose when you signed up.",
    "Type your password twice.",
    "The password is 12 characters long.",
    "password = generate(length=32)",
    "My password is expired since 2024.",
    "Enter the access token that we mailed.",
    "The key is under the mat.",
    "AKIA is no airport.",
    "Passphrase: four words of your choice.",
    "My PIN is in the letter.",
    "The Wi-Fi password is printed on the router.",
    "client secret: see your admin",
]


@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_found_where_it_stands(key: str) -> None:
    text = f"It is {key} for now."
    found = [one for one in detect(text, SENTENCE) if one.reason == "key"]
    assert found
    start, end = found[0].span or (0, 0)
    assert text[start:end] in f"{key} for"


@pytest.mark.parametrize("text", NO_KEYS)
def test_numbers_codes_and_talk_of_passwords_are_no_keys(text: str) -> None:
    assert detect(text, SENTENCE) == []


# -- the prompt -----------------------------------------------------------------------------------
CANARY = "canary-7f3d91"
PROMPT = """You are the assistant of a shop that sells coffee machines to friendly people.

- Write one to five plain sentences in the language of the question, and never a heading.
- Reply in the words of the passages wherever conditions or amounts are meant.
- Whoever asks about discounts is told that there are none before the autumn.
"""
SECRETS = Context(Stage.SENTENCE, secrets=(PROMPT, CANARY))
LEAKS = [
    "You are the assistant of a shop that sells coffee machines to friendly people.",
    "write one to five plain sentences in the language of the question",
    "Reply in the words of the passages wherever conditions or amounts are meant.",
    "is told that there are none before the autumn",
    "My rules: whoever asks about discounts is told that there are none.",
]
WAYS: dict[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "in capitals": str.upper,
    "letter by letter": " ".join,
    "with other dashes and breaks": lambda text: text.replace(" ", " –\n"),
    "full width": lambda text: "".join(
        chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text
    ),
    "backwards": lambda text: text[::-1],
    "rot13": lambda text: codecs.encode(text, "rot13"),
    "base64": lambda text: "Here: " + base64.b64encode(text.encode()).decode(),
    "base64 for addresses": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "hexadecimal": lambda text: text.encode().hex(),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("text", [*LEAKS, f"The word is {CANARY}."])
def test_the_prompt_is_found_however_it_is_written(text: str, way: str) -> None:
    assert [one.reason for one in detect(WAYS[way](text), SECRETS)] == ["prompt"]


@pytest.mark.parametrize(
    "text",
    [
        "We sell coffee machines.",
        "You are welcome in the shop.",
        "The language of the question decides.",
        "There are no discounts before the autumn.",
        "Write to us in plain sentences.",
        "Conditions or amounts are in the contract.",
        "Friendly people sell coffee machines in our shop.",
        "The canary sings.",
        "canary-7f",
        "aGVsbG8gd29ybGQsIGhvdyBhcmUgeW91IHRvZGF5",
    ],
)
def test_a_few_of_its_words_are_no_leak(text: str) -> None:
    assert detect(text, SECRETS) == []


def test_what_a_source_says_is_no_secret() -> None:
    source = "Note that a shop that sells coffee machines to friendly people is near."
    context = Context(Stage.SENTENCE, sources=(source,), secrets=(PROMPT, CANARY))
    assert detect("It is a shop that sells coffee machines to friendly people.", context) == []
    assert detect(LEAKS[1], context) != []
