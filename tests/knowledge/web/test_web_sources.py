from __future__ import annotations

import socket

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from knowledge.models import Audience, Document, DocumentEvent, Passage, WebPage, WebSource
from knowledge.services.web.sources import (
    Wanted,
    WebSourceRefusedError,
    change_web_source,
    check_web_source,
    create_web_source,
    delete_web_source,
)
from tests.knowledge.web.refreshing import add_source, refresh, served, steps
from tests.knowledge.web.site import Site

pytestmark = pytest.mark.django_db

PUBLIC = "93.184.215.14"


def names(host: str, port: int) -> list[str]:
    known = {
        "shop.example": [PUBLIC],
        "inner.example": ["10.0.0.1"],
        "mixed.example": [PUBLIC, "::1"],
    }
    if host not in known:
        raise socket.gaierror("no such name")
    return known[host]


def refused(**wanted: object) -> WebSourceRefusedError:
    values = {"url": "https://shop.example/help", **wanted}
    with pytest.raises(WebSourceRefusedError) as caught:
        check_web_source(Wanted(**values), resolver=names)  # type: ignore[arg-type]
    assert str(caught.value).endswith(".")
    return caught.value


def test_a_source_is_saved_as_it_will_be_fetched(cleo: User) -> None:
    wanted = Wanted(url=" https://Shop.example/help#top ", collection=" Help ", locale="en-GB")
    checked = check_web_source(wanted, resolver=names)
    source = create_web_source(checked=checked, created_by=cleo)
    assert (source.url, source.collection.name, source.locale) == (
        "https://shop.example/help",
        "Help",
        "en-GB",
    )
    assert source.created_by == cleo
    assert source.next_run_at is not None


def test_a_list_is_saved_without_repetition() -> None:
    urls = "https://shop.example/a\r\n\r\n https://shop.example/b https://shop.example/a#x"
    source = create_web_source(
        checked=check_web_source(Wanted(kind="list", urls=urls), resolver=names)
    )
    assert source.urls == "https://shop.example/a\nhttps://shop.example/b"
    assert source.url == ""


def test_without_a_collection_and_a_locale_the_usual_ones_are_taken() -> None:
    checked = check_web_source(Wanted(url="https://shop.example/"), resolver=names)
    assert (checked.collection, checked.locale) == ("Documents", "en")


@pytest.mark.parametrize(
    ("wanted", "field", "words"),
    [
        ({"url": ""}, "url", "https://"),
        ({"url": "shop.example"}, "url", "https://"),
        ({"url": "ftp://shop.example/"}, "url", "https://"),
        ({"url": "https://a:b@shop.example/"}, "url", "login"),
        ({"url": "https://nowhere.example/"}, "url", "nowhere.example"),
        ({"url": "http://inner.example/"}, "url", "private"),
        ({"url": "http://mixed.example/"}, "url", "private"),
        ({"kind": "list", "urls": " \n "}, "urls", "https://"),
        ({"kind": "list", "urls": "https://shop.example/\nhelp"}, "urls", "Line 2"),
        ({"kind": "list", "urls": "https://shop.example/ http://inner.example/"}, "urls", "inner"),
        (
            {
                "kind": "list",
                "urls": "https://shop.example/1 https://shop.example/2",
                "max_pages": 1,
            },
            "max_pages",
            "2",
        ),
        ({"refresh_hours": -1}, "refresh_hours", "0"),
        ({"refresh_hours": 10_000}, "refresh_hours", "8760"),
        ({"max_pages": 0}, "max_pages", "50,000"),
        ({"max_pages": 50_001}, "max_pages", "50,000"),
        ({"locale": "english please"}, "locale", "pt-BR"),
    ],
)
def test_what_cannot_work_is_refused_with_a_sentence(
    wanted: dict[str, object], field: str, words: str
) -> None:
    error = refused(**wanted)
    assert error.field == field
    assert words in str(error)


def test_a_host_that_the_operator_names_may_be_private(settings: Settings) -> None:
    settings.WEB_ALLOWED_PRIVATE_HOSTS = ["inner.example"]
    wanted = Wanted(url="http://inner.example/")
    assert check_web_source(wanted, resolver=names).addresses == ["http://inner.example/"]


def test_the_same_address_is_no_second_source_of_a_collection() -> None:
    wanted = Wanted(url="https://shop.example/help", collection="Help")
    source = create_web_source(checked=check_web_source(wanted, resolver=names))
    assert refused(collection="Help", url="https://shop.example/help#x").field == "url"
    check_web_source(wanted, existing=source, resolver=names)
    other = Wanted(url="https://shop.example/help", collection="Other")
    check_web_source(other, resolver=names)


# -- Changing ------------------------------------------------------------------------------------
def change(source: WebSource, **wanted: object) -> None:
    values = {"url": source.url, "urls": source.urls, "kind": source.kind, **wanted}
    checked = check_web_source(Wanted(**values), existing=source)  # type: ignore[arg-type]
    change_web_source(source=source, checked=checked)


def test_another_audience_goes_for_what_was_read_before_at_once(site: Site) -> None:
    site.write("/a", "<h1>Returns</h1><p>Within 30 days.</p>")
    source = refresh(add_source(url=site.url("/a")))
    change(source, audience="internal")
    version = Document.objects.get().versions.get()
    assert version.audience == Audience.INTERNAL
    assert set(Passage.objects.values_list("audience", flat=True)) == {Audience.INTERNAL}
    refresh(source)
    assert Document.objects.get().versions.count() == 1


def test_what_a_list_no_longer_has_is_retired_at_its_next_run(site: Site) -> None:
    for path in ("/a", "/b"):
        site.write(path, f"<h1>{path}</h1><p>Text</p>")
    urls = [site.url("/a"), site.url("/b")]
    source = refresh(add_source(kind="list", urls="\n".join(urls)))
    assert set(served()) == set(urls)
    change(source, urls=urls[0])
    assert steps() > 0  # it begins at once
    refresh(source)
    assert set(served()) == {urls[0]}


def test_another_interval_moves_the_next_run(site: Site) -> None:
    site.write("/a", "<p>Text</p>")
    source = refresh(add_source(url=site.url("/a")))
    assert source.last_finished_at is not None
    change(source, refresh_hours=2)
    assert source.next_run_at is not None
    assert (source.next_run_at - source.last_finished_at).total_seconds() == 2 * 3600
    change(source, refresh_hours=0)
    assert source.next_run_at is None


# -- Deleting ------------------------------------------------------------------------------------
@pytest.mark.parametrize("retire", [False, True])
def test_a_deleted_source_keeps_its_documents_or_retires_them(site: Site, retire: bool) -> None:
    site.write("/a", "<h1>Returns</h1><p>Within 30 days.</p>")
    source = refresh(add_source(url=site.url("/a")))
    assert delete_web_source(source=source, retire=retire) == 1
    assert not WebSource.objects.exists()
    assert not WebPage.objects.exists()
    assert Document.objects.count() == 1
    assert len(served()) == (0 if retire else 1)
    assert DocumentEvent.objects.filter(action="retired").count() == int(retire)


def test_what_another_source_feeds_stays(site: Site) -> None:
    site.write("/a", "<h1>Returns</h1><p>Within 30 days.</p>")
    source = refresh(add_source(url=site.url("/a")))
    refresh(add_source(kind="list", urls=site.url("/a")))
    delete_web_source(source=source, retire=True)
    assert len(served()) == 1
