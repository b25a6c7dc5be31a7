"""What an agent can do on the desk: each parses the form and calls one service.

An action returns the words for the agent, and raises ValueError with a sentence when it cannot be
done. To add one, write a function and put it into ACTIONS.
"""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.http import QueryDict

from supportbot.answers.redraft import redraft
from supportbot.answers.suggest import suggest
from supportbot.desk.files import describe_files, remove_file, unsent_files
from supportbot.desk.forms import Action, Done, chosen, draft_of, moment_of, text_of
from supportbot.desk.kept import forget_text
from supportbot.desk.models import KeptText
from supportbot.desk.outgoing import UNDO_SECONDS, Wanted, queue_reply, take_back
from supportbot.desk.several import link, merge, split, unlink, unsplit
from tickets.admin.actions import set_mode
from tickets.models import Category, Tag, Team, Ticket
from tickets.services.assignment import assign_to_next
from tickets.services.attachments import attach
from tickets.services.availability import agents
from tickets.services.custom_fields import fields_of, set_custom_field
from tickets.services.details import (
    add_tag,
    change_category,
    change_priority,
    change_subject,
    change_team,
    follow,
    remove_tag,
    unfollow,
)
from tickets.services.drafts import reject_draft
from tickets.services.handover import give_back, return_to_queue, take_over
from tickets.services.macros import apply_macro, available_macros
from tickets.services.notes import add_note
from tickets.services.tickets import assign, change_status
from tickets.services.timers import snooze, wake


def _send(ticket: Ticket, agent: User, form: QueryDict) -> Done:
    """A reply of one's own, or a draft as it is or as edited; now or later."""
    seen, number = form.get("seen", ""), form.get("draft", "")
    wanted = Wanted(
        text=text_of(form),
        client_id=form.get("client_id", "")[:100] or f"form-{agent.pk}-{seen}",
        seen_seq=int(seen) if seen.isascii() and seen.isdecimal() else 0,
        draft=draft_of(ticket, number) if number else None,
        due_at=moment_of(form, "at") if form.get("at") else None,
        sure=form.get("sure") == "yes",
    )
    reply = queue_reply(ticket=ticket, agent=agent, wanted=wanted)
    if reply.is_later:
        said = "The reply is sent at the time you chose."
    else:
        said = f"The reply goes out in {UNDO_SECONDS} seconds."
    return Done(said, {"outgoing": str(reply.pk), "due": reply.due_at.isoformat()})


def _undo(ticket: Ticket, agent: User, form: QueryDict) -> Done:
    try:
        number = UUID(form.get("outgoing", ""))
    except ValueError as error:
        raise ValueError("There is nothing to take back.") from error
    reply = take_back(reply_id=number, agent=agent)
    return Done(
        "The reply is taken back. Nothing was sent.",
        {
            "text": reply.text,
            "draft": reply.draft_id,
            "files": describe_files(ticket, agent),
        },
    )


def _reject(ticket: Ticket, agent: User, form: QueryDict) -> Done:
    draft = draft_of(ticket, form.get("draft", ""))
    reject_draft(draft=draft, agent=agent, reason=text_of(form, "reason").strip()[:1000])
    return Done("The draft is rejected. Nothing was sent.")


def _another(ticket: Ticket, agent: User, form: QueryDict) -> Done:
    draft = draft_of(ticket, form.get("draft", ""))
    redraft(draft=draft, agent=agent, instruction=text_of(form, "instruction"))
    return Done("There is another draft.")


def _status(ticket: Ticket, agent: User, form: QueryDict) -> Done:
    wanted = form.get("status", "")
    if wanted not in Ticket.Status.values:
        raise ValueError("There is no such status.")
    changed = change_status(ticket=ticket, status=wanted, agent=agent)
    return Done(f"The ticket is now “{changed.get_status_display()}”.")


def _assign(ticket: Ticket, agent: User, form: QueryDict) -> Done:
    wanted = form.get("assignee", "")
    if not wanted:
        assign(ticket=ticket, assignee=None, agent=agent)
        return Done("The ticket is assigned to nobody.")
    if wanted == "me":
        wanted = str(agent.pk)
    assignee = chosen(agents(), wanted, "Choose somebody who may work on tickets.")
    assign(ticket=ticket, assignee=assignee, agent=agent)
    return Done(f"The ticket is assigned to {assignee.get_full_name() or assignee.get_username()}.")


def _assign_next(ticket: Ticket, agent: User, form: QueryDict) -> Done:
    assigned = assign_to_next(ticket=ticket, agent=agent)
    return Done(f"The ticket is assigned to {assigned.assignee}.")


def _suggest(ticket: Ticket, agent: User, form: QueryDict) -> Done:
    suggest(ticket=ticket, agent=agent)
    return Done("The bot is writing a draft. It appears here in a moment.")


def _take_over(ticket: Ticket, agent: User, form: QueryDict) -> Done:
    """`instead` is the number of the agent whom the page shows as speaking."""
    number = form.get("instead", "")
    instead = chosen(agents(), number, "This agent is gone.") if number else None
    take_over(conversation=ticket.conversation, agent=agent, instead_of=instead)
    return Done("You speak with the customer now.")


def _requeue(ticket: Ticket, agent: User, form: QueryDict) -> Done:
    return_to_queue(conversation=ticket.conversation, agent=agent)
    return Done("The conversation waits for a colleague.")


def _give_back(ticket: Ticket, agent: User, form: QueryDict) -> Done:
    give_back(conversation=ticket.conversation, agent=agent)
    return Done("The bot answers again.")


def _mode(ticket: Ticket, agent: User, form: QueryDict) -> Done:
    return Done(set_mode(ticket.conversation, agent, form))


def _snooze(ticket: Ticket, agent: User, form: QueryDict) -> Done:
    snooze(ticket=ticket, until=moment_of(form, "until"), agent=agent)
    return Done("The ticket is snoozed. It comes back then, or when the customer writes.")


def _wake(ticket: Ticket, agent: User, form: QueryDict) -> Done:
    wake(ticket=ticket, agent=agent)
    return Done("The ticket is back in the queue.")


def _note(ticket: Ticket, agent: User, form: QueryDict) -> Done:
    with transaction.atomic():
        note = add_note(ticket=ticket, author=agent, text=text_of(form))
        attach(files=unsent_files(ticket, agent, KeptText.Kind.NOTE), to=note, agent=agent)
        forget_text(agent=agent, ticket=ticket, kind=KeptText.Kind.NOTE)
    return Done("The note is added. Customers never see it.")


def _remove_file(ticket: Ticket, agent: User, form: QueryDict) -> Done:
    remove_file(ticket, agent, form.get("file", ""))
    return Done("The file is removed.", {"files": describe_files(ticket, agent)})


def _macro(ticket: Ticket, agent: User, form: QueryDict) -> Done:
    macro = chosen(available_macros(agent), form.get("macro", ""), "This macro is gone.")
    client_id = form.get("client_id", "")[:60] or None
    apply_macro(macro=macro, ticket=ticket, agent=agent, client_id=client_id)
    return Done(f"“{macro}” is done.")


@transaction.atomic
def _fields(ticket: Ticket, agent: User, form: QueryDict) -> Done:
    """Those that the form has: priority, category, team."""
    if "priority" in form:
        wanted = form.get("priority", "")
        if wanted not in map(str, Ticket.Priority.values):
            raise ValueError("There is no such priority.")
        change_priority(ticket=ticket, priority=int(wanted), agent=agent)
    if "category" in form:
        number = form.get("category", "")
        category = (
            chosen(Category.objects.all(), number, "This category is gone.") if number else None
        )
        change_category(ticket=ticket, category=category, agent=agent)
    if "team" in form:
        number = form.get("team", "")
        teams = Team.objects.visible_to(agent)
        team = chosen(teams, number, "This team is gone.") if number else None
        change_team(ticket=ticket, team=team, agent=agent)
    return Done("The ticket is changed.")


def _rename(ticket: Ticket, agent: User, form: QueryDict) -> Done:
    renamed = change_subject(ticket=ticket, subject=text_of(form, "subject"), agent=agent)
    return Done(f"The ticket is called “{renamed.subject}” now.")


@transaction.atomic
def _custom(ticket: Ticket, agent: User, form: QueryDict) -> Done:
    """Every field of the company's own; what the form lacks, as an unticked box, is empty."""
    for one in fields_of(ticket):
        value = form.get(f"field-{one.field.key}", "")
        set_custom_field(ticket=ticket, key=one.field.key, value=value, agent=agent)
    return Done("The ticket is changed.")


def _tag(ticket: Ticket, agent: User, form: QueryDict) -> Done:
    """Add the tag of that name, which is made if there is none yet."""
    name = " ".join(form.get("tag", "").replace("\x00", "").split())[:50]
    if not name:
        raise ValueError("Write a tag.")
    with transaction.atomic():
        tag = Tag.objects.filter(name__iexact=name).first() or Tag.objects.create(name=name)
        add_tag(ticket=ticket, tag=tag, agent=agent)
    return Done(f"The tag “{tag}” is added.")


def _untag(ticket: Ticket, agent: User, form: QueryDict) -> Done:
    tag = chosen(Tag.objects.all(), form.get("tag", ""), "This tag is gone.")
    remove_tag(ticket=ticket, tag=tag, agent=agent)
    return Done(f"The tag “{tag}” is removed.")


def _follow(ticket: Ticket, agent: User, form: QueryDict) -> Done:
    """Follow the ticket, or not any more."""
    if ticket.followers.filter(pk=agent.pk).exists():
        unfollow(ticket=ticket, user=agent, agent=agent)
        return Done("You do not follow the ticket any more.")
    follow(ticket=ticket, user=agent, agent=agent)
    return Done("You follow the ticket: you are told of notes.")


ACTIONS: dict[str, Action] = {
    "send": _send,
    "undo": _undo,
    "reject": _reject,
    "another": _another,
    "status": _status,
    "assign": _assign,
    "assign-next": _assign_next,
    "suggest": _suggest,
    "take-over": _take_over,
    "give-back": _give_back,
    "mode": _mode,
    "snooze": _snooze,
    "wake": _wake,
    "requeue": _requeue,
    "merge": merge,
    "split": split,
    "unsplit": unsplit,
    "link": link,
    "unlink": unlink,
    "note": _note,
    "remove-file": _remove_file,
    "macro": _macro,
    "fields": _fields,
    "rename": _rename,
    "custom": _custom,
    "tag": _tag,
    "untag": _untag,
    "follow": _follow,
}
