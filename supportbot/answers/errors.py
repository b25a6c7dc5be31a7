"""One error class per stage. `code` is stable: it is stored, logged and sent to the widget."""

from __future__ import annotations


class AnswerError(Exception):
    """A stage failed. `text` is for the customer; `retryable` says whether the same question may
    succeed later."""

    code = "answer_failed"
    text = "Sorry, that did not work. Please ask again, or talk to a person."
    retryable = True

    def __init__(self, detail: str = "", *, code: str = "", text: str = "") -> None:
        super().__init__(detail or text or self.text)
        self.code = code or self.code
        self.text = text or self.text


class ReceiveError(AnswerError):
    code = "bad_message"
    text = "The message could not be read."
    retryable = False


class ValidateError(AnswerError):
    code = "message_refused"
    retryable = False


class EnrichError(AnswerError):
    code = "search_failed"


class GenerateError(AnswerError):
    """A route failed. `code` says how: refused, rate_limited, unavailable, slow, broken_off, …"""

    code = "model_failed"


class CheckError(AnswerError):
    code = "check_failed"


class DeliverError(AnswerError):
    code = "delivery_failed"


class CompleteError(AnswerError):
    """The answer could not be stored."""

    code = "completion_failed"
