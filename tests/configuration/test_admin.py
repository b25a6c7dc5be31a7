"""The configuration's pages: a draft is edited, published, compared, tried and rolled back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from supportbot.configuration.current import current, current_content
from supportbot.configuration.models import AnswerConfiguration
from supportbot.llm.presets import presets
from supportbot.llm.routes import ModelRoute
from tests.configuration.publishing import put_in_effect
from tests.llm.fixtures import forget_health, route_to
from tests.llm.scenarios import listing, normal, status
from tests.openai_server import MODEL, ModelServer, run_server
from tickets.models import AuditEntry

pytestmark = pytest.mark.django_db(transaction=True)
LIST = "/admin/configuration/answerconfiguration/"


@pytest.fixture
def server() -> Iterator[ModelServer]:
    forget_health()
    with run_server() as running:
        yield running


def begin(page: Client) -> str:
    """A new draft; its address."""
    response = page.post(f"{LIST}begin/")
    assert response.status_code == 302
    return str(response["Location"])


def fields_of(page: Client, address: str) -> dict[str, Any]:
    """What a browser would send if nothing was changed."""
    context = page.get(address).context
    form, routes = context["form"], context["routes"]
    sent: dict[str, Any] = {}
    for one in [form, routes.management_form, *routes.forms]:
        for bound in one:
            value = bound.value()
            if value is not None and value is not False and value != []:
                sent[bound.html_name] = value
    return sent


def test_a_change_is_drafted_published_and_rolled_back(page: Client) -> None:
    first = put_in_effect(answerability_min=0.5)
    address = begin(page)
    fields = {**fields_of(page, address), "answerability_min": "0.6", "note": "Stricter"}
    assert page.post(address, fields).status_code == 302
    assert current_content().answerability_min == 0.5  # a draft decides nothing
    shown = page.get(address).content.decode()
    assert "<td>0.5</td><td>0.6</td>" in shown
    page.post(address, {**fields, "publish": "1"})
    assert current_content().answerability_min == 0.6
    listed = page.get(LIST).content.decode()
    assert "Stricter" in listed
    page.post(f"{LIST}{first.pk}/roll-back/")
    assert current().id == first.pk
    entry = AuditEntry.objects.get(action="configuration.rolled_back")
    assert entry.actor_name == "olga"


def test_what_was_not_changed_stays_as_it_is(page: Client) -> None:
    routes = (
        ModelRoute(name="one", model="m", base_url="http://localhost:1/v1", temperature=None),
        presets()["claude-large"].route,
    )
    topics = [{"words": ["warranty", "guarantee"], "route": "person"}]
    version = put_in_effect(
        routes=routes, topics=topics, budgets={"day": "2.50"}, mode="draft", rewrite_questions=True
    )
    address = begin(page)
    page.post(address, fields_of(page, address))
    draft = AnswerConfiguration.objects.get(is_draft=True)
    assert draft.parsed == version.parsed
    assert draft.sha256 == version.sha256
    assert "Nothing." in page.get(address).content.decode()


@pytest.mark.parametrize("key", presets())
def test_a_route_is_added_from_a_preset_and_removed(key: str, page: Client) -> None:
    put_in_effect()
    address = begin(page)
    for _ in range(2):
        page.post(address, {**fields_of(page, address), "add": key})
    draft = AnswerConfiguration.objects.get(is_draft=True)
    assert [route.name for route in draft.parsed.routes] == [key, f"{key}-2"]
    page.post(address, {**fields_of(page, address), "routes-0-DELETE": "on"})
    draft.refresh_from_db()
    assert [route["name"] for route in draft.content["routes"]] == [f"{key}-2"]


def test_the_order_of_routes_is_that_of_their_numbers(page: Client) -> None:
    routes = tuple(
        ModelRoute(name=name, model="m", base_url="http://localhost:1/v1") for name in "abc"
    )
    put_in_effect(routes=routes)
    address = begin(page)
    page.post(
        address, {**fields_of(page, address), "routes-2-position": "1", "routes-0-position": "3"}
    )
    draft = AnswerConfiguration.objects.get(is_draft=True)
    assert [route.name for route in draft.parsed.routes] == ["c", "b", "a"]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"answerability_min": "2"}, "less than or equal to 1"),
        ({"topics": "warranty person"}, "is no rule"),
        ({"currency": "dollars"}, "Enter a valid value"),
        ({"prompt_answer": "Be nice."}, "has no name"),
        ({"routes-0-key": "sk-live-123"}, "Name an environment variable"),
        ({"routes-0-name": "extractive"}, "route of its own"),
        ({"routes-0-name": "Big One"}, "Use small letters"),
        ({"routes-0-price_in": "-1"}, "greater than or equal to 0"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_saved(
    changed: dict[str, str], words: str, page: Client
) -> None:
    route = ModelRoute(name="one", model="m", base_url="http://localhost:1/v1")
    put_in_effect(routes=(route,))
    address = begin(page)
    before = AnswerConfiguration.objects.get(is_draft=True).content
    response = page.post(address, {**fields_of(page, address), **changed, "publish": "1"})
    assert response.status_code == 200
    assert words in response.content.decode()
    assert "Nothing was saved" in response.content.decode()
    assert AnswerConfiguration.objects.get(is_draft=True).content == before


def test_an_edited_prompt_is_part_of_the_version_and_shown_as_a_difference(page: Client) -> None:
    put_in_effect()
    address = begin(page)
    fields = fields_of(page, address)
    fields["prompt_answer"] = fields["prompt_answer"].replace("five plain", "three plain")
    page.post(address, fields)
    draft = AnswerConfiguration.objects.get(is_draft=True)
    assert set(draft.parsed.prompts) == {"answer"}
    assert "three plain" in draft.parsed.prompts["answer"]
    assert "<ins>" in page.get(address).content.decode()


def test_the_page_says_that_the_environment_decides_until_something_is_published(
    page: Client,
) -> None:
    assert "environment variables decide" in page.get(LIST).content.decode()
    put_in_effect()
    assert "have no effect while a published version" in page.get(LIST).content.decode()
    page.post(f"{LIST}environment/")
    assert "environment variables decide" in page.get(LIST).content.decode()


def test_routes_are_tried_for_real_and_what_is_wrong_is_said(
    page: Client, server: ModelServer
) -> None:
    put_in_effect(routes=(route_to(server, "works", key=""),))
    server.says(listing(MODEL), normal("ready"))
    shown = page.post(f"{LIST}try/").content.decode()
    assert "works" in shown
    assert "812 in, 34 out" in shown
    server.requests.clear()
    server.says(listing("another"), status(404)(""))
    shown = page.post(f"{LIST}try/").content.decode()
    assert "it names another" in shown
    assert "The server knows no such model" in shown


def test_a_draft_that_is_gone_is_said(page: Client) -> None:
    put_in_effect()
    address = begin(page)
    fields = fields_of(page, address)
    pk = AnswerConfiguration.objects.get(is_draft=True).pk
    page.post(f"{LIST}{pk}/publish/")
    response = page.post(f"{LIST}{pk}/drop/", follow=True)
    assert "published or dropped this draft meanwhile" in response.content.decode()
    assert page.post(address, fields).status_code == 200  # a published version is only shown
    assert page.get(f"{LIST}999999/change/").status_code == 302


VIEWS = ["begin/", "environment/", "try/", "1/drop/", "1/publish/", "1/roll-back/"]


@pytest.mark.parametrize("view", VIEWS)
def test_outsiders_and_lookers_may_change_nothing(
    view: str, ben: User, eve: User, browser_of: Callable[[User], Client]
) -> None:
    put_in_effect()
    assert browser_of(ben).post(f"{LIST}{view}").status_code == 403
    assert browser_of(eve).post(f"{LIST}{view}").status_code == 302
    assert Client().post(f"{LIST}{view}").status_code == 302
    assert not AnswerConfiguration.objects.filter(is_draft=True).exists()


def test_who_may_only_edit_cannot_publish(page: Client, olga: User) -> None:
    put_in_effect()
    olga.user_permissions.remove(Permission.objects.get(codename="publish_answerconfiguration"))
    address = begin(page)
    assert "Save and publish" not in page.get(address).content.decode()
    assert page.post(address, {**fields_of(page, address), "publish": "1"}).status_code == 403
    assert AnswerConfiguration.objects.filter(is_draft=True).exists()


def test_looking_changes_nothing(page: Client) -> None:
    put_in_effect()
    for view in VIEWS:
        assert page.get(f"{LIST}{view}").status_code == 405
    assert reverse("admin:configuration_answerconfiguration_changelist") == LIST
