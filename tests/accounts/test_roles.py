"""supportbot.accounts.roles: six groups, made by migrate and kept up to date."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command

from supportbot.accounts.roles import ROLES, update_roles

pytestmark = pytest.mark.django_db


def may(role: str, name: str) -> bool:
    user = User.objects.create_user(f"u-{role}-{name}", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    return user.has_perm(name)


def test_migrate_has_made_the_groups() -> None:
    assert set(Group.objects.values_list("name", flat=True)) >= set(ROLES)


@pytest.mark.parametrize(
    ("name", "roles"),
    [
        ("tickets.change_draft", {"Agent", "Senior agent", "Administrator"}),
        ("tickets.view_customer", {"Agent", "Senior agent", "Administrator"}),
        ("tickets.delete_customer", {"Administrator"}),
        ("tickets.view_auditentry", {"Senior agent", "Administrator"}),
        ("tickets.change_macro", {"Senior agent", "Administrator"}),
        ("knowledge.view_document", set(ROLES)),
        ("knowledge.change_document", {"Content editor", "Publisher", "Administrator"}),
        ("knowledge.publish_document", {"Publisher", "Administrator"}),
        ("knowledge.delete_document", {"Publisher", "Administrator"}),
        ("configuration.publish_answerconfiguration", {"Publisher", "Administrator"}),
        ("evaluation.view_evaluationrun", set(ROLES) - {"Agent", "Senior agent"}),
        ("auth.change_user", {"Administrator"}),
        ("automation.change_rule", {"Administrator"}),
        ("webhooks.change_webhookendpoint", {"Administrator"}),
        ("mail.view_incomingemail", {"Administrator"}),
        ("authtoken.view_token", {"Administrator"}),
    ],
)
def test_a_right_belongs_to_these_roles(name: str, roles: set[str]) -> None:
    assert {role for role in ROLES if may(role, name)} == roles


def test_migrate_brings_a_role_up_to_date_and_leaves_other_groups_alone() -> None:
    agent, own = Group.objects.get(name="Agent"), Group.objects.create(name="Night shift")
    before = set(agent.permissions.all())
    agent.permissions.clear()
    own.permissions.add(Permission.objects.get(codename="delete_customer"))
    call_command("migrate", verbosity=0, interactive=False)
    assert set(agent.permissions.all()) == before
    assert own.permissions.count() == 1


def test_every_pattern_of_a_role_names_a_permission_there_is() -> None:
    from fnmatch import fnmatchcase

    names = [
        f"{one.content_type.app_label}.{one.codename}"
        for one in Permission.objects.select_related("content_type")
    ]
    for role, patterns in ROLES.items():
        for pattern in patterns:
            found = any(fnmatchcase(name, pattern) for name in names)
            assert found, (role, pattern)
    update_roles()
