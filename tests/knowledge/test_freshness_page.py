"""The page “Freshness” in the admin: the last check, the next one, and what is wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from knowledge.models import DocumentVersion, FreshnessCheck, Passage
from knowledge.services.lifecycle.freshness import record_check

Browser = Callable[[User], Client]
PAGE = "/admin/knowledge/freshnesscheck/"
FRESH = "Everything served is in effect, and everything in effect is served whole"


def text_of(client: Client) -> str:
    response = client.get(PAGE)
    assert response.status_code == 200
    return response.content.decode()


def test_before_the_first_check_it_says_so(cleo: User, browser_of: Browser) -> None:
    text = text_of(browser_of(cleo))
    assert "Freshness has not been checked yet" in text
    assert FRESH not in text


def test_it_is_checked_at_the_press_of_a_button(
    cleo: User, browser_of: Browser, returns_policy: DocumentVersion
) -> None:
    browser = browser_of(cleo)
    response = browser.post(f"{PAGE}check/", follow=True)
    text = response.content.decode()
    assert FRESH in text
    passages = returns_policy.passages.count()
    assert f"<dt>Passages served</dt><dd>{passages}</dd>" in text
    assert FreshnessCheck.objects.count() == 1


def test_what_is_wrong_leads_to_the_version(
    cleo: User, browser_of: Browser, returns_policy: DocumentVersion
) -> None:
    record_check()
    Passage.objects.update(audience="internal")
    record_check()
    text = text_of(browser_of(cleo))
    assert "Something stale is served" in text
    assert "“Returns policy”, version 1: " in text
    assert f"/admin/knowledge/document/{returns_policy.document_id}/change/?version=1" in text
    assert "--repair" in text
    ids = returns_policy.passages.order_by("position").values_list("pk", flat=True)
    assert ", ".join(map(str, ids)) in text
    assert "<td>fresh</td>" in text  # the earlier one


def test_only_who_may_see_it_sees_and_checks(
    ben: User, eve: User, cleo: User, browser_of: Browser
) -> None:
    for user, status in ((ben, 403), (eve, 302)):
        assert browser_of(user).get(PAGE).status_code == status
        assert browser_of(user).post(f"{PAGE}check/").status_code == status
    assert browser_of(cleo).get(f"{PAGE}check/").status_code == 405
    assert FreshnessCheck.objects.count() == 0


@pytest.mark.parametrize("page", ["add/", "1/delete/"])
def test_a_result_is_not_made_or_removed_by_hand(
    cleo: User, browser_of: Browser, returns_policy: DocumentVersion, page: str
) -> None:
    record_check()
    assert browser_of(cleo).get(f"{PAGE}{page}").status_code in {302, 403}
    assert browser_of(cleo).post(f"{PAGE}{page}", {"post": "yes"}).status_code in {302, 403}
    assert FreshnessCheck.objects.count() == 1
