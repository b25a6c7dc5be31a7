"""Help articles: what a visitor may list, search and read, and nothing else."""

from __future__ import annotations

import datetime as dt
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from knowledge.models import Audience, DocumentVersion
from supportbot.api import visitor_tokens
from supportbot.widget.models import Site
from tests.api.conftest import as_visitor
from tests.conftest import Publish
from tickets.models import Customer

HELP = "/api/v1/help/"
STAFF = "# Returns desk\n\n## Exceptions\n\nAgents may refund opened coffee beans once a year."


@pytest.fixture
def documents(returns_policy: DocumentVersion, publish: Publish) -> list[int]:
    """One for everybody, one for staff, and one that comes into effect next week."""
    later = timezone.localdate() + dt.timedelta(days=7)
    staff = publish(STAFF, file_name="staff.md", title="For staff", audience=Audience.INTERNAL)
    future = publish(STAFF, file_name="later.md", title="Later", effective_from=later)
    return [one.document_id for one in (returns_policy, staff, future)]


def test_a_visitor_lists_searches_and_reads_what_is_for_everybody_today(
    documents: list[int], visitor_api: APIClient
) -> None:
    returns, *others = documents
    listed = visitor_api.get(HELP).json()["articles"]
    assert listed == [{"id": str(returns), "title": "Returns policy"}]
    found = visitor_api.get(HELP, {"q": "can I return opened coffee beans"}).json()["results"]
    assert {one["id"] for one in found} == {str(returns)}
    assert found[0]["section"] == "What cannot be returned"
    assert found[0]["snippet"].startswith("Opened coffee beans cannot be returned")
    article = visitor_api.get(f"{HELP}{returns}/").json()
    assert article["title"] == "Returns policy"
    headings = [(one["heading"], one["level"]) for one in article["sections"]]
    assert headings == [("Time limits", 2), ("What cannot be returned", 2), ("Refunds", 2)]
    assert article["sections"][2]["text"].startswith("We refund the price")
    assert [visitor_api.get(f"{HELP}{one}/").status_code for one in others] == [404, 404]


def test_a_customer_who_has_signed_in_reads_what_is_for_customers(publish: Publish) -> None:
    version = publish(STAFF, title="For customers", audience=Audience.CUSTOMERS)
    ada = Customer.objects.create(name="Ada", external_id="ada-1")
    signed_in = as_visitor(visitor_tokens.issue_signed_in(ada.pk, Audience.CUSTOMERS).token)
    stranger = as_visitor(visitor_tokens.issue(Customer.objects.create().pk).token)
    answers = [one.get(f"{HELP}{version.document_id}/") for one in (signed_in, stranger)]
    assert [one.status_code for one in answers] == [200, 404]
    assert stranger.get(HELP).json() == {"articles": []}


def test_strangers_and_odd_requests_are_refused_or_find_nothing(visitor_api: APIClient) -> None:
    assert APIClient().get(HELP).status_code == 401
    assert visitor_api.get(f"{HELP}{10**30}/").status_code == 404
    assert visitor_api.get(HELP, {"q": "\x00" * 9 + "?" * 9000}).json() == {"results": []}


def test_a_site_may_do_without(client: Client, db: None) -> None:
    site = Site.objects.create(pk=uuid4(), name="The shop", has_help=False, follow_ups=False)
    attributes = client.get(f"/api/v1/sites/{site.pk}/").json()["attributes"]
    assert attributes == {"help": "off", "follow-ups": "off"}
