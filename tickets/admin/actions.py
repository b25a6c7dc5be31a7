"""What an agent can do on a ticket's page: each parses the form and calls one service.

An action returns the words for the agent, and raises ValueError with a sentence when it cannot be
done. To add one, write a function and put it into ACTIONS.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from django.contrib.auth.models import User
from django.http import QueryDict
from django.utils import timezone

from tickets.models import Conversation, Draft, Ticket
from tickets.services.assignment import assign_to_next
from tickets.services.availability import agents, set_away
from tickets.services.conversations import change_mode, close_conversation
from tickets.services.drafts import approve_draft, reject_draft, send_reply
from tickets.services.handover import give_back, return_to_queue, take_over
from tickets.services.tickets import assign, change_status
from tickets.services.timers import snooze, wake

MAX_CHARACTERS = 20_000
# As a form sends them → as a button says them.
SNOOZE_HOURS = {"1": "1 hour", "4": "4 hours", "24": "1 day", "72": "3 days", "168": "1 week"}

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


def _assign_next(ticket: Ticket, agent: User, form: QueryDict) -> str:
    assigned = assign_to_next(ticket=ticket, agent=agent)
    return f"The ticket is assigned to {assigned.assignee}."


def _take_over(ticket: Ticket, agent: User, form: QueryDict) -> str:
    # The page says whom it showed, so that of two who click at once the second is told.
    shown = form.get("instead_of", "")
    before = agents().filter(pk=shown).first() if shown.isdecimal() else None
    take_over(conversation=ticket.conversation, agent=agent, instead_of=before)
    return "You speak with the customer now. The bot writes drafts."


def _give_back(ticket: Ticket, agent: User, form: QueryDict) -> str:
    give_back(conversation=ticket.conversation, agent=agent)
    return "The bot answers again."


def _return(ticket: Ticket, agent: User, form: QueryDict) -> str:
    return_to_queue(conversation=ticket.conversation, agent=agent)
    return "The customer is back in the queue, and is told so."


def _snooze(ticket: Ticket, agent: User, form: QueryDict) -> str:
    hours = form.get("hours", "")
    if hours not in SNOOZE_HOURS:
        raise ValueError("Choose for how long the ticket is out of the queue.")
    until = timezone.now() + dt.timedelta(hours=int(hours))
    snooze(ticket=ticket, until=until, agent=agent)
    return "The ticket is out of the queue until then, or until the customer writes."


def _wake(ticket: Ticket, agent: User, form: QueryDict) -> str:
    wake(ticket=ticket, agent=agent)
    return "The ticket is back in the queue."


def _away(ticket: Ticket, agent: User, form: QueryDict) -> str:
    away = form.get("away") == "yes"
    set_away(agent=agent, away=away, by=agent)
    return "You are away: no tickets come to you." if away else "You are back."


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
    "return": _return,
    "assign-next": _assign_next,
    "snooze": _snooze,
    "wake": _wake,
    "away": _away,
    "mode": _mode,
}
