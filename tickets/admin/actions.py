"""What an agent can do on a ticket's page: each parses the form and calls one service.

An action returns the words for the agent, and raises ValueError with a sentence when it cannot be
done. To add one, write a function and put it into ACTIONS.
"""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.models import User
from django.http import QueryDict

from tickets.models import Conversation, Draft, Ticket
from tickets.services.availability import agents
from tickets.services.conversations import change_mode, close_conversation
from tickets.services.drafts import approve_draft, reject_draft, send_reply
from tickets.services.handover import give_back, take_over
from tickets.services.tickets import assign, change_status

MAX_CHARACTERS = 20_000

Action = Callable[[Ticket, User, QueryDict], str]


def _text(form: QueryDict, name: str = "text") -> str:
    # Browsers send CR LF; a draft that nobody touched must still compare equal.
    text = form.get(name, "").replace("\r\n", "\n").replace("\x00", "")
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"Shorten the text to {MAX_CHARACTERS:,} characters.")
    return text


def _draft(ticket: Ticket, form: QueryDict) -> Draft:
    number = form.get("draft", "")
    found = ticket.drafts.filter(pk=number).first() if number.isdecimal() else None
    if found is None:
        raise ValueError("This draft does not exist any more.")
    return found


def _approve(ticket: Ticket, agent: User, form: QueryDict) -> str:
    approve_draft(draft=_draft(ticket, form), agent=agent, text=_text(form))
    return "The reply is sent."


def _reject(ticket: Ticket, agent: User, form: QueryDict) -> str:
    reject_draft(draft=_draft(ticket, form), agent=agent, reason=_text(form, "reason").strip())
    return "The draft is rejected. Nothing was sent."


def _reply(ticket: Ticket, agent: User, form: QueryDict) -> str:
    # The page that holds the form names the reply, so that sending it twice sends it once.
    client_id = form.get("client_id", "")[:100] or None
    send_reply(ticket=ticket, agent=agent, text=_text(form), client_id=client_id)
    return "The reply is sent."


def _status(ticket: Ticket, agent: User, form: QueryDict) -> str:
    wanted = form.get("status", "")
    if wanted not in Ticket.Status.values:
        raise ValueError("There is no such status.")
    changed = change_status(ticket=ticket, status=wanted, agent=agent)
    return f"The ticket is now “{changed.get_status_display()}”."


def _assign(ticket: Ticket, agent: User, form: QueryDict) -> str:
    wanted = form.get("assignee", "")
    if not wanted:
        assign(ticket=ticket, assignee=None, agent=agent)
        return "The ticket is assigned to nobody."
    assignee = agents().filter(pk=wanted).first() if wanted.isdecimal() else None
    if assignee is None:
        raise ValueError("Choose somebody who may work on tickets.")
    assign(ticket=ticket, assignee=assignee, agent=agent)
    return f"The ticket is assigned to {assignee.get_full_name() or assignee.get_username()}."


def _take_over(ticket: Ticket, agent: User, form: QueryDict) -> str:
    take_over(conversation=ticket.conversation, agent=agent)
    return "You speak with the customer now. The bot writes drafts."


def _give_back(ticket: Ticket, agent: User, form: QueryDict) -> str:
    give_back(conversation=ticket.conversation, agent=agent)
    return "The bot answers again."


def _mode(ticket: Ticket, agent: User, form: QueryDict) -> str:
    return set_mode(ticket.conversation, agent, form)


def set_mode(conversation: Conversation, agent: User, form: QueryDict) -> str:
    """Also used on a conversation's own page."""
    wanted = form.get("mode", "")
    if wanted not in Conversation.Mode.values:
        raise ValueError("There is no such mode.")
    change_mode(conversation=conversation, mode=wanted, agent=agent)
    return f"From now on: {Conversation.Mode(wanted).label}."


def close(conversation: Conversation, agent: User) -> str:
    """Used on a conversation's own page; a ticket's page closes the ticket."""
    close_conversation(conversation=conversation, by=Conversation.ClosedBy.AGENT, agent=agent)
    return "The conversation is closed. The customer's next message begins a new one."


ACTIONS: dict[str, Action] = {
    "approve": _approve,
    "reject": _reject,
    "reply": _reply,
    "status": _status,
    "assign": _assign,
    "take-over": _take_over,
    "give-back": _give_back,
    "mode": _mode,
}
