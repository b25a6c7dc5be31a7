"""supportbot.api.staff: tickets, drafts, runs and the audit log, for agents."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from rest_framework.test import APIClient

from supportbot.answers.models import AnswerRun
from tests.api.conftest import ApiOf
from tests.tickets.cast import actions_on, ask, draft_for, open_ticket
from tickets.models import AuditEntry, Conversation, Draft, Message, Ticket
from tickets.services.drafts import reject_draft

API = "/api/v1"


@pytest.fixture
def draft(conversation: Conversation) -> Draft:
    return draft_for(conversation)


def replies() -> list[str]:
    rows = Message.objects.filter(author=Message.Author.AGENT)
    return list(rows.values_list("text", flat=True))


# -- Tickets --------------------------------------------------------------------------------------
def test_tickets_are_listed_and_narrowed_by_status(staff_api: APIClient, ben: User) -> None:
    first, second = open_ticket(), open_ticket()
    Ticket.objects.filter(pk=first.pk).update(status="closed")
    assert staff_api.get(f"{API}/tickets/").json()["count"] == 2
    (only,) = staff_api.get(f"{API}/tickets/", {"status": "new"}).json()["results"]
    assert (only["id"], only["status"], only["assignee"]) == (second.pk, "new", None)


def test_a_ticket_is_read_with_its_talk_and_drafts(staff_api: APIClient, draft: Draft) -> None:
    body = staff_api.get(f"{API}/tickets/{draft.ticket_id}/").json()
    assert [message["text"] for message in body["messages"]] == ["Can I return beans?"]
    assert [(d["id"], d["status"]) for d in body["drafts"]] == [(draft.pk, "pending")]


def test_a_ticket_is_moved_and_the_audit_log_names_the_agent(
    staff_api: APIClient, ben: User
) -> None:
    ticket = open_ticket()
    response = staff_api.patch(f"{API}/tickets/{ticket.pk}/", {"status": "solved"})
    assert (response.status_code, response.json()["status"]) == (200, "solved")
    assert AuditEntry.objects.get(action="ticket.status_changed").actor == ben


def test_a_forbidden_step_is_a_conflict(staff_api: APIClient) -> None:
    ticket = open_ticket()
    staff_api.patch(f"{API}/tickets/{ticket.pk}/", {"status": "closed"})
    response = staff_api.patch(f"{API}/tickets/{ticket.pk}/", {"status": "open"})
    assert (response.status_code, response.json()["code"]) == (409, "conflict")
    assert "cannot become" in response.json()["detail"]


@pytest.mark.parametrize("body", [{}, {"status": "gone"}, {"status": None}, ["open"]])
def test_a_bad_step_is_refused(staff_api: APIClient, body: Any) -> None:
    response = staff_api.patch(f"{API}/tickets/{open_ticket().pk}/", body)
    assert (response.status_code, response.json()["code"]) == (400, "invalid")


@pytest.mark.parametrize("path", ["tickets", "drafts"])
@pytest.mark.parametrize("status", ["gone", "\x00"])
def test_a_status_that_does_not_exist_is_refused(
    staff_api: APIClient, path: str, status: str
) -> None:
    response = staff_api.get(f"{API}/{path}/", {"status": status})
    assert (response.status_code, list(response.json()["fields"])) == (400, ["status"])


@pytest.mark.parametrize("path", ["tickets", "drafts", "runs", "audit"])
@pytest.mark.parametrize("key", ["0", "9" * 30, "abc", str(uuid.UUID(int=0))])
def test_what_is_not_there_is_not_found(staff_api: APIClient, path: str, key: str) -> None:
    response = staff_api.get(f"{API}/{path}/{key}/")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


# -- Drafts ---------------------------------------------------------------------------------------
def test_drafts_are_listed_with_their_evidence(staff_api: APIClient, draft: Draft) -> None:
    (entry,) = staff_api.get(f"{API}/drafts/", {"status": "pending"}).json()["results"]
    assert (entry["question"], entry["text"]) == ("Can I return beans?", "Within 30 days.")
    assert entry["sentences"] == draft.sentences
    assert staff_api.get(f"{API}/drafts/", {"status": "approved"}).json()["count"] == 0


def test_an_approved_draft_is_sent_once_and_noted(
    staff_api: APIClient, draft: Draft, ben: User
) -> None:
    response = staff_api.post(f"{API}/drafts/{draft.pk}/approve/")
    assert response.status_code == 200
    assert (response.json()["status"], response.json()["decided_by"]) == ("approved", "ben")
    assert replies() == ["Within 30 days."]
    assert actions_on(draft) == ["draft.created", "draft.approved"]
    assert AuditEntry.objects.get(action="draft.approved").actor == ben


def test_an_edited_draft_is_sent_as_edited(staff_api: APIClient, draft: Draft) -> None:
    staff_api.post(f"{API}/drafts/{draft.pk}/approve/", {"text": "Within 31 days."})
    assert replies() == ["Within 31 days."]
    assert actions_on(draft)[-1] == "draft.edited"


def test_a_rejected_draft_is_not_sent_and_noted(staff_api: APIClient, draft: Draft) -> None:
    response = staff_api.post(f"{API}/drafts/{draft.pk}/reject/", {"reason": "Old rule"})
    assert (response.status_code, response.json()["status"]) == (200, "rejected")
    assert replies() == []
    assert AuditEntry.objects.get(action="draft.rejected").data == {"reason": "Old rule"}


@pytest.mark.parametrize("action", ["approve", "reject"])
def test_deciding_a_second_time_is_a_conflict_that_names_the_first(
    staff_api: APIClient, draft: Draft, action: str
) -> None:
    colleague = User.objects.create_user("bea", first_name="Bea", is_staff=True)
    reject_draft(draft=draft, agent=colleague)
    response = staff_api.post(f"{API}/drafts/{draft.pk}/{action}/")
    assert (response.status_code, response.json()["code"]) == (409, "conflict")
    assert response.json()["detail"].startswith("Bea has already rejected this draft.")
    assert replies() == []


@pytest.mark.parametrize("text", ["", "  ", "x" * 20_001, ["a"], None, "a\x00b"])
def test_a_bad_text_is_not_sent(staff_api: APIClient, draft: Draft, text: Any) -> None:
    response = staff_api.post(f"{API}/drafts/{draft.pk}/approve/", {"text": text})
    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert replies() == []


def test_an_empty_draft_is_not_sent_as_it_is(
    staff_api: APIClient, conversation: Conversation
) -> None:
    empty = draft_for(conversation, text="")
    response = staff_api.post(f"{API}/drafts/{empty.pk}/approve/")
    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert staff_api.post(f"{API}/drafts/{empty.pk}/approve/", {"text": "Yes."}).status_code == 200
    assert replies() == ["Yes."]


@pytest.mark.parametrize("action", ["approve", "reject"])
def test_a_draft_that_is_not_there_is_not_found(staff_api: APIClient, action: str) -> None:
    assert staff_api.post(f"{API}/drafts/999/{action}/").status_code == 404


def test_a_content_editor_neither_reads_nor_decides(cleo_api: APIClient, draft: Draft) -> None:
    for path in ("tickets/", "drafts/", "runs/", "audit/", f"drafts/{draft.pk}/"):
        assert cleo_api.get(f"{API}/{path}").status_code == 403
    for path in ("approve/", "reject/"):
        assert cleo_api.post(f"{API}/drafts/{draft.pk}/{path}").status_code == 403
    body = {"status": "closed"}
    assert cleo_api.patch(f"{API}/tickets/{draft.ticket_id}/", body).status_code == 403
    draft.refresh_from_db()
    assert (draft.status, draft.ticket.status) == ("pending", "new")


def test_who_may_only_look_may_not_decide(api_of: ApiOf, draft: Draft, eve: User) -> None:
    User.objects.filter(pk=eve.pk).update(is_staff=True)
    eve.user_permissions.set(Permission.objects.filter(codename="view_draft"))
    assert api_of(eve).get(f"{API}/drafts/{draft.pk}/").status_code == 200
    assert api_of(eve).post(f"{API}/drafts/{draft.pk}/approve/").status_code == 403
    assert replies() == []


# -- Runs and audit -------------------------------------------------------------------------------
def test_a_run_shows_how_it_went_and_keeps_its_lease_to_itself(
    staff_api: APIClient, conversation: Conversation
) -> None:
    question = ask(conversation)
    run = AnswerRun.objects.create(
        conversation=conversation, question=question, delivery="stream", lease_token=uuid.uuid4()
    )
    (entry,) = staff_api.get(f"{API}/runs/").json()["results"]
    assert (entry["id"], entry["question"]) == (str(run.pk), "Can I return beans?")
    assert {"stages", "verdicts", "passages", "route", "model"} <= set(entry)
    assert {"lease_token", "lease_until"}.isdisjoint(entry)
    assert staff_api.get(f"{API}/runs/{run.pk}/").json() == entry


def test_the_audit_log_is_read_newest_first(staff_api: APIClient, draft: Draft) -> None:
    entries = staff_api.get(f"{API}/audit/").json()["results"]
    assert entries[0]["action"] == "draft.created"
    assert [entry["id"] for entry in entries] == sorted(
        (entry["id"] for entry in entries), reverse=True
    )


@pytest.mark.parametrize("path", ["runs", "audit"])
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_runs_and_audit_entries_cannot_be_written(
    api_of: ApiOf, admin_user: User, draft: Draft, path: str, method: str
) -> None:
    key = AuditEntry.objects.latest("id").pk
    response = getattr(api_of(admin_user), method)(f"{API}/{path}/{key}/", {})
    assert response.status_code in {403, 405}
    assert AuditEntry.objects.filter(pk=key).exists()
