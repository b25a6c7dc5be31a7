"""`Idempotency-Key`: a request that a program sends twice, because it heard no answer, is carried
out once; the second gets the first one's answer (draft-ietf-httpapi-idempotency-key-header)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from supportbot.api.authentication import agent_of
from tickets.models import IdempotentRequest

MOST_CHARACTERS = 200
KEPT = timedelta(days=1)


class KeyReusedError(APIException):
    status_code = 422
    default_code = "idempotency_key_reused"
    default_detail = "This Idempotency-Key was sent with another request before."


def once(request: Request, carry_out: Callable[[], Response]) -> Response:
    """The answer to a request, which is carried out once for each key of a user. The answer is
    stored in the transaction of the change."""
    key = request.headers.get("Idempotency-Key", "").strip()
    if not key:
        return carry_out()
    if len(key) > MOST_CHARACTERS or not key.isprintable():
        raise ValidationError({"Idempotency-Key": [f"At most {MOST_CHARACTERS} characters."]})
    user, digest = agent_of(request), _digest(request)
    with transaction.atomic():
        with connection.cursor() as cursor:  # the same request at the same time waits here
            lock = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
            cursor.execute(lock, [f"idempotency:{user.pk}:{key}"])
        known = IdempotentRequest.objects.filter(user=user, key=key).first()
        if known is not None and known.created_at < timezone.now() - KEPT:
            known.delete()
            known = None
        if known is not None:
            if known.digest != digest:
                raise KeyReusedError
            return Response(known.body, status=known.status, headers={"Idempotent-Replay": "true"})
        response = carry_out()
        body = json.loads(JSONRenderer().render(response.data))
        IdempotentRequest.objects.create(
            user=user, key=key, digest=digest, status=response.status_code, body=body
        )
    return response


def _digest(request: Request) -> str:
    said: list[Any] = [request.method, request.path, request.data]
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()
