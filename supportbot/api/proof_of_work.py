"""Proof of work: under attack a new visitor's browser has to compute for about a second first.

A challenge and its answer are in the format of ALTCHA (version 1): the challenge is the SHA-256 of
a salt and a number that the browser finds by trying, signed with HMAC. The salt says until when it
counts and for which site. An answer counts once; without Redis, again until it expires.
"""

from __future__ import annotations

import binascii
import functools
import hashlib
import json
from base64 import b64decode
from datetime import timedelta
from typing import Any

import redis
import structlog
from altcha import v1 as altcha
from django.conf import settings
from django.utils import timezone
from django.utils.crypto import salted_hmac
from rest_framework.exceptions import APIException
from rest_framework.request import Request

log = structlog.get_logger(__name__)

OFF, AUTO, ALWAYS = MODES = ("off", "auto", "always")
EXPIRES = timedelta(minutes=10)
# On average half of these are tried: about half a second on a phone.
MAX_NUMBER = 150_000
_SOCKET_SECONDS = 2.0


class ProofNeededError(APIException):
    """Solve `challenge` and send the request again with the answer as `proof`."""

    status_code = 428  # Precondition Required, RFC 6585
    default_code = "proof_needed"
    default_detail = "Too many new visitors. Solve the challenge and ask again with the proof."

    def __init__(self, challenge: dict[str, Any]) -> None:
        super().__init__()
        self.challenge = challenge


class ProofRefusedError(ProofNeededError):
    """`reason` is wrong, expired, used or other_site. There is a new challenge to solve."""

    default_code = "proof_refused"
    default_detail = "This proof does not count. Solve the new challenge."

    def __init__(self, challenge: dict[str, Any], reason: str) -> None:
        super().__init__(challenge)
        self.reason = reason


def new_challenge(request: Request) -> dict[str, Any]:
    options = altcha.ChallengeOptions(
        algorithm="SHA-256",
        max_number=MAX_NUMBER,
        hmac_key=_key(),
        expires=timezone.now() + EXPIRES,
        params={"site": _site(request)},
    )
    return altcha.create_challenge(options).to_dict()


def check_proof(request: Request, proof: str) -> None:
    """Raises ProofRefusedError unless the proof is right, of this site, and used for the first
    time."""
    if reason := _fault(proof, _site(request)):
        log.info("proof_refused", reason=reason)
        raise ProofRefusedError(new_challenge(request), reason)


def _fault(proof: str, site: str) -> str | None:
    payload = _read(proof)
    if payload is None:
        return "wrong"
    # The signature comes first: what is not ours has no expiry to speak of.
    is_right, _ = altcha.verify_solution(payload, _key(), check_expires=False)
    if not is_right:
        return "wrong"
    _, expires, params = payload.parse_salt()
    if expires is None or expires < timezone.now().timestamp():
        return "expired"
    if params.get("site") != [site]:
        return "other_site"
    return None if _use(payload.challenge) else "used"


def _read(proof: str) -> altcha.Payload | None:
    """The base64 of a JSON object, as ALTCHA's widget writes it."""
    try:
        said = json.loads(b64decode(proof, validate=True))
    except (binascii.Error, ValueError, RecursionError):
        return None
    kinds = {"algorithm": str, "challenge": str, "number": int, "salt": str, "signature": str}
    if not isinstance(said, dict):
        return None
    if any(type(said.get(name)) is not kind for name, kind in kinds.items()):
        return None
    if said["algorithm"] != "SHA-256" or not said["salt"].isascii():
        return None
    return altcha.Payload(**{name: said[name] for name in kinds})


def _use(challenge: str) -> bool:
    """Whether the challenge is used for the first time."""
    try:
        return bool(_client().set(f"proof:{challenge}", 1, nx=True, ex=EXPIRES))
    except (redis.RedisError, OSError) as error:
        log.warning("proof_not_noted", error=str(error))
        return True


def _site(request: Request) -> str:
    origin = request.headers.get("Origin") or request.get_host()
    return hashlib.sha256(origin.encode()).hexdigest()[:16]


def _key() -> str:
    return salted_hmac("supportbot.proof_of_work", "", algorithm="sha256").hexdigest()


@functools.cache
def _client() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=_SOCKET_SECONDS,
        socket_connect_timeout=_SOCKET_SECONDS,
    )
