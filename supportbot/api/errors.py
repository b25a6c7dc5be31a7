"""Every REST error has the same form: `{"code": stable, "detail": sentence, "fields": {...}}`."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_exception_handler

from knowledge.services.ingestion.documents import UploadRefusedError
from knowledge.services.lifecycle.publishing import LifecycleError
from supportbot.answers.errors import AnswerError
from supportbot.answers.voice import VoiceError
from supportbot.api.connection_limits import TooManyConnectionsError
from supportbot.api.identity import IdentityRefusedError
from supportbot.api.proof_of_work import ProofNeededError, ProofRefusedError
from supportbot.mail.transcripts import TranscriptError
from tickets.services.contact import ContactError
from tickets.services.csat import RatingError
from tickets.services.customer_files import FileRefusedError
from tickets.services.drafts import DraftDecidedError
from tickets.states import TransitionError

REFUSED = (UploadRefusedError, ContactError, FileRefusedError, TranscriptError, VoiceError)


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Services' errors become answers; anything unknown stays a 500."""
    if isinstance(error, (AnswerError, TooManyConnectionsError)):
        status = 429 if isinstance(error, TooManyConnectionsError) else 400
        return _response(status, error.code, error.text)
    if isinstance(error, REFUSED):
        return _response(getattr(error, "status", 400), error.code, str(error))
    if isinstance(error, LifecycleError):
        return _response(409, error.code, str(error))
    if isinstance(error, (DraftDecidedError, TransitionError, RatingError)):
        return _response(409, "conflict", str(error))
    response = drf_exception_handler(error, context)
    if response is None:
        return None
    if isinstance(error, ValidationError):
        response.data = {
            "code": "invalid",
            "detail": _first_sentence(response.data),
            "fields": response.data if isinstance(response.data, dict) else {},
        }
    else:
        code = (
            "not_found" if isinstance(error, Http404) else getattr(error, "default_code", "error")
        )
        detail = response.data.get("detail", "") if isinstance(response.data, dict) else ""
        response.data = {"code": code, "detail": str(detail), "fields": {}}
        if isinstance(error, ProofNeededError):
            response.data["challenge"] = error.challenge
        if isinstance(error, (IdentityRefusedError, ProofRefusedError)):
            response.data["reason"] = error.reason
    return response


def _response(code_number: int, code: str, detail: str) -> Response:
    return Response({"code": code, "detail": detail, "fields": {}}, status=code_number)


def _first_sentence(data: Any) -> str:
    """“field: what is wrong with it” of the first field, for people who read only that."""
    if isinstance(data, dict):
        for name, problems in data.items():
            text = _first_sentence(problems)
            return text if name == "non_field_errors" else f"{name}: {text}"
    if isinstance(data, list) and data:
        return _first_sentence(data[0])
    return str(data)
