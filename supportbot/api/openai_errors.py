"""Errors of /v1/ in the form that OpenAI's clients read:
`{"error": {"message", "type", "param", "code"}}`."""

from __future__ import annotations

from typing import Any

from django.http import JsonResponse


class OpenAIError(Exception):
    """A request that gets no answer. `param` names the field at fault, `wait` the seconds after
    which the same request may succeed."""

    def __init__(
        self, status: int, code: str, message: str, *, param: str | None = None, wait: int = 0
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.param, self.wait = param, wait

    @classmethod
    def of_event(cls, event: dict[str, Any]) -> OpenAIError:
        """The error that ended a run. Clients try again after 5xx, and only then."""
        return cls(503 if event["retryable"] else 400, event["code"], event["text"])

    @property
    def body(self) -> dict[str, Any]:
        return error_body(self.status, self.code, self.message, self.param)

    def response(self) -> JsonResponse:
        response = JsonResponse(self.body, status=self.status)
        if self.wait:
            response["Retry-After"] = str(self.wait)
        return response


_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
SERVER_ERRORS = 500


def error_body(status: int, code: str, message: str, param: str | None = None) -> dict[str, Any]:
    kind = "server_error" if status >= SERVER_ERRORS else "invalid_request_error"
    return {
        "error": {
            "message": message,
            "type": _TYPES.get(status, kind),
            "param": param,
            "code": code,
        }
    }
