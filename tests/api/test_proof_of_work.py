"""supportbot.api.proof_of_work: under attack a new visitor's browser solves a puzzle first."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from altcha.v1 import solve_challenge
from pytest_django import Settings
from rest_framework.test import APIClient

from supportbot.api import limits, proof_of_work
from tickets.models import Customer

URL = "/api/v1/visitors/"
SITE, OTHER_SITE = "https://shop.example", "https://other.example"
CONTRACT = Path(__file__).parent.parent / "contracts" / "realtime.json"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _two_unproven(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "unproven": "2/hour", "unproven_site": "4/hour"}
    settings.WIDGET_ORIGINS = [SITE, OTHER_SITE]
    monkeypatch.setattr(proof_of_work, "MAX_NUMBER", 50)
    for cached in (limits._rule, limits._limiter, proof_of_work._client):
        cached.cache_clear()
        request.addfinalizer(cached.cache_clear)


def ask(*, origin: str = SITE, address: str = "192.0.2.1", **body: str) -> Any:
    return APIClient(REMOTE_ADDR=address, HTTP_ORIGIN=origin).post(URL, body)


def solve(challenge: dict[str, Any], **changes: Any) -> str:
    named = {name: challenge[name] for name in ("algorithm", "challenge", "salt", "signature")}
    found = solve_challenge(
        challenge["challenge"], challenge["salt"], "SHA-256", challenge["maxNumber"]
    )
    assert found is not None
    answer = {**named, "number": found.number, **changes}
    return b64encode(json.dumps(answer).encode()).decode()


def under_attack() -> dict[str, Any]:
    """The challenge of the first visitor who is asked for a proof."""
    while (response := ask()).status_code == 201:
        pass
    assert response.status_code == 428
    challenge: dict[str, Any] = response.json()["challenge"]
    return challenge


def test_none_is_asked_under_the_limit_and_above_it_a_right_answer_counts_once() -> None:
    assert [ask().status_code for _ in range(3)] == [201, 201, 428]
    refusal = ask().json()
    expected = json.loads(CONTRACT.read_text("utf-8"))["rest"]["POST /api/v1/visitors/"]["refusal"]
    assert {**refusal, "challenge": sorted(refusal["challenge"])} == {
        **expected,
        "challenge": sorted(expected["challenge"]),
    }
    proof = solve(refusal["challenge"])
    assert ask(proof=proof).status_code == 201
    again = ask(proof=proof)
    assert (again.status_code, again.json()["code"]) == (428, "proof_refused")
    assert again.json()["reason"] == "used"
    assert ask(proof=solve(again.json()["challenge"])).status_code == 201
    assert Customer.objects.count() == 4


def test_who_is_known_is_never_asked() -> None:
    kept = ask().json()["refresh_token"]
    under_attack()
    assert ask(refresh_token=kept).status_code == 201


def test_many_networks_that_attack_one_site_are_asked_and_other_sites_are_not() -> None:
    codes = [ask(address=f"192.0.2.{number}").status_code for number in range(1, 6)]
    assert codes == [201, 201, 201, 201, 428]
    assert ask(origin=OTHER_SITE, address="192.0.2.9").status_code == 201
    made_up = [
        ask(origin=f"https://{number}.example", address=f"192.0.2.{number}").status_code
        for number in range(10, 15)
    ]
    assert made_up == [201, 201, 201, 201, 428]


@pytest.mark.parametrize(
    "changes",
    [{"number": -1}, {"number": "1"}, {"signature": "0" * 64}, {"salt": "x?expires=9999999999&"}],
)
def test_a_wrong_answer_is_refused(changes: dict[str, Any]) -> None:
    response = ask(proof=solve(under_attack(), **changes))
    assert (response.status_code, response.json()["reason"]) == (428, "wrong")


@pytest.mark.parametrize("proof", ["x", "bm9uZQ==", "W10=", "e30=", "é"])
def test_what_is_no_proof_is_refused(proof: str) -> None:
    assert ask(proof=proof).json()["reason"] == "wrong"


def test_an_answer_for_another_site_or_after_its_time_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    theirs = ask(proof=solve(under_attack()), origin=OTHER_SITE)
    assert (theirs.status_code, theirs.json()["reason"]) == (428, "other_site")
    monkeypatch.setattr(proof_of_work, "EXPIRES", timedelta(seconds=-5))
    late = ask(proof=solve(ask().json()["challenge"]))
    assert (late.status_code, late.json()["reason"]) == (428, "expired")


def test_it_can_be_off_or_asked_of_everybody(settings: Settings) -> None:
    settings.PROOF_OF_WORK = "off"
    assert [ask().status_code for _ in range(4)] == [201] * 4
    settings.PROOF_OF_WORK = "always"
    first = ask()
    assert first.status_code == 428
    assert ask(proof=solve(first.json()["challenge"])).status_code == 201


def test_without_redis_nobody_is_asked_and_a_proof_is_not_used_up(settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    assert [ask().status_code for _ in range(4)] == [201] * 4
    settings.PROOF_OF_WORK = "always"
    proof = solve(ask().json()["challenge"])
    assert [ask(proof=proof).status_code for _ in range(2)] == [201, 201]
