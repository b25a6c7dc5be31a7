"""Sites: what the widget is told of them, who may talk to the server, and the page in the admin."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from supportbot.api import visitor_tokens
from supportbot.widget.colours import contrast, text_on
from supportbot.widget.models import Site
from supportbot.widget.origins import forget_origins, is_site_origin, origin_of
from tests.api.sockets import Socket, say
from tickets.models import AuditEntry, Conversation

SHOP = "https://shop.example"
FORM = {
    "name": "The shop",
    "origins": f"{SHOP}/\r\n\r\nHTTPS://Other.Example:443",
    "is_online": "on",
    "heading": "Tamperwick",
    "greeting": "Hello!",
    "suggestions": "One?\r\nTwo?",
    "colour": "#ffdd00",
    "position": "left",
    "theme": "dark",
    "language": "de",
    "privacy_url": "https://shop.example/privacy",
}


@pytest.fixture(autouse=True)
def _nothing_known() -> None:
    forget_origins()  # of a test before, whose sites went without a word


@pytest.fixture
def site(db: None) -> Site:
    return Site.objects.create(name="The shop", origins=[SHOP], heading="Tamperwick")


@pytest.fixture
def dora(db: None) -> User:
    """She may set sites up."""
    user = User.objects.create_user("dora", password="dora", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="widget"))
    return user


def _address(site: Site) -> str:
    return f"/api/v1/sites/{site.pk}/"


# -- what the widget is told ----------------------------------------------------------------------
def test_the_widget_of_any_page_reads_how_it_looks(client: Client, site: Site) -> None:
    response = client.get(_address(site), headers={"Origin": "https://anywhere.example"})
    assert response.json() == {
        "online": True,
        "attributes": {"heading": "Tamperwick"},
        "colour": "#0f6e66",
        "text_colour": "#ffffff",
    }
    assert response.headers["Access-Control-Allow-Origin"] == "https://anywhere.example"
    assert response.headers["Cache-Control"] == "public, max-age=60"


def test_of_a_site_that_is_offline_nothing_else_is_told(client: Client, site: Site) -> None:
    site.is_online = False
    site.save(update_fields=["is_online"])
    assert client.get(_address(site)).json() == {"online": False}
    assert client.get(f"/api/v1/sites/{uuid4()}/").status_code == 404


def test_text_is_read_on_any_colour() -> None:
    assert (text_on("#0f6e66"), text_on("#ffdd00")) == ("#ffffff", "#000000")
    for grey in range(0, 256, 15):
        colour = f"#{grey:02x}{grey:02x}{grey:02x}"
        assert contrast(text_on(colour), colour) >= 4.5


def test_the_preview_asks_which_text_is_read_on_a_colour(client: Client, dora: User) -> None:
    client.force_login(dora)
    path = reverse("admin:widget_site_text_colour")
    assert client.get(path, {"colour": "#ffee00"}).content == b"#000000"
    assert client.get(path, {"colour": "red;}"}).status_code == 400


def test_a_sound_is_for_sites_that_ask_for_it() -> None:
    assert "sound" not in Site().attributes()
    assert Site(has_sound=True).attributes()["sound"] == "on"


def test_the_languages_are_those_of_the_widget() -> None:
    source = Path(settings.BASE_DIR, "frontend/src/launcher/language.ts").read_text("utf-8")
    listed = re.search(r"LANGUAGES = \[(.*?)\]", source)
    assert listed is not None
    assert re.findall(r"'(\w+)'", listed[1]) == [one for one in Site.Language.values if one]


# -- who may talk to the server -------------------------------------------------------------------
@pytest.mark.parametrize(
    ("written", "origin"),
    [
        ("https://Shop.Example:443/", SHOP),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("shop.example", None),
        ("https://shop.example/page", None),
        ("https://a@shop.example", None),
        ("ftp://shop.example", None),
        ("https://shop.example:x", None),
        ("null", None),
    ],
)
def test_an_origin_is_written_as_browsers_send_it(written: str, origin: str | None) -> None:
    assert origin_of(written) == origin


def test_pages_of_a_site_may_call_while_it_is_online(client: Client, site: Site) -> None:
    def allowed(origin: str) -> bool:
        headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        response = client.options("/api/v1/visitors/", headers=headers)
        return response.headers.get("Access-Control-Allow-Origin") == origin

    assert allowed(SHOP)
    assert not allowed("https://evil.example")
    site.is_online = False
    site.save(update_fields=["is_online"])
    assert not allowed(SHOP)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_online", [True, False])
async def test_pages_of_a_site_may_open_a_socket_while_it_is_online(
    conversation: Conversation, is_online: bool
) -> None:
    partner = "https://partner.example"
    await Site.objects.acreate(name="A partner", origins=[partner], is_online=is_online)
    socket = Socket(visitor_tokens.issue(conversation.customer_id).token, origin=partner)
    await socket.open()
    if not is_online:
        assert await socket.closed_with() == 4403
        return
    await say(conversation)
    await socket.send(type="hello", after=0)
    assert (await socket.next())["seq"] == 1
    await socket.end.disconnect()


# -- in the admin ---------------------------------------------------------------------------------
def test_a_site_is_set_up_and_its_line_is_there_to_copy(
    browser_of: Callable[[User], Client], dora: User
) -> None:
    page = browser_of(dora).post(reverse("admin:widget_site_add"), FORM, follow=True)
    site = Site.objects.get()
    assert site.origins == [SHOP, "https://other.example"]
    assert site.suggestions == ["One?", "Two?"]
    address = "http://testserver/static/widget/support-chat.js"
    line = f'<script src="{address}" async data-site="{site.pk}"></script>'
    assert line in unescape(page.content.decode())
    assert "data-site-preview" in page.content.decode()
    entry = AuditEntry.objects.get(action="site.created")
    assert entry.actor == dora


def test_a_site_is_taken_offline_and_the_log_says_who_did(
    browser_of: Callable[[User], Client], dora: User, site: Site
) -> None:
    form = {**FORM, "origins": SHOP}
    del form["is_online"]
    browser_of(dora).post(reverse("admin:widget_site_change", args=[site.pk]), form)
    site.refresh_from_db()
    assert not site.is_online
    assert "is_online" in AuditEntry.objects.get(action="site.changed").data["fields"]
    browser_of(dora).post(reverse("admin:widget_site_delete", args=[site.pk]), {"post": "yes"})
    assert AuditEntry.objects.filter(action="site.deleted").exists()


def test_what_is_no_origin_or_colour_is_refused_in_words(
    browser_of: Callable[[User], Client], dora: User
) -> None:
    wrong = {**FORM, "origins": "shop.example", "colour": "red", "suggestions": "?\n" * 9}
    page = browser_of(dora).post(reverse("admin:widget_site_add"), wrong).content.decode()
    assert "“shop.example” is no origin." in page
    assert "Write it as #rrggbb." in page
    assert not Site.objects.exists()


def test_agents_neither_see_nor_change_sites(
    browser_of: Callable[[User], Client], ben: User, site: Site
) -> None:
    pages = [
        reverse("admin:widget_site_changelist"),
        reverse("admin:widget_site_change", args=[site.pk]),
        reverse("admin:widget_site_preview"),
    ]
    assert [browser_of(ben).get(page).status_code for page in pages] == [403, 403, 403]


def test_origins_are_asked_of_the_database_once_and_a_change_counts_at_once(
    site: Site, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        assert [is_site_origin(SHOP) for _ in range(3)] == [True] * 3
        assert not is_site_origin("https://evil.example")
    site.is_online = False
    site.save(update_fields=["is_online"])
    assert not is_site_origin(SHOP)


def test_the_widgets_files_are_sent_compressed(client: Client) -> None:
    address = "/static/widget/support-chat.js"
    plain = b"".join(client.get(address))
    headers = {"Accept-Encoding": "gzip, br"}
    sent = client.get(address, headers=headers)
    assert (sent["Content-Encoding"], sent["Vary"]) == ("gzip", "Accept-Encoding")
    assert int(sent["Content-Length"]) == len(sent.content) < 5000
    assert gzip.decompress(sent.content) == plain
    known = {**headers, "If-None-Match": sent["ETag"]}
    assert client.get(address, headers=known).status_code == 304


# -- The connection test --------------------------------------------------------------------------
def test_the_connection_test_is_for_those_who_set_sites_up(client: Client, dora: User) -> None:
    address = reverse("admin:widget_site_self_test")
    eve = User.objects.create_user("eve", password="eve", is_staff=True)
    client.force_login(eve)
    assert client.get(address).status_code == 403
    client.force_login(dora)
    assert "Upload of" in client.get(address).content.decode()
    assert address in client.get(reverse("admin:widget_site_changelist")).content.decode()


def test_the_connection_test_says_what_arrived(client: Client, dora: User) -> None:
    client.force_login(dora)
    sent = bytes(3_000_000)
    body = reverse("admin:widget_site_self_test_body")
    told = client.post(body, sent, content_type="application/octet-stream")
    assert told.json() == {"bytes": len(sent)}
    headers = {"Authorization": "Bearer self-test", "X-Forwarded-For": "203.0.113.7"}
    seen = client.get(reverse("admin:widget_site_self_test_headers"), headers=headers).json()
    assert seen == {
        "host": "testserver",
        "scheme": "http",
        "authorization": "Bearer self-test",
        "last_event_id": "",
        "unknown_proxy": True,
    }
