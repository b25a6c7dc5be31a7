"""An address that takes no mail is noted on its customer, and gets none until it is changed."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from supportbot.mail.parsing import ParsedMail
from tickets.models import Customer, OutgoingEmail
from tickets.services import audit

MOST_CHARACTERS = 300


@transaction.atomic
def note_bounce(*, email: OutgoingEmail, reason: str) -> None:
    """Mark the e-mail as come back, and its customer's address as dead."""
    customer = Customer.objects.select_for_update().get(conversations=email.conversation_id)
    email.status, email.error = OutgoingEmail.Status.BOUNCED, reason[:MOST_CHARACTERS]
    email.lease_until = None
    email.save(update_fields=["status", "error", "lease_until"])
    if customer.mail_address.lower() != email.to.lower() or customer.email_bounced_at is not None:
        return  # it has another address by now
    customer.email_bounced_at, customer.email_bounce = timezone.now(), email.error
    customer.save(update_fields=["email_bounced_at", "email_bounce"])
    audit.record(action="customer.email_bounced", target=customer, reason=email.error)


def email_of_report(mail: ParsedMail) -> OutgoingEmail | None:
    """The e-mail of ours that a bounce is about. A report about anything else proves nothing."""
    ids = [mail.report.get("original-message-id", ""), *mail.references]
    return OutgoingEmail.objects.filter(message_id__in=ids).first()


def reason_of(mail: ParsedMail) -> str:
    """What the other server said, in its own words."""
    said = mail.report.get("diagnostic-code", "").partition(";")[2].strip()
    return " ".join((said or mail.report.get("status", "") or "It was not delivered.").split())
