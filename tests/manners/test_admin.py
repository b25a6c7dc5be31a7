"""Manners in the admin: replies are changed, examples are added, outsiders are refused."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from supportbot.manners.models import Manner, MannerExample, MannerReply
from supportbot.manners.recognise import recognise
from supportbot.manners.replies import DEFAULTS

Browser = Callable[[User], Client]
REPLIES = "/admin/manners/mannerreply/"
EXAMPLES = "/admin/manners/mannerexample/"

pytestmark = pytest.mark.django_db


def page_of(manner: Manner) -> str:
    reply = MannerReply.objects.get(manner=manner)
    return reverse("admin:manners_mannerreply_change", args=[reply.pk])


def test_the_list_shows_what_the_bot_says(editor: Client, replies: None) -> None:
    page = editor.get(REPLIES).content.decode()
    assert DEFAULTS[Manner.GREETING] in page
    MannerReply.objects.filter(manner=Manner.GREETING).update(text="Moin!")
    page = editor.get(REPLIES).content.decode()
    assert "Moin!" in page
    assert DEFAULTS[Manner.GREETING] not in page


def test_a_reply_is_changed_and_the_change_is_logged(
    editor: Client, replies: None, cleo: User
) -> None:
    assert DEFAULTS[Manner.THANKS] in editor.get(page_of(Manner.THANKS)).content.decode()
    editor.post(page_of(Manner.THANKS), {"text": "Any time.", "is_on": "on"})
    assert MannerReply.objects.get(manner=Manner.THANKS).text == "Any time."
    entry = LogEntry.objects.get()
    assert (entry.user, "what the bot says" in entry.change_message.lower()) == (cleo, False)
    assert "text" in entry.change_message.lower()


def test_a_manner_is_switched_off_at_once(editor: Client, replies: None) -> None:
    assert recognise("thanks!") is not None
    editor.post(page_of(Manner.THANKS), {"text": ""})
    assert recognise("thanks!") is None


def test_replies_are_neither_added_nor_deleted(editor: Client, replies: None) -> None:
    assert editor.get(f"{REPLIES}add/").status_code == 403
    delete = page_of(Manner.THANKS).replace("change", "delete")
    assert editor.post(delete, {"post": "yes"}).status_code == 403
    assert MannerReply.objects.count() == len(Manner)


def test_an_example_counts_at_once_and_is_logged(editor: Client, cleo: User) -> None:
    assert recognise("happy new year") is not None
    editor.post(f"{EXAMPLES}add/", {"text": "Happy new year", "manner": ""})
    assert recognise("happy new year") is None
    assert LogEntry.objects.get().user == cleo
    page = editor.get(EXAMPLES).content.decode()
    assert "Small talk examples | supportbot</title>" in page
    assert re.search(r">\d{1,2} [A-Z][a-z]{2} \d{4}, \d\d:\d\d<", page)


def test_a_deleted_example_counts_no_more(editor: Client) -> None:
    example = MannerExample.objects.create(text="Happy new year", manner="")
    assert recognise("happy new year") is None
    url = reverse("admin:manners_mannerexample_delete", args=[example.pk])
    editor.post(url, {"post": "yes"})
    assert recognise("happy new year") is not None


def test_bad_examples_are_refused(editor: Client) -> None:
    MannerExample.objects.create(text="moin", manner=Manner.GREETING)
    for form in ({"text": "", "manner": ""}, {"text": "moin", "manner": ""}, {"manner": "rude"}):
        assert editor.post(f"{EXAMPLES}add/", form).status_code == 200
    assert MannerExample.objects.count() == 1


def test_what_does_not_exist_leads_away(editor: Client) -> None:
    url = reverse("admin:manners_mannerexample_change", args=[4711])
    assert editor.get(url).status_code == 302


@pytest.mark.parametrize("url", [REPLIES, EXAMPLES, f"{EXAMPLES}add/"])
def test_outsiders_are_refused(eve: User, browser_of: Browser, replies: None, url: str) -> None:
    assert browser_of(eve).get(url).status_code == 302  # to the sign-in page
    eve.is_staff = True
    eve.save()
    assert browser_of(eve).get(url).status_code == 403
    assert browser_of(eve).post(url, {"text": "moin", "manner": ""}).status_code == 403
    assert not MannerExample.objects.exists()


def test_who_may_only_look_changes_nothing(eve: User, browser_of: Browser, replies: None) -> None:
    eve.is_staff = True
    eve.save()
    eve.user_permissions.add(Permission.objects.get(codename="view_mannerreply"))
    reader = browser_of(eve)
    assert reader.get(REPLIES).status_code == 200
    assert reader.post(page_of(Manner.THANKS), {"text": "Ha!"}).status_code == 403
    assert MannerReply.objects.get(manner=Manner.THANKS).text == ""
