"""Agents see the triage of a message and correct its intent; intents are edited in the admin."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from supportbot.triage.find import Triage, triage
from supportbot.triage.models import Intent, IntentExample, MessageTriage
from supportbot.triage.services import course_of, store_triage
from tickets.models import AuditEntry, Conversation, Customer, Message
from tickets.services.conversations import start_conversation
from tickets.services.messages import add_customer_message
from tickets.services.tickets import ensure_ticket

Browser = Callable[[User], Client]
TEXT = "My gadget hums in an odd way"
FOUND = Triage("product_question", 0.6, -0.8, 1.0, ("complaint", "legal_threat"), "en")

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("intents")]


@pytest.fixture
def conversation(ada: Customer) -> Conversation:
    return start_conversation(customer=ada)


@pytest.fixture
def message(conversation: Conversation) -> Message:
    message, _ = add_customer_message(conversation=conversation, text=TEXT, client_id="1")
    store_triage(message_id=message.pk, found=FOUND)
    return message


def page_of(client: Client, conversation: Conversation) -> str:
    url = reverse("admin:tickets_conversation_change", args=[conversation.pk])
    return client.get(url).content.decode()


def correct(client: Client, message: Message, intent: str, **more: str) -> str:
    url = reverse("admin:triage_correct", args=[message.pk])
    answer = client.post(url, {"intent": intent, **more})
    return str(answer.headers.get("Location", answer.status_code))


def test_an_agent_sees_intent_mood_urgency_and_topics(
    ben: User, browser_of: Browser, message: Message
) -> None:
    page = page_of(browser_of(ben), message.conversation)
    for words in ("Intent: product question", "unhappy", "urgent", "complaint", "legal threat"):
        assert words in page


def test_messages_without_triage_are_shown_as_ever(
    ben: User, browser_of: Browser, conversation: Conversation
) -> None:
    add_customer_message(conversation=conversation, text=TEXT, client_id="1")
    page = page_of(browser_of(ben), conversation)
    assert TEXT in page
    assert "Intent" not in page


def test_a_page_with_many_messages_asks_no_more_of_the_database(
    ben: User, browser_of: Browser, message: Message
) -> None:
    browser = browser_of(ben)
    page_of(browser, message.conversation)
    with CaptureQueriesContext(connection) as one:
        page_of(browser, message.conversation)
    for number in range(2, 8):
        another, _ = add_customer_message(
            conversation=message.conversation, text=TEXT, client_id=str(number)
        )
        store_triage(message_id=another.pk, found=FOUND)
    with CaptureQueriesContext(connection) as many:
        page_of(browser, message.conversation)
    assert len(many) <= len(one) + 1  # what is new was not read before: it is marked as seen


def test_a_correction_is_an_example_from_then_on_and_audited(
    ben: User,
    browser_of: Browser,
    message: Message,
    django_capture_on_commit_callbacks: Callable[..., object],
) -> None:
    assert triage(TEXT).probability < 1
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        assert correct(browser_of(ben), message, "warranty").endswith(f"#message-{message.pk}")
    row = MessageTriage.objects.get()
    assert (row.known_intent, row.intent, row.corrected_by) == (
        "warranty",
        "product_question",
        ben,
    )
    example = IntentExample.objects.get(text=TEXT)
    assert (example.intent.name, example.source) == ("warranty", "correction")
    assert triage(TEXT).intent == "warranty"
    entry = AuditEntry.objects.get(action="triage.corrected")
    assert (entry.actor_name, entry.data) == (
        "ben",
        {"was": "product_question", "now": "warranty"},
    )
    assert "Intent: warranty (corrected)" in page_of(browser_of(ben), message.conversation)


def test_what_is_found_again_leaves_a_correction(
    ben: User, browser_of: Browser, message: Message
) -> None:
    correct(browser_of(ben), message, "warranty")
    store_triage(message_id=message.pk, found=Triage("refund", 0.9))
    row = MessageTriage.objects.get()
    assert (row.intent, row.known_intent) == ("refund", "warranty")


def test_a_second_correction_takes_the_place_of_the_first(
    ben: User, browser_of: Browser, message: Message
) -> None:
    for intent in ("warranty", "invoice"):
        correct(browser_of(ben), message, intent)
    assert IntentExample.objects.get(text=TEXT).intent.name == "invoice"


def test_from_a_tickets_page_an_agent_comes_back_to_it(
    ben: User, browser_of: Browser, message: Message
) -> None:
    ticket = ensure_ticket(conversation=message.conversation)
    url = reverse("desk:ticket", args=[ticket.pk])
    assert "Intent: product question" in browser_of(ben).get(url).content.decode()
    assert correct(browser_of(ben), message, "refund", next=url).startswith(url)
    away = correct(browser_of(ben), message, "refund", next="https://evil.example/")
    assert away.startswith("/admin/tickets/conversation/")


def test_an_unknown_intent_is_refused(ben: User, browser_of: Browser, message: Message) -> None:
    correct(browser_of(ben), message, "world_peace")
    assert MessageTriage.objects.get().corrected_to == ""
    assert not AuditEntry.objects.filter(action="triage.corrected").exists()


def test_outsiders_correct_nothing(
    eve: User, cleo: User, browser_of: Browser, message: Message
) -> None:
    assert "login" in correct(browser_of(eve), message, "refund")
    assert correct(browser_of(cleo), message, "refund") == "403"
    assert MessageTriage.objects.get().corrected_to == ""


def test_who_may_only_look_sees_no_button(eve: User, browser_of: Browser, message: Message) -> None:
    eve.is_staff = True
    eve.save()
    eve.user_permissions.add(Permission.objects.get(codename="view_conversation"))
    page = page_of(browser_of(eve), message.conversation)
    assert "Intent: product question" in page
    assert "Correct the intent" not in page
    assert correct(browser_of(eve), message, "refund") == "403"


def test_a_message_that_is_deleted_takes_its_example_along(
    ben: User, browser_of: Browser, message: Message
) -> None:
    correct(browser_of(ben), message, "warranty")
    message.delete()
    assert not IntentExample.objects.filter(text=TEXT).exists()
    assert not MessageTriage.objects.exists()


def test_the_course_is_of_the_conversations_own_messages(
    message: Message, conversation: Conversation
) -> None:
    another, _ = add_customer_message(conversation=conversation, text="ok", client_id="2")
    store_triage(message_id=another.pk, found=Triage(sentiment=0.2))
    mood, change = course_of(conversation.pk)
    assert (round(mood, 2), round(change, 2)) == (0.2, 1.0)


# -- intents --------------------------------------------------------------------------------------
@pytest.fixture
def editor(cleo: User, browser_of: Browser) -> Client:
    cleo.user_permissions.add(*Permission.objects.filter(content_type__app_label="triage"))
    return browser_of(cleo)


def form_of(texts: list[str], **fields: str) -> dict[str, str]:
    rows = {f"examples-{number}-text": text for number, text in enumerate(texts)}
    management = {"examples-TOTAL_FORMS": str(len(texts)), "examples-INITIAL_FORMS": "0"}
    return {**fields, **rows, **management}


def test_a_new_intent_is_found_at_once(editor: Client) -> None:
    assert triage("do you offer gift wrapping for this").intent != "gift_wrap"
    texts = [
        "Can you gift wrap it?",
        "Do you offer gift wrapping?",
        "Please wrap it as a present",
        "gift wrap available?",
    ]
    form = form_of(texts, name="gift_wrap", about="To have it wrapped", is_on="on")
    assert editor.post(reverse("admin:triage_intent_add"), form).status_code == 302
    assert triage("do you offer gift wrapping for this").intent == "gift_wrap"
    assert IntentExample.objects.get(text=texts[0]).source == "staff"


def test_a_name_that_no_rule_could_write_is_refused(editor: Client) -> None:
    form = form_of([], name="Gift wrap!", about="To have it wrapped", is_on="on")
    page = editor.post(reverse("admin:triage_intent_add"), form)
    assert page.status_code == 200
    assert "lower-case letters" in page.content.decode()


def test_the_list_says_which_intent_needs_more_examples(editor: Client) -> None:
    Intent.objects.create(name="gift_wrap", about="To have it wrapped")
    page = editor.get(reverse("admin:triage_intent_changelist")).content.decode()
    assert "0 (add more: ten or so are needed)" in page
    assert ">Gift wrap</a>" in page


def test_other_is_not_deleted(editor: Client) -> None:
    other = Intent.objects.get(name="other")
    url = reverse("admin:triage_intent_delete", args=[other.pk])
    assert editor.post(url, {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("name", ["triage_intent", "triage_intentexample"])
def test_outsiders_see_no_intents(eve: User, browser_of: Browser, name: str) -> None:
    url = reverse(f"admin:{name}_changelist")
    assert browser_of(eve).get(url).status_code == 302
    eve.is_staff = True
    eve.save()
    assert browser_of(eve).get(url).status_code == 403
