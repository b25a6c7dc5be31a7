"""What each role may do. The groups are made, and brought up to date, by `manage.py migrate`.

A role is a list of permissions; `*` stands for any part of a name. Which tickets somebody sees is
no matter of roles but of teams: tickets.models.visibility.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

from django.contrib.auth.models import Group, Permission

_READS = (
    *("knowledge.view_*", "answers.view_answerrun", "answers.view_firedrule", "triage.view_*"),
    "learning.view_*",
)
_WORKS = (
    *("tickets.view_*", "tickets.change_ticket", "tickets.change_draft", "tickets.add_note"),
    *("tickets.change_conversation", "tickets.change_customer", "tickets.change_message"),
    "answers.change_firedrule",  # what they think of rules that fired
)
_AGENT = (*_READS, *_WORKS)
_SENIOR = (
    *_AGENT,
    *("knowledge.add_curatedanswer", "triage.*_intentexample"),
    *("tickets.*_savedreply", "tickets.*_macro", "tickets.*_macrostep", "tickets.*_tag"),
)
_EDITOR = (
    *("knowledge.view_*", "knowledge.add_*", "knowledge.change_document*"),
    *("knowledge.change_curated*", "knowledge.change_collection", "knowledge.change_websource"),
    *("answers.view_answerrun", "answers.view_cachedanswer", "evaluation.view_*", "manners.view_*"),
    *("learning.view_*", "learning.change_*"),
)
_PUBLISHER = (
    *_EDITOR,
    *("knowledge.*", "manners.*", "triage.*", "answers.delete_cachedanswer"),
    *("configuration.view_*", "configuration.add_*", "configuration.change_*"),
    "configuration.publish_answerconfiguration",
)
# Figures, not people: no customer's page and no audit log.
_ANALYST = (
    *("knowledge.view_*", "answers.view_*", "evaluation.view_*", "configuration.view_*"),
    *("manners.view_*", "triage.view_*", "tickets.view_ticket", "tickets.view_draft"),
    "learning.view_*",
)
ROLES: dict[str, tuple[str, ...]] = {
    "Agent": _AGENT,
    "Senior agent": _SENIOR,
    "Content editor": _EDITOR,
    "Publisher": _PUBLISHER,
    "Analyst": _ANALYST,
    "Administrator": (
        *("knowledge.*", "tickets.*", "answers.*", "evaluation.*", "configuration.*"),
        *("manners.*", "triage.*", "learning.*", "auth.*", "authtoken.*", "widget.*"),
        *("automation.*", "mail.*", "webhooks.*"),
        *("axes.view_accessattempt", "axes.delete_accessattempt"),
    ),
}
# Of agents only the senior ones read the log of all; what was done to a ticket stands on its page.
_NOT_OF = {
    "Agent": ("tickets.view_auditentry", "tickets.view_audit*"),
    "Senior agent": (),
}


def rights_of(role: str, names: Iterable[str]) -> set[str]:
    """Those of the permissions `app.codename` that the role has."""
    patterns, without = ROLES[role], _NOT_OF.get(role, ())
    return {
        name
        for name in names
        if any(fnmatchcase(name, pattern) for pattern in patterns)
        and not any(fnmatchcase(name, pattern) for pattern in without)
    }


def update_roles(using: str = "default", **given: Any) -> None:
    """Make the groups and give them their permissions. What an installation has added by hand to
    one of these groups is taken back: make a group of your own beside them."""
    permissions = {
        f"{one.content_type.app_label}.{one.codename}": one
        for one in Permission.objects.using(using).select_related("content_type")
    }
    for role in ROLES:
        group, _ = Group.objects.using(using).get_or_create(name=role)
        group.permissions.set(permissions[name] for name in rights_of(role, permissions))
