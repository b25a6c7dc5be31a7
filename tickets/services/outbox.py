"""Which messages are also sent by e-mail: queued in the transaction that stores them.

`supportbot.mail` sends what is queued here, once it is due and if it is still needed.
"""

from __future__ import annotations

import datetime as dt
import uuid
from email.utils import parseaddr

from django.conf import settings
from django.utils import timezone

from tickets.models import Conversation, EmailedMessage, Message, OutgoingEmail

Author = Message.Author
FROM_MAIL = "mail:"  # how the client_id of a message begins that came by e-mail


def queue_email(message: Message) -> None:
    """Put what an agent or the bot has just said into the conversation's next e-mail.

    Needs the transaction that stored the message, with the conversation locked. Who writes by
    e-mail is answered at once; who was in the chat gets an e-mail only after some minutes away.
    """
    mail = settings.MAIL
    if not mail.sends or message.author not in {Author.AGENT, Author.BOT}:
        return
    conversation = Conversation.objects.select_related("customer").get(pk=message.conversation_id)
    customer = conversation.customer
    if email_problem(conversation):
        return
    by_email = is_by_email(conversation)
    if message.author == Author.BOT and not (by_email or mail.bot_answers):
        return
    delay = dt.timedelta(minutes=0 if by_email else mail.after_minutes)
    # Locked, so that the sender takes the e-mail either with this message or before it.
    waiting = OutgoingEmail.objects.select_for_update().filter(
        conversation=conversation, status=OutgoingEmail.Status.WAITING, is_transcript=False
    )
    email = waiting.first() or OutgoingEmail.objects.create(
        conversation=conversation,
        to=customer.mail_address,
        message_id=new_message_id(),
        due_at=timezone.now() + delay,
    )
    EmailedMessage.objects.create(email=email, message=message)


def email_problem(conversation: Conversation) -> str:
    """Why no e-mail reaches the customer, as a sentence for the agent; empty when one does."""
    customer = conversation.customer
    if not settings.MAIL.sends:
        return "Files go to customers by e-mail, which is not set up here."
    if not customer.mail_address:
        return "Files go to customers by e-mail, and this customer's address is not known."
    if customer.email_bounced_at is not None:
        return "Files go to customers by e-mail, and e-mail to this customer comes back."
    return ""


def is_by_email(conversation: Conversation) -> bool:
    """Whether the customer waits for e-mail: it began so, or their last words came so."""
    if conversation.channel == Conversation.Channel.EMAIL:
        return True
    said = conversation.messages.filter(author=Author.CUSTOMER).order_by("-seq")
    last = said.values_list("client_id", flat=True).first()
    return (last or "").startswith(FROM_MAIL)


def new_message_id() -> str:
    """A Message-ID of ours (RFC 5322, section 3.6.4)."""
    domain = parseaddr(settings.MAIL.from_address)[1].rpartition("@")[2] or "localhost"
    return f"<{uuid.uuid4().hex}@{domain}>"
