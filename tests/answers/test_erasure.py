"""Erasing a customer: nothing they said is left in any table, and the audit log is whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from knowledge.models import CuratedAnswer, CuratedQuestion, DocumentVersion
from supportbot.answers.models import AnswerRun, CachedAnswer, Spending
from supportbot.triage.models import Intent, IntentExample
from tests.answers.asking import answered
from tickets.models import AuditEntry, Conversation, Customer, Message
from tickets.services import audit
from tickets.services.audit_chain import verify_chain
from tickets.services.conversations import start_conversation
from tickets.services.drafts import create_draft
from tickets.services.erasure import erase_customer
from tickets.services.memory import remember
from tickets.services.messages import give_feedback
from tickets.services.notes import add_note

pytestmark = pytest.mark.django_db(transaction=True)
NAME, EMAIL = "Zebulon Quarterstaff", "zebulon@quarterstaff.example"
MARKS = ("Zebulon", "Quarterstaff", "quarterstaff.example", "ZQ-4711", "Wobblecombe", "zebu")
QUESTION = "Can I return opened coffee beans, order ZQ-4711, sent to Wobblecombe?"


def tables_with(mark: str) -> list[str]:
    """Every table of the database in which a row holds the text, whatever the case."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            quoted = connection.ops.quote_name(table)
            cursor.execute(
                f"SELECT EXISTS (SELECT FROM {quoted} t WHERE t::text ILIKE %s)",  # noqa: S608
                [f"%{mark}%"],
            )
            if cursor.fetchone()[0]:
                found.append(table)
    return found


@pytest.fixture
def zebulon(ben: User, returns_policy: DocumentVersion, settings: Settings) -> Customer:
    """A customer who has left something in every table that holds what customers say."""
    settings.ANSWER_CACHE = "all"
    customer = Customer.objects.create(name=NAME, email=EMAIL, external_id="zebu-1")
    conversation = start_conversation(customer=customer)
    told: Any = async_to_sync(answered)(conversation, QUESTION)
    question = Message.objects.get(author="customer")
    answer = Message.objects.get(author="bot")
    give_feedback(message=answer, value="down", comment="Zebulon is not amused")
    remember(message=question, facts=[("order_number", "ZQ-4711")])  # type: ignore[list-item]
    run = AnswerRun.objects.get(pk=told.run.pk)
    run.model_calls.create(
        operation="answer", route="small", model="m", messages=[{"content": QUESTION}], text=NAME
    )
    run.fired_rules.create(rule="r", stage="check", outcome="block", severity="low", text=NAME)
    draft = create_draft(
        question=question,
        run_id=told.run.conversation_key,
        text=f"Dear {NAME}",
        sentences=[{"text": NAME, "citations": []}],
        passages=[],
    )
    assert draft is not None
    add_note(ticket=draft.ticket, author=ben, text=f"{NAME} lives in Wobblecombe")
    curated = CuratedAnswer.objects.create(text="Beans cannot be returned.", from_run=run.pk)
    CuratedQuestion.objects.create(answer=curated, text=QUESTION)
    intent = Intent.objects.create(name="zz_return", about="returns")
    IntentExample.objects.create(intent=intent, text=QUESTION, message=question)
    audit.record(
        action="conversation.handed_over", target=conversation, reason=f"{NAME} asked for a person"
    )
    Spending.objects.create(scope="visitor", key=f"{customer.pk} 2026-11-28", currency="USD")
    return customer


def test_nothing_of_the_customer_is_left_in_the_database(zebulon: Customer, ben: User) -> None:
    held = {table for mark in MARKS for table in tables_with(mark)}
    assert len(held) >= 12, held  # or the test would prove little
    pk = zebulon.pk
    erase_customer(customer=zebulon, agent=ben, confirmation=NAME, reason="asked by letter")
    assert {table for mark in MARKS for table in tables_with(mark)} == set()
    assert {table for table in tables_with(str(pk)) if "audit" not in table} == set()


def test_the_audit_log_is_whole_and_tells_of_the_erasure(zebulon: Customer, ben: User) -> None:
    before = AuditEntry.objects.count()
    pk = str(zebulon.pk)
    counts = erase_customer(customer=zebulon, agent=ben, confirmation=NAME, reason="by letter")
    erasure = AuditEntry.objects.get(action="customer.erased")
    assert (erasure.actor, erasure.object_id) == (ben, pk)
    assert (erasure.data["reason"], erasure.data["rows"]) == ("by letter", counts)
    assert counts["tickets.Message"] >= 2
    verdict = verify_chain()
    assert verdict.problem == ""
    assert verdict.entries == AuditEntry.objects.count() >= before + 1
    assert verdict.erased == len(erasure.data["entries"])
    assert {entry.action for entry in AuditEntry.objects.filter(data={})} >= {
        "conversation.handed_over"
    }


def test_another_customers_words_stay(zebulon: Customer, ben: User, ada: Customer) -> None:
    async_to_sync(answered)(start_conversation(customer=ada), "How long may I take to return it?")
    audit.record(action="customer.signed_out", target=ada, reason="kept")
    erase_customer(customer=zebulon, agent=ben, confirmation=NAME)
    assert list(Customer.objects.all()) == [ada]
    assert Conversation.objects.get().messages.count() == 2
    assert CachedAnswer.objects.get().question == "How long may I take to return it?"
    assert AuditEntry.objects.get(object_id=str(ada.pk)).data == {"reason": "kept"}


def test_the_name_must_be_typed(zebulon: Customer, ben: User) -> None:
    with pytest.raises(ValueError, match=f"type the name exactly: {NAME}"):
        erase_customer(customer=zebulon, agent=ben, confirmation="Zebulon")
    assert Customer.objects.filter(pk=zebulon.pk).exists()
    assert not AuditEntry.objects.filter(action="customer.erased").exists()


def test_the_admin_asks_for_the_name_and_erases(
    zebulon: Customer, ben: User, browser_of: Callable[[User], Client]
) -> None:
    browser = browser_of(ben)
    url = reverse("admin:tickets_customer_erase", args=[zebulon.pk])
    page = browser.get(reverse("admin:tickets_customer_change", args=[zebulon.pk]))
    assert url in page.content.decode()
    assert f"<strong>{NAME}</strong>" in browser.get(url).content.decode()
    refused = browser.post(url, {"name": "somebody else"})
    assert (refused.status_code, Customer.objects.count()) == (400, 1)
    assert "type the name exactly" in refused.content.decode()
    assert browser.post(url, {"name": NAME}).status_code == 302
    assert not Customer.objects.exists()
    assert browser.get(url).status_code == 404


def test_who_may_not_erase_is_refused(
    zebulon: Customer, ben: User, browser_of: Callable[[User], Client]
) -> None:
    ben.user_permissions.remove(Permission.objects.get(codename="delete_customer"))
    browser = browser_of(ben)
    url = reverse("admin:tickets_customer_erase", args=[zebulon.pk])
    assert browser.post(url, {"name": NAME}).status_code == 403
    page = browser.get(reverse("admin:tickets_customer_change", args=[zebulon.pk]))
    assert url not in page.content.decode()
    assert Customer.objects.exists()
