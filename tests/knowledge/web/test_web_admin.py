from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from knowledge.admin import web_sources as web_admin
from knowledge.models import WebPage, WebSource
from tests.knowledge.web.refreshing import add_source, refresh, served, steps
from tests.knowledge.web.site import Page, Site

pytestmark = pytest.mark.django_db

BrowserOf = Callable[[User], Client]


@pytest.fixture
def browser(browser_of: BrowserOf, cleo: User) -> Client:
    return browser_of(cleo)


@pytest.fixture
def source(site: Site) -> WebSource:
    """A source with a page in every state but “not fetched yet”."""
    for path in ("/a", "/gone"):
        site.write(path, f"<h1>Page {path}</h1><p>Text</p>")
    site.write("/a?x", "<p>Text</p>", head=f"<link rel=canonical href='{site.url('/a')}'>")
    site.write("/private", "<p>Text</p>")
    site.pages["/robots.txt"] = Page("User-agent: *\nDisallow: /private")
    site.pages["/login"] = Page("", 403)
    paths = ["/a", "/gone", "/a?x", "/private", "/login"]
    source = refresh(add_source(kind="list", urls=" ".join(site.url(path) for path in paths)))
    site.pages.pop("/gone")
    return refresh(source)


def url(name: str, *args: object) -> str:
    return reverse(f"admin:knowledge_websource_{name}", args=args)


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


FORM = {
    "kind": "page",
    "url": "",
    "urls": "",
    "collection": "Help",
    "audience": "public",
    "locale": "en",
    "refresh_hours": "24",
    "max_pages": "500",
    "publish": "on",
    "active": "on",
}


def test_without_a_source_the_list_says_what_one_is(browser: Client) -> None:
    html = browser.get(url("changelist")).content.decode()
    assert "No web sources yet" in html
    assert url("add") in html


def test_the_list_shows_how_sources_stand(browser: Client, source: WebSource) -> None:
    text = text_of(browser.get(url("changelist")).content.decode())
    assert "No web sources yet" not in text
    assert "5 addresses A list of pages" in text
    assert (
        "Problems Pages: 2 up to date, 1 failed, 1 excluded by the site, 1 no longer there" in text
    )


def test_the_list_is_drawn_with_a_fixed_number_of_statements(
    browser: Client, site: Site, django_assert_max_num_queries: Callable[..., object]
) -> None:
    site.write("/a", "<p>Text</p>")
    for number in range(3):
        refresh(add_source(url=site.url("/a"), collection=f"c{number}"))
    with django_assert_max_num_queries(25):  # type: ignore[attr-defined]
        browser.get(url("changelist"))


# -- Adding --------------------------------------------------------------------------------------
def test_a_source_is_added_and_fetched_at_once(browser: Client, site: Site, cleo: User) -> None:
    site.write("/a", "<h1>Returns</h1><p>Text</p>")
    response = browser.post(url("add"), {**FORM, "url": site.url("/a")})
    source = WebSource.objects.get()
    assert response.status_code == 302
    assert response["Location"] == url("change", source.pk)
    assert (source.created_by, source.audience, source.publish) == (cleo, "public", True)
    refresh(source)
    assert set(served()) == {site.url("/a")}
    assert LogEntry.objects.get().change_message == "Added."


def test_drafts_by_hand_for_staff(browser: Client, site: Site) -> None:
    sent = {**FORM, "url": site.url("/a"), "audience": "internal", "refresh_hours": "0"}
    del sent["publish"]
    browser.post(url("add"), sent)
    source = WebSource.objects.get()
    assert (source.audience, source.publish, source.refresh_hours) == ("internal", False, 0)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("url", "", "Write an address"),
        ("url", "http://127.0.0.1/", "private address"),
        ("url", "http://169.254.169.254/", "private address"),
        ("url", "file:///etc/passwd", "https://"),
        ("refresh_hours", "-1", "from 0 (by hand)"),
        ("refresh_hours", "soon", "whole number"),
        ("max_pages", "0", "from 1 to 50,000"),
        ("locale", "x", "valid choice"),
        ("audience", "martians", "valid choice"),
        ("kind", "magic", "valid choice"),
    ],
)
def test_what_cannot_work_is_said_and_not_saved(
    browser: Client, site: Site, field: str, value: str, words: str
) -> None:
    sent = {**FORM, "url": site.url("/a"), field: value}
    response = browser.post(url("add"), sent)
    assert response.status_code == 200
    html = response.content.decode()
    assert "Nothing was saved" in html
    assert words in html
    assert not WebSource.objects.exists()


def test_what_was_typed_is_still_there_after_a_mistake(browser: Client) -> None:
    sent = {**FORM, "kind": "list", "urls": "https://localhost/a\nhelp", "max_pages": "7"}
    html = browser.post(url("add"), sent).content.decode()
    assert "Line 2" in html
    assert "https://localhost/a\nhelp" in html
    assert 'value="7"' in html


# -- Changing ------------------------------------------------------------------------------------
def test_a_source_is_changed(browser: Client, source: WebSource) -> None:
    html = browser.get(url("edit", source.pk)).content.decode()
    assert source.urls.splitlines()[0] in html
    sent = {**FORM, "kind": "list", "urls": source.urls, "audience": "internal"}
    del sent["collection"]
    response = browser.post(url("edit", source.pk), sent)
    assert response["Location"] == url("change", source.pk)
    source.refresh_from_db()
    assert source.audience == "internal"
    assert source.collection.name == "Help"
    assert LogEntry.objects.get().change_message == "Changed its terms."


def test_a_wrong_change_changes_nothing(browser: Client, source: WebSource) -> None:
    response = browser.post(url("edit", source.pk), {**FORM, "kind": "list", "urls": "x"})
    assert "Nothing was saved" in response.content.decode()
    source.refresh_from_db()
    assert source.urls.count("\n") == 4


# -- A source's page -----------------------------------------------------------------------------
def test_the_page_tells_what_became_of_each_address(
    browser: Client, source: WebSource, site: Site
) -> None:
    html = browser.get(url("change", source.pk)).content.decode()
    text = text_of(html)
    for words in (
        "Up to date",
        f"{site.url('/a?x')} is {site.url('/a')} Same page as another address",
        "robots.txt asks not to read this page",
        "does not let the page be read (403)",
        "The site says that there is no such page.",
        "All (5)",
        "Excluded by the site (1)",
    ):
        assert words in text
    document = WebPage.objects.get(url=site.url("/a")).document_id
    assert reverse("admin:knowledge_document_change", args=[document]) in html


def test_the_pages_can_be_chosen_by_state(browser: Client, source: WebSource, site: Site) -> None:
    html = browser.get(url("change", source.pk), {"state": "failed", "p": "x"}).content.decode()
    assert site.url("/login") in html
    assert site.url("/private") not in html
    html = browser.get(url("change", source.pk), {"state": "nonsense"}).content.decode()
    assert site.url("/private") in html


def test_an_address_is_shown_and_not_obeyed(browser: Client, site: Site) -> None:
    path = "/%22onmouseover=alert(1)%3E<script>"
    source = refresh(add_source(url=site.url(path)))
    for page in (url("change", source.pk), url("changelist")):
        assert "<script>alert" not in browser.get(page).content.decode()
        assert '"onmouseover' not in browser.get(page).content.decode()


def offered(browser: Client, source: WebSource) -> dict[str, bool]:
    """Which of the two buttons is to be seen."""
    html = browser.get(url("change", source.pk)).content.decode()
    forms = re.findall(r'<form[^>]*data-web-when="(\w+)"( hidden)?>', html)
    return {when: not hidden for when, hidden in forms}


def test_refreshing_and_stopping_by_hand(browser: Client, source: WebSource) -> None:
    assert offered(browser, source) == {"idle": True, "running": False}
    assert steps() == 0
    assert browser.post(url("refresh", source.pk)).status_code == 302
    assert steps(2) == 2
    assert offered(browser, source) == {"idle": False, "running": True}
    browser.post(url("stop", source.pk))
    source.refresh_from_db()
    assert source.status == WebSource.Status.IDLE
    assert [entry.change_message for entry in LogEntry.objects.order_by("pk")] == [
        "Asked for a refresh.",
        "Stopped a refresh.",
    ]


def test_what_is_switched_off_is_not_refreshed(browser: Client, source: WebSource) -> None:
    WebSource.objects.update(active=False)
    assert "Refresh now" not in browser.get(url("change", source.pk)).content.decode()
    response = browser.post(url("refresh", source.pk), follow=True)
    assert "Switch it on" in response.content.decode()
    assert steps() == 0


def test_progress_is_told_while_pages_are_fetched(browser: Client, site: Site) -> None:
    paths = [f"/{number}" for number in range(4)]
    for path in paths:
        site.write(path, "<p>Text</p>")
    source = add_source(kind="list", urls=" ".join(site.url(path) for path in paths))
    steps(3)
    answer = browser.get(url("progress"), {"ids": f"{source.pk},x,99999999999999999999"}).json()
    assert answer["running"] == 1
    assert "2 of 4 pages" in text_of(answer["sources"][str(source.pk)])
    steps()
    answer = browser.get(url("progress"), {"ids": str(source.pk)}).json()
    assert answer["running"] == 0
    assert "4 up to date" in answer["sources"][str(source.pk)]


# -- Deleting ------------------------------------------------------------------------------------
@pytest.mark.parametrize(("choice", "left"), [("keep", 1), ("retire", 0)])
def test_deleting_asks_about_the_documents(
    browser: Client, source: WebSource, choice: str, left: int
) -> None:
    html = browser.get(url("delete", source.pk)).content.decode()
    assert "the 2 documents" in html
    response = browser.post(url("delete", source.pk), {"documents": choice})
    assert response["Location"] == url("changelist")
    assert not WebSource.objects.exists()
    assert len(served()) == left
    assert LogEntry.objects.get().is_deletion()


def test_deleting_without_a_choice_deletes_nothing(browser: Client, source: WebSource) -> None:
    html = browser.post(url("delete", source.pk), {"post": "yes"}).content.decode()
    assert "Choose what is to become" in html
    assert WebSource.objects.exists()


# -- Who may -------------------------------------------------------------------------------------
POSTS = ["refresh", "stop", "delete", "edit"]


@pytest.mark.parametrize("name", ["change", *POSTS])
def test_outsiders_see_nothing(browser_of: BrowserOf, eve: User, site: Site, name: str) -> None:
    source = add_source(url=site.url("/a"))
    for client in (Client(), browser_of(eve)):
        response = client.post(url(name, source.pk), {"documents": "keep"})
        assert response.status_code == 302
        assert "login" in response["Location"]
        assert client.get(url("changelist")).status_code == 302
    assert WebSource.objects.get().next_run_at == source.next_run_at


def test_who_may_only_look_cannot_change(browser_of: BrowserOf, ben: User, site: Site) -> None:
    source = add_source(url=site.url("/a"))
    client = browser_of(ben)
    for path in (url("changelist"), url("change", source.pk), url("progress"), url("add")):
        assert client.get(path).status_code == 403
    ben.user_permissions.add(Permission.objects.get(codename="view_websource"))
    client = browser_of(ben)
    page = client.get(url("change", source.pk))
    assert page.status_code == 200
    for label in ("Refresh now", "Stop", "Delete…"):
        assert label not in page.content.decode()
    for name in POSTS:
        assert client.post(url(name, source.pk), {"documents": "retire"}).status_code == 403
    assert WebSource.objects.exists()


@pytest.mark.parametrize("name", ["refresh", "stop"])
def test_a_look_changes_nothing(browser: Client, site: Site, name: str) -> None:
    source = add_source(url=site.url("/a"))
    assert browser.get(url(name, source.pk)).status_code == 404


@pytest.mark.parametrize("name", POSTS)
def test_a_source_that_is_gone_is_handled(browser: Client, name: str) -> None:
    assert browser.post(url(name, 12345), {"documents": "keep"}).status_code == 404
    assert browser.get(url("change", 12345)).status_code == 302


def test_the_next_refresh_is_told_in_words(site: Site) -> None:
    source = add_source(url=site.url("/a"))
    assert web_admin.describe_next(source) == "in a moment"
    source.status = WebSource.Status.RUNNING
    assert web_admin.describe_next(source) == "now"
    source.active = False
    assert web_admin.describe_next(source) == "switched off"
    source.active, source.status, source.next_run_at = True, WebSource.Status.IDLE, None
    assert web_admin.describe_next(source) == "only by hand"
