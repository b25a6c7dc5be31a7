"""supportbot.learning: unanswered questions, grouped by meaning, and what editors do with them."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from knowledge.models import CuratedAnswer, Document, DocumentVersion
from supportbot.answers.models import AnswerRun
from supportbot.learning.groups import draft_of, groups_for
from supportbot.learning.models import QuestionGroup, UnansweredQuestion
from supportbot.learning.tasks import close_answered_questions, group_questions
from tests.conftest import Publish, process_waiting
from tests.learning.conftest import unanswered
from tests.tickets.cast import actions_on
from tickets.models import Team
from tickets.services.handover import request_person

pytestmark = pytest.mark.django_db

LIST = reverse("admin:learning_questiongroup_changelist")
TEA = ("Do you sell tea?", "do you have tea for sale", "Can I buy tea from you?")
COURIER = "Which courier do you use?"


def do(browser: Client, group: QuestionGroup, verb: str) -> Any:
    return browser.post(reverse("admin:learning_questiongroup_do", args=[group.pk, verb]))


def page_of(group: QuestionGroup) -> str:
    return reverse("admin:learning_questiongroup_change", args=[group.pk])


@pytest.fixture
def tea() -> QuestionGroup:
    for days_ago, text in zip((10, 2, 1), TEA, strict=True):
        unanswered(text, days_ago=days_ago)
    unanswered(COURIER)
    group_questions()
    return UnansweredQuestion.objects.get(text=TEA[0]).group


def test_questions_of_one_meaning_are_one_group_with_a_trend(
    tea: QuestionGroup, content_editor: User
) -> None:
    assert set(tea.questions.values_list("text", flat=True)) == set(TEA)
    found: Any = groups_for(content_editor).get(pk=tea.pk)
    assert (found.words, found.asked, found.this_week, found.last_week) == (TEA[0], 3, 2, 1)
    assert QuestionGroup.objects.count() == 2


def test_a_beat_with_nothing_new_is_one_query(tea: QuestionGroup) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        group_questions()
    assert len(queries) == 1


def test_small_talk_and_answers_are_left_out_and_personal_data_is_masked(db: None) -> None:
    for change in ({"outcome": "answered"}, {"route": "manners"}, {"delivery": "compared"}):
        AnswerRun.objects.filter(pk=unanswered("Do you sell tea?").pk).update(**change)
    unanswered("Do you know ada@example.com?")
    group_questions()
    assert UnansweredQuestion.objects.get().text == "Do you know <EMAIL>?"


def test_the_list_and_the_page_show_the_group(tea: QuestionGroup, pages: Client) -> None:
    page = pages.get(LIST).content.decode()
    assert TEA[0] in page and COURIER in page and "(more)" in page
    page = pages.get(page_of(tea)).content.decode()
    assert all(text in page for text in TEA)
    assert "Begin a draft document" in page


def test_an_empty_list_says_so(pages: Client) -> None:
    assert "every question had an answer" in pages.get(LIST).content.decode()


def test_a_private_teams_questions_are_neither_shown_nor_counted(
    tea: QuestionGroup, pages: Client
) -> None:
    team = Team.objects.create(name="Legal", is_private=True)
    for one in tea.questions.all():
        assert one.run.conversation is not None
        ticket = request_person(conversation=one.run.conversation)
        ticket.team = team
        ticket.save(update_fields=["team"])
    page = pages.get(LIST).content.decode()
    assert "tea" not in page.casefold().replace("team", "") and COURIER in page
    assert pages.get(page_of(tea))["Location"] == "/admin/"  # as for a group that is not there
    assert do(pages, tea, "dismiss").status_code == 404


def test_a_draft_document_begins_with_the_questions_and_serves_nobody(
    tea: QuestionGroup, pages: Client
) -> None:
    assert do(pages, tea, "document").status_code == 302
    do(pages, tea, "document")
    process_waiting()
    version = DocumentVersion.objects.get()
    assert version.state == DocumentVersion.State.DRAFT
    assert version.status == DocumentVersion.Status.READY
    assert all(f"## {text}" in version.markdown for text in TEA)
    tea.refresh_from_db()
    assert tea.document == Document.objects.get()
    assert actions_on(tea) == ["questions.document_begun"]
    assert pages.get(page_of(tea)).status_code == 200


def test_what_stands_in_a_question_is_no_markup() -> None:
    assert draft_of(["# a\n<b>*c*"]) == "## \\# a \\<b\\>\\*c\\*\n"


def test_a_curated_answer_begins_with_the_questions(tea: QuestionGroup, pages: Client) -> None:
    response = do(pages, tea, "curated")
    answer = CuratedAnswer.objects.get()
    assert {one.text for one in answer.questions.all()} <= set(TEA)
    assert (answer.text, answer.is_on) == ("", False)
    assert pages.get(response["Location"]).status_code == 200
    assert "Not written yet" in pages.get("/admin/knowledge/curatedanswer/").content.decode()


def test_dismissed_questions_can_be_put_back(tea: QuestionGroup, pages: Client) -> None:
    do(pages, tea, "dismiss")
    assert TEA[0] not in pages.get(LIST).content.decode()
    assert TEA[0] in pages.get(f"{LIST}?state=dismissed").content.decode()
    do(pages, tea, "reopen")
    assert TEA[0] in pages.get(LIST).content.decode()
    assert set(actions_on(tea)) == {"questions.dismissed", "questions.reopened"}


def test_who_only_looks_changes_nothing(tea: QuestionGroup, eve: User, browser_of: Any) -> None:
    eve.is_staff = True
    eve.save()
    assert browser_of(eve).get(LIST).status_code == 403
    eve.user_permissions.add(Permission.objects.get(codename="view_questiongroup"))
    browser = browser_of(User.objects.get(pk=eve.pk))
    assert "Dismiss" not in browser.get(page_of(tea)).content.decode()
    for verb in ("dismiss", "document", "curated", "ask-again", "reopen"):
        assert do(browser, tea, verb).status_code == 403
    assert do(browser, tea, "burn").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_a_group_closes_once_the_documents_answer_and_opens_again(
    pages: Client, publish: Publish
) -> None:
    unanswered("How long do I have to return unopened goods?")
    group_questions()
    group = QuestionGroup.objects.get()
    assert "Still no answer." in do(pages, group, "ask-again").content.decode()
    publish("# Returns\n\nYou can return unopened goods within 30 days of delivery.\n")
    assert "within 30 days of delivery" in do(pages, group, "ask-again").content.decode()
    group.refresh_from_db()
    assert group.status == QuestionGroup.Status.ANSWERED
    unanswered("How long do I have to return goods I did not open?")
    group_questions()
    group.refresh_from_db()
    assert group.status == QuestionGroup.Status.OPEN
    AnswerRun.objects.all().delete()
    unanswered(COURIER)
    group_questions()
    assert not QuestionGroup.objects.filter(pk=group.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_a_group_closes_by_itself_after_a_publication_unless_somebody_puts_it_back(
    pages: Client, publish: Publish
) -> None:
    publish("# Returns\n\nYou can return unopened goods within 30 days of delivery.\n")
    unanswered("How long do I have to return unopened goods?")
    group_questions()
    group = QuestionGroup.objects.get()
    for text, name in (("", ""), ("# Tea\n\nWe sell green tea.\n", "tea.md")):
        if text:
            publish(text, file_name=name)
        close_answered_questions()  # what answers it now was there when it was asked
        group.refresh_from_db()
        assert (group.status, bool(group.asked_again_at)) == ("open", bool(text))
    publish("# Returns\n\nYou can return unopened goods within 40 days of delivery.\n")
    close_answered_questions()
    group.refresh_from_db()
    assert group.status == QuestionGroup.Status.ANSWERED
    assert "It closed by itself: since <a" in pages.get(page_of(group)).content.decode()
    assert actions_on(group) == ["questions.answered"]
    do(pages, group, "reopen")
    publish("# Returns\n\nUnopened goods can be returned within 31 days of delivery.\n")
    close_answered_questions()
    group.refresh_from_db()
    assert group.status == QuestionGroup.Status.OPEN
    assert "only people close it now" in pages.get(page_of(group)).content.decode()
