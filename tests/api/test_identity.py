"""supportbot.api.identity: who has signed in, said by the company's server and by nobody else."""

from __future__ import annotations

import time
from typing import Any

import jwt
import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from knowledge.models import Audience, DocumentVersion
from supportbot.answers.models import AnswerRun
from supportbot.answers.runner import execute
from supportbot.answers.threads import in_thread
from supportbot.api import visitor_tokens
from tests.answers.asking import told
from tests.api.conftest import as_visitor
from tests.api.sockets import MESSAGE, only, socket_of_token
from tests.conftest import Publish
from tickets.models import AuditEntry, Conversation, Customer
from tickets.services.contact import check_contact, leave_address
from tickets.services.conversations import register_visitor, start_conversation

API = "/api/v1"
SECRET = "a-secret-of-two-servers-and-long-enough"


@pytest.fixture(autouse=True)
def _secret(settings: Settings) -> None:
    settings.IDENTITY_SECRET = SECRET


def signed(secret: str = SECRET, algorithm: str = "HS256", **claims: Any) -> str:
    """What the company's server puts onto the page."""
    return jwt.encode(
        {"sub": "4711", "exp": int(time.time()) + 600, **claims}, secret, algorithm=algorithm
    )


def sign_in(token: str, **body: str) -> Any:
    return APIClient().post(f"{API}/visitors/", {"identity": token, **body})


def test_a_signed_in_customer_may_read_what_is_for_customers(db: None) -> None:
    response = sign_in(signed(name="Ada", email="ada@shop.example"))
    assert response.status_code == 201
    customer = Customer.objects.get()
    assert (customer.external_id, customer.name) == ("4711", "Ada")
    visitor = visitor_tokens.read_token(response.json()["token"])
    assert (visitor.customer_id, visitor.audience) == (customer.pk, Audience.CUSTOMERS)


def test_the_company_says_whose_documents_a_customer_may_read(db: None) -> None:
    token = sign_in(signed(audience="public")).json()["token"]
    assert visitor_tokens.read_token(token).audience == Audience.PUBLIC
    refused = sign_in(signed(audience="internal"))
    assert (refused.status_code, refused.json()["code"]) == (403, "identity_refused")
    assert "public, customers" in refused.json()["detail"]


def test_somebody_without_an_identity_reads_what_is_public(db: None) -> None:
    token = APIClient().post(f"{API}/visitors/").json()["token"]
    assert visitor_tokens.read_token(token).audience == Audience.PUBLIC


@pytest.mark.parametrize(
    "token",
    [
        "nonsense",
        signed("another secret that a browser may think up"),
        signed(exp=int(time.time()) - 3600),
        signed(sub=""),
        signed(sub="x" * 201),
        signed(name=["Ada"]),
        jwt.encode({"sub": "4711", "exp": int(time.time()) + 600}, "", algorithm="none"),
        jwt.encode({"sub": "4711"}, SECRET, algorithm="HS256"),
        jwt.encode({"exp": int(time.time()) + 600}, SECRET, algorithm="HS256"),
    ],
    ids=[
        "nonsense",
        "forged",
        "expired",
        "nobody",
        "long",
        "no text",
        "unsigned",
        "endless",
        "sub",
    ],
)
def test_what_the_company_did_not_sign_is_refused(db: None, token: str) -> None:
    response = sign_in(token)
    assert (response.status_code, response.json()["code"]) == (403, "identity_refused")
    assert response.json()["detail"]
    assert Customer.objects.count() == 0


def test_without_a_secret_nobody_signs_in(db: None, settings: Settings) -> None:
    settings.IDENTITY_SECRET = ""
    assert sign_in(signed()).status_code == 403


def test_signing_out_ends_it(db: None) -> None:
    anonymous = APIClient().post(f"{API}/visitors/").json()
    first = sign_in(signed(), refresh_token=anonymous["refresh_token"]).json()
    assert first["refresh_token"] == ""
    assert first["visitor_id"] != anonymous["visitor_id"]
    # The page without an identity goes on as the visitor that the browser was before.
    body = {"refresh_token": anonymous["refresh_token"]}
    after = APIClient().post(f"{API}/visitors/", body).json()
    assert after["visitor_id"] == anonymous["visitor_id"]
    # Signing in again finds the same customer, from whatever browser.
    assert sign_in(signed()).json()["visitor_id"] == first["visitor_id"]


def test_a_refresh_token_never_speaks_for_a_customer_who_signed_in(db: None) -> None:
    customer = register_visitor()
    stolen = visitor_tokens.issue(customer.pk).refresh_token
    Customer.objects.update(external_id="4711")
    body = {"refresh_token": stolen}
    assert APIClient().post(f"{API}/visitors/", body).json()["visitor_id"] != str(customer.pk)


# -- To retrieval ---------------------------------------------------------------------------------
@pytest.fixture
def trade_terms(publish: Publish) -> DocumentVersion:
    return publish(
        "# Trade accounts\n\nTrade customers return opened coffee beans within 60 days.",
        file_name="trade.md",
        title="Trade accounts",
        audience=Audience.CUSTOMERS,
    )


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("trade_terms")
@pytest.mark.parametrize("reader", [Audience.PUBLIC, Audience.CUSTOMERS])
async def test_the_audience_of_who_asks_reaches_retrieval(reader: Audience) -> None:
    token = await _token_of(reader)
    async with socket_of_token(token) as socket:
        await socket.send(type="hello", after=0)
        await socket.send(**MESSAGE)
        await socket.next()
    run = await only(AnswerRun)
    assert run.reader == reader
    await execute(run.pk)
    found = {passage["title"] for passage in (await told(run.pk)).run.passages}
    assert found == ({"Trade accounts"} if reader == Audience.CUSTOMERS else set())


async def _token_of(reader: Audience) -> str:
    customer = await in_thread(register_visitor)()
    if reader == Audience.PUBLIC:
        return visitor_tokens.issue(customer.pk).token
    return visitor_tokens.issue_signed_in(customer.pk, reader).token


def test_over_rest_too(db: None) -> None:
    client = as_visitor(sign_in(signed()).json()["token"])
    conversation = client.post(f"{API}/conversations/").json()["id"]
    body = {"text": "Can I return beans?", "client_id": "c-1"}
    client.post(f"{API}/conversations/{conversation}/messages/", body)
    assert AnswerRun.objects.get().reader == Audience.CUSTOMERS
    assert Conversation.objects.get().customer.external_id == "4711"


def test_what_a_visitor_said_before_they_signed_in_is_theirs(db: None) -> None:
    before = APIClient().post(f"{API}/visitors/").json()
    visitor = Customer.objects.get()
    conversation = start_conversation(customer=visitor)
    leave_address(conversation=conversation, contact=check_contact(email="ada@example.org"))
    now = sign_in(signed(), refresh_token=before["refresh_token"]).json()
    listed = as_visitor(now["token"]).get(f"{API}/conversations/").json()["results"]
    assert [one["id"] for one in listed] == [str(conversation.pk)]
    assert Customer.objects.get(external_id="4711").contact_email == "ada@example.org"
    assert AuditEntry.objects.filter(action="conversation.claimed").count() == 1
    # Whoever sits at this computer next has nothing of it.
    assert as_visitor(before["token"]).get(f"{API}/conversations/").status_code == 401
    after = APIClient().post(f"{API}/visitors/", {"refresh_token": before["refresh_token"]}).json()
    assert after["visitor_id"] != before["visitor_id"]


def test_a_customers_own_conversations_go_to_nobody_else(db: None) -> None:
    sign_in(signed())
    ada = Customer.objects.get(external_id="4711")
    start_conversation(customer=ada)
    token = visitor_tokens.issue(ada.pk).refresh_token
    sign_in(signed(sub="4712"), refresh_token=token)
    assert ada.conversations.count() == 1


def test_a_secret_is_changed_without_signing_anybody_out(db: None, settings: Settings) -> None:
    new = "the-next-secret-of-two-servers-is-long-too"
    settings.IDENTITY_SECRET = f"{new} {SECRET}"
    assert [sign_in(signed(secret)).status_code for secret in (new, SECRET)] == [201, 201]
    assert sign_in(signed("of-nobody-whom-these-servers-know-at-all")).status_code == 403
    assert "expired" in sign_in(signed(exp=1)).json()["detail"]
    settings.IDENTITY_SECRET = new
    assert sign_in(signed()).status_code == 403


def test_an_identity_counts_for_a_day_at_most(db: None, settings: Settings) -> None:
    now, day = int(time.time()), 24 * 3600
    assert sign_in(signed(exp=now + day, iat=now)).status_code == 201
    for token in (signed(exp=now + 10 * day), signed(iat=now - 2 * day)):
        refused = sign_in(token)
        assert (refused.status_code, refused.json()["code"]) == (403, "identity_refused")
    settings.IDENTITY_HOURS = 240
    assert sign_in(signed(exp=now + 10 * day, iat=now - 2 * day)).status_code == 201
