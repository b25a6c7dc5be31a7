"""Delivers what waits in the outbox, to public addresses alone, and again later what failed."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

import httpcore2
import httpx2
import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from knowledge.web.addresses import AddressRefusedError, resolve
from knowledge.web.transport import Deadline, GuardedTransport
from supportbot.webhooks.models import WebhookDelivery, WebhookEndpoint
from supportbot.webhooks.signing import NoSecretError, secret_of, sign
from tickets.services import audit

log = structlog.get_logger(__name__)
Status = WebhookDelivery.Status

TIMEOUT_SECONDS = 10.0
LEASE = timedelta(seconds=60)
# About three days in all.
RETRY_MINUTES = (0.5, 2, 10, 30, 120, 360, 720, 1440, 1440)
FIRST_SUCCESS, FIRST_FAILURE = 200, 300


@dataclass(frozen=True)
class Result:
    """What the endpoint answered; `error` is empty if it took the delivery."""

    status: int | None
    error: str
    milliseconds: int


def send_due(limit: int = 100) -> int:
    """Deliver what is due; returns how many were taken."""
    due = WebhookDelivery.objects.filter(
        status=Status.WAITING, due_at__lte=timezone.now(), endpoint__is_on=True
    )
    numbers = list(due.order_by("due_at").values_list("pk", flat=True)[:limit])
    return sum(_deliver(number) for number in numbers)


def _deliver(number: UUID) -> bool:
    delivery = _claim(number)
    if delivery is None:
        return False
    result = post(delivery)
    _note(delivery, result)
    return not result.error


@transaction.atomic
def _claim(number: UUID) -> WebhookDelivery | None:
    """Take it until the lease ends: if this process dies, another one delivers it under the same
    id, by which the endpoint knows it."""
    rows = WebhookDelivery.objects.select_for_update(skip_locked=True, of=("self",))
    found = rows.select_related("endpoint").filter(pk=number, status=Status.WAITING).first()
    if found is None or found.due_at > timezone.now():
        return None
    found.attempts += 1
    found.due_at = timezone.now() + LEASE
    found.save(update_fields=["attempts", "due_at"])
    return found


def post(delivery: WebhookDelivery) -> Result:
    """Ask the endpoint to take it. Redirects are not followed."""
    began = time.monotonic()
    status: int | None = None
    try:
        status = _request(delivery)
        error = "" if FIRST_SUCCESS <= status < FIRST_FAILURE else f"It answered {status}."
    except NoSecretError as failure:
        error = str(failure)
    except AddressRefusedError as failure:
        error = (
            f"{failure} is not on the public internet. If it may be asked, name it in "
            "SUPPORTBOT_WEBHOOK_PRIVATE_HOSTS."
        )
    except (httpcore2.TimeoutException, httpx2.TimeoutException):
        error = f"It did not answer within {TIMEOUT_SECONDS:.0f} seconds."
    except (httpcore2.NetworkError, httpcore2.ProtocolError, httpx2.HTTPError, OSError) as failure:
        error = f"It could not be reached: {failure}"
    except (httpx2.InvalidURL, UnicodeError, ValueError):
        error = "Its address is none that can be asked."
    return Result(status, error[:300], round((time.monotonic() - began) * 1000))


def _request(delivery: WebhookDelivery) -> int:
    endpoint, timestamp = delivery.endpoint, int(time.time())
    body = json.dumps({"id": str(delivery.pk), **delivery.payload}).encode()
    signed = sign(secret=secret_of(endpoint), id=str(delivery.pk), timestamp=timestamp, body=body)
    headers = {"content-type": "application/json", "user-agent": "supportbot-webhooks", **signed}
    if urlsplit(endpoint.url).scheme not in {"http", "https"}:
        raise ValueError(endpoint.url)
    deadline = Deadline()
    deadline.ends_at = time.monotonic() + TIMEOUT_SECONDS
    transport = GuardedTransport(resolve, settings.WEBHOOKS.private_hosts, deadline)
    with (
        httpx2.Client(transport=transport, timeout=TIMEOUT_SECONDS) as client,
        # The answer's body is of no use to us, and may be without end.
        client.stream("POST", endpoint.url, content=body, headers=headers) as response,
    ):
        return int(response.status_code)


@transaction.atomic
def _note(delivery: WebhookDelivery, result: Result) -> None:
    endpoint = WebhookEndpoint.objects.select_for_update().get(pk=delivery.endpoint_id)
    delivery.response_status, delivery.error = result.status, result.error
    delivery.milliseconds = result.milliseconds
    if not result.error:
        delivery.status, delivery.delivered_at = Status.DELIVERED, timezone.now()
        endpoint.failing_since = None
        endpoint.save(update_fields=["failing_since"])
    else:
        _plan_again(delivery)
        _note_failure(endpoint, result.error)
    delivery.save()


def _plan_again(delivery: WebhookDelivery) -> None:
    if delivery.attempts > len(RETRY_MINUTES):
        delivery.status = Status.FAILED
        return
    pause = RETRY_MINUTES[delivery.attempts - 1]
    delivery.due_at = timezone.now() + timedelta(minutes=pause)


def _note_failure(endpoint: WebhookEndpoint, error: str) -> None:
    """An endpoint that has taken nothing for days is switched off, and the desk is told."""
    now = timezone.now()
    endpoint.failing_since = endpoint.failing_since or now
    days = settings.WEBHOOKS.disable_days
    if endpoint.is_on and days and now - endpoint.failing_since >= timedelta(days=days):
        endpoint.is_on = False
        endpoint.disabled_reason = error
        audit.record(action="webhook.disabled", target=endpoint, reason=error)
        log.warning("webhook_disabled", endpoint=endpoint.pk)
    endpoint.save(update_fields=["failing_since", "is_on", "disabled_reason"])


@transaction.atomic
def deliver_again(*, delivery: WebhookDelivery) -> None:
    """Put a delivery back into the outbox, under the same id, with all its attempts before it."""
    locked = WebhookDelivery.objects.select_for_update(of=("self",)).get(pk=delivery.pk)
    locked.status, locked.attempts, locked.due_at = Status.WAITING, 0, timezone.now()
    locked.save(update_fields=["status", "attempts", "due_at"])
