"""Where a customer who chats gets replies when they are away: an address that they leave.

Nothing proves that it is theirs. So it serves this customer's conversations alone: an e-mail from
it is matched with them only where it answers one of ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from tickets.models import Conversation, Customer
from tickets.services import audit
from tickets.services.events import append_event

NAME_CHARACTERS, CONSENT_CHARACTERS, EMAIL_CHARACTERS = 200, 500, 254


class ContactError(ValueError):
    """What is wrong with an address, in a sentence for whoever left it, and a stable code."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text


@dataclass(frozen=True)
class Contact:
    """`page` is where the customer chats, which e-mails lead back to; "" for none. `consent` is
    what they agreed to, word for word."""

    email: str
    name: str = ""
    consent: str = ""
    page: str = ""


def check_contact(*, email: Any, name: Any = "", consent: Any = "", page: str = "") -> Contact:
    """Raises ContactError; changes nothing."""
    if not all(isinstance(text, str) for text in (email, name, consent)):
        raise ContactError("bad_contact", "The form could not be read. Please try again.")
    email, name, consent = (_line(text) for text in (email, name, consent))
    if not email:
        raise ContactError("no_email", "Please give your e-mail address.")
    try:
        if len(email) > EMAIL_CHARACTERS:
            raise ValidationError("too long")
        validate_email(email)
    except ValidationError as error:
        raise ContactError(
            "bad_email", "This is no e-mail address. Please write it like name@example.com."
        ) from error
    return Contact(email, name[:NAME_CHARACTERS], consent[:CONSENT_CHARACTERS], page)


@transaction.atomic
def leave_address(*, conversation: Conversation, contact: Contact) -> Customer:
    """Keep where replies go when the customer is away. Of a customer who has signed in, the company
    knows the name and the address; theirs stay."""
    customer = Customer.objects.select_for_update().get(pk=conversation.customer_id)
    customer.contact_email, customer.contact_page = contact.email, contact.page
    if customer.external_id is None and contact.name:
        customer.name = contact.name
    customer.email_bounced_at, customer.email_bounce = None, ""
    customer.save(
        update_fields=[
            *("contact_email", "contact_page", "name"),
            *("email_bounced_at", "email_bounce"),
        ]
    )
    append_event(
        conversation_id=conversation.pk,
        type="address.left",
        payload={"address": masked(contact.email)},
    )
    audit.record(
        action="customer.address_left", target=conversation, by="customer", consent=contact.consent
    )
    return customer


def offers_address(customer: Customer) -> bool:
    """Whether the customer should be asked where a reply can go."""
    return settings.MAIL.sends and not customer.mail_address


def masked(email: str) -> str:
    """Enough to know one's own address by."""
    name, _, domain = email.rpartition("@")
    return f"{name[:1]}…@{domain}"


def _line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
