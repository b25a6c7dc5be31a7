"""What the bot does in each channel: set in the admin, at once, with a trail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from tests.tickets.cast import actions_on
from tickets.models import AuditEntry, ChannelMode, Conversation, Customer
from tickets.services.conversations import close_conversation, start_conversation
from tickets.services.modes import change_mode, mode_of

Channel, Mode = ChannelMode.Channel, Conversation.Mode
LIST = "admin:tickets_channelmode_changelist"


@pytest.fixture
def browser(ben: User, browser_of: Callable[[User], Client]) -> Client:
    return browser_of(ben)


def switch(browser: Client, channel: str, mode: str) -> str:
    browser.get(reverse(LIST))
    row = ChannelMode.objects.get(channel=channel)
    url = reverse("admin:tickets_channelmode_change", args=[row.pk])
    return browser.post(url, {"mode": mode}, follow=True).content.decode()


def test_each_channel_has_the_configured_mode_until_it_is_set(
    browser: Client, settings: Settings
) -> None:
    settings.MAIL = replace(settings.MAIL, mode="suggest")
    page = browser.get(reverse(LIST)).content.decode()
    for words in ("Chat (widget)", "E-mail", "OpenAI-compatible API", "The bot helps when asked"):
        assert words in page
    assert [mode_of(channel) for channel in Channel] == ["reply", "suggest", "reply"]


def test_a_switch_holds_at_once_also_for_open_conversations(
    browser: Client, ada: Customer, ben: User
) -> None:
    follows, by_hand, closed, mailed = (
        start_conversation(customer=ada, channel=channel)
        for channel in ("chat", "chat", "chat", "email")
    )
    change_mode(conversation=by_hand, mode=Mode.SUGGEST, agent=ben)
    close_conversation(conversation=closed, by=Conversation.ClosedBy.AGENT)
    before = mailed.mode
    page = switch(browser, Channel.CHAT, Mode.OFF)
    assert "1 open conversation follows" in page
    for conversation in (follows, by_hand, closed, mailed):
        conversation.refresh_from_db()
    assert [follows.mode, by_hand.mode, closed.mode] == [Mode.OFF, Mode.SUGGEST, Mode.REPLY]
    assert mailed.mode == before
    assert start_conversation(customer=ada).mode == Mode.OFF
    entry = AuditEntry.objects.get(action="setting.changed")
    assert (entry.data["before"], entry.data["after"]) == ({"mode": ""}, {"mode": "off"})
    assert "conversation.mode_changed" in actions_on(follows)
    switch(browser, Channel.CHAT, "")
    assert start_conversation(customer=ada).mode == Mode.REPLY


def test_the_api_answers_or_is_off(browser: Client) -> None:
    assert "Select a valid choice" in switch(browser, Channel.API, Mode.DRAFT)
    switch(browser, Channel.API, Mode.OFF)
    assert mode_of(Channel.API) == Mode.OFF


def test_outsiders_switch_nothing(
    browser: Client, eve: User, cleo: User, browser_of: Callable[[User], Client]
) -> None:
    browser.get(reverse(LIST))
    assert browser_of(eve).get(reverse(LIST)).status_code == 302
    assert browser_of(cleo).get(reverse(LIST)).status_code == 403
