"""`manage.py export_training`: both trainers read what it writes."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from supportbot.answers.models import AnswerRun
from supportbot.evaluation import answer_datasets, judged_dataset
from supportbot.learning.tasks import group_questions
from tests.learning.conftest import unanswered
from tests.tickets.cast import PASSAGE, SENTENCE, a_draft
from tickets.models import Customer, Draft
from tickets.services.conversations import start_conversation
from tickets.services.drafts import approve_draft, reject_draft

pytestmark = pytest.mark.django_db(transaction=True)
QUOTE = "Opened coffee beans cannot be returned."
READ = {**PASSAGE, "text": f"We roast on Mondays. {QUOTE} Gift cards are sent by post."}


def draft_asking(text: str) -> Draft:
    conversation = start_conversation(customer=Customer.objects.create(name="Ada"))
    draft = a_draft(conversation, text)
    draft.sentences, draft.passages = [SENTENCE], [READ]
    draft.save(update_fields=["sentences", "passages"])
    return draft


def test_both_trainers_read_what_agents_decided(ben: User, tmp_path: Path) -> None:
    sent = [
        draft_asking("Can I return opened coffee? I am ada@example.com"),
        draft_asking("Do you take opened beans back?"),
    ]
    for draft in sent:
        approve_draft(draft=draft, agent=ben)
    approve_draft(draft=draft_asking("Edited?"), agent=ben, text="Other words.")
    reject_draft(draft=draft_asking("Rejected?"), agent=ben)
    run = unanswered("Which courier do you use?")
    AnswerRun.objects.filter(pk=run.pk).update(passages=[READ])
    group_questions()
    call_command("export_training", str(tmp_path))

    read = answer_datasets.load(tmp_path / "reader", 0)
    found = {one.text: (one.answerable, one.gold) for one in read.questions}
    assert found == {
        "Can I return opened coffee? I am <EMAIL>": (True, ((QUOTE,),)),
        "Do you take opened beans back?": (True, ((QUOTE,),)),
        "Which courier do you use?": (False, ()),
    }
    judged = judged_dataset.load(tmp_path / "ranking")
    assert [one.answerable for one in judged.questions] == [True, True, False]
    assert [dict(one.grades) for one in judged.questions] == [{"1": 1}, {"1": 1}, {}]
    assert [one.text for one in judged.documents] == [READ["text"]]
    for name in ("reader", "ranking"):
        out = StringIO()
        call_command(f"train_{name}", "--data", str(tmp_path / name), stdout=out)
        assert name in out.getvalue()  # the set, in the table
