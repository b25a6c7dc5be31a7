"""manage.py evaluate answers on a tiny folder of each form: the whole pipeline is asked, and the
figures can be worked out by hand."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from knowledge.models import Collection, Document
from supportbot.evaluation import answer_datasets
from supportbot.evaluation.answer_arms import Given
from supportbot.evaluation.answer_figures import AnswerScores, faults, judge
from supportbot.evaluation.answer_questions import AskedQuestion
from supportbot.evaluation.answer_words import says, sentences_of
from supportbot.evaluation.models import EvaluationRun
from supportbot.evaluation.questions import Text
from tests.evaluation.judged import NOT_ANSWERED, QUESTIONS, SUBJECTS, dataset, questions

PRODUCT, FIRST, BEST = "product", "first three sentences", "best three by embedding"
Entry = dict[str, Any]

KETTLE = (
    "The Heron has a handle of oak. It is made in Leeds. Its cable is one metre long. "
    "Descale the kettle every month with citric acid."
)
BEANS = (
    "Our beans come from six farms. They are roasted on Mondays. We post them the next day. "
    "Coffee beans stay fresh for six weeks in a closed bag."
)


def write(path: Path, entries: list[Entry]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(map(json.dumps, entries)), encoding="utf-8")
    return path


def passages() -> list[Entry]:
    """Two questions whose answer is the last sentence of four, and one without an answer."""
    kettle = {"document_title": "Heron kettle", "passage": KETTLE}
    span = {"start": KETTLE.index("Descale"), "end": KETTLE.index("month") + 5}
    beans_at = BEANS.index("six weeks")
    return [
        {
            "id": "kettle",
            "question": "How often must I descale the kettle?",
            "answers": [span],
            "history": ["I have a Heron kettle."],
            **kettle,
        },
        {
            "id": "beans",
            "question": "How long do coffee beans stay fresh?",
            "document_title": "Coffee beans",
            "passage": BEANS,
            "answers": [{"start": beans_at, "end": beans_at + len("six weeks")}],
        },
        {"id": "voltage", "question": "What is the capital of Peru?", "answers": [], **kettle},
    ]


def evaluate(data: Path, **options: Any) -> Entry:
    """The report, as JSON has it."""
    out = StringIO()
    call_command("evaluate", "answers", data=data, json=True, stdout=out, **options)
    report: Entry = json.loads(out.getvalue())
    return report


def by_arm(report: Entry) -> dict[str, Entry]:
    return {row["arm"]: row for row in report["tables"]["by arm"]}


def predictions_of(path: Path) -> dict[str, Entry]:
    records = [json.loads(line) for line in path.open(encoding="utf-8")]
    assert all(list(r) == ["id", "text", "citations", "abstained"] for r in records)
    return {record["id"]: record for record in records}


# -- each form through the real pipeline ------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_passages_with_answer_spans_are_asked_and_judged_by_their_sentences(
    tmp_path: Path,
) -> None:
    out = tmp_path / "predictions.jsonl"
    report = evaluate(write(tmp_path / "qa" / "all.jsonl", passages()).parent, predictions=out)
    rows, said = by_arm(report), predictions_of(out)
    assert list(rows) == [PRODUCT, FIRST, BEST]
    # The answer is each passage's fourth sentence: the first three never have it, and of the best
    # three at most one is right: precision 1/3, recall 1, F1 1/2.
    assert rows[FIRST]["F1"] == 0.0
    assert rows[BEST]["recall"] == 1.0
    assert rows[BEST]["precision"] == pytest.approx(1 / 3)
    assert rows[BEST]["F1"] == pytest.approx(1 / 2)
    assert "false answers" not in rows[FIRST]  # one unanswerable question has no interval
    answered = [not said[name]["abstained"] for name in ("kettle", "beans")]
    assert rows[PRODUCT]["withheld"] == 1 - sum(answered) / 2
    assert rows[PRODUCT]["gold document"] == pytest.approx(
        sum(name in said[name]["citations"] for name in ("kettle", "beans")) / 2
    )
    assert 0 < rows[PRODUCT]["p50 ms"] <= rows[PRODUCT]["p95 ms"]
    assert rows[BEST]["p50 ms"] is None
    lines = {row["measure"]: row for row in report["tables"][f"{PRODUCT} less {BEST}"]}
    assert lines["F1"]["difference"] == pytest.approx(rows[PRODUCT]["F1"] - rows[BEST]["F1"])
    assert lines["F1"]["from"] <= lines["F1"]["difference"] <= lines["F1"]["to"]
    assert not Collection.objects.exists()
    assert not Document.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_sentences_with_labels_are_asked_over_all_their_documents(tmp_path: Path) -> None:
    rows: list[Entry] = []
    for name, passage in (("kettle", KETTLE), ("beans", BEANS)):
        sentences = [sentence.quote for sentence in sentences_of(passage)]
        entry = {"id": name, "question": f"{QUESTIONS['kettles' if name == 'kettle' else name]}"}
        rows.append({**entry, "sentences": sentences, "labels": [0, 0, 0, 1]})
    report = evaluate(write(tmp_path / "spans" / "all.jsonl", rows).parent)
    arms = by_arm(report)
    assert (arms[FIRST]["recall"], arms[BEST]["recall"]) == (0.0, 1.0)
    assert arms[FIRST]["gold document"] == arms[BEST]["gold document"] == 1.0
    assert report["notes"][0].startswith("2 documents, 2 passages. 2 of 2 questions: 2 answerable")


@pytest.mark.django_db(transaction=True)
def test_a_retrieval_folder_is_judged_by_its_written_answers(tmp_path: Path) -> None:
    asked = [{**one, "answer": SUBJECTS.get(one["id"], "")} for one in questions()]
    out = tmp_path / "predictions.jsonl"
    report = evaluate(dataset(tmp_path / "shop", queries=asked), predictions=out)
    rows, said = by_arm(report), predictions_of(out)
    # Every document is one sentence, which is the answer, too.
    assert rows[FIRST]["F1"] == rows[FIRST]["word F1"] == rows[FIRST]["gold document"] == 1.0
    assert rows[FIRST]["false answers"] == 1.0
    answered = [not said[f"none{number}"]["abstained"] for number in range(len(NOT_ANSWERED))]
    assert rows[PRODUCT]["false answers"] == sum(answered) / len(answered)
    kept = [name for name in QUESTIONS if said[name]["citations"] == [f"d/{name}"]]
    assert rows[PRODUCT]["recall"] >= len(kept) / len(QUESTIONS) > 0.5


def shop(folder: Path) -> Path:
    """In the demo's form: two files, of which one is no longer in effect."""
    documents = [
        {"file": "kettle.md", "title": "Heron kettle"},
        {"file": "old.md", "title": "Old kettle", "effective_until": "2020-01-01"},
    ]
    folder.mkdir()
    (folder / "collection.json").write_text(json.dumps({"documents": documents}), "utf-8")
    (folder / "documents").mkdir()
    (folder / "documents" / "kettle.md").write_text(KETTLE, "utf-8")
    (folder / "documents" / "old.md").write_text("Descale the kettle every year.", "utf-8")
    ask: Entry = {"text": "How often must I descale the kettle?", "answerable": True}
    ask["documents"] = ["kettle.md"]
    write(
        folder / "questions.jsonl",
        [
            {"id": "said", **ask, "must_include": [["each month", "every month"]]},
            {"id": "missing", **ask, "must_include": ["every month", "vinegar"]},
            {"id": "wrong", **ask, "must_not": ["citric acid"]},
            {"id": "none", "text": "What is the capital of Peru?", "answerable": False},
        ],
    )
    return folder


@pytest.mark.django_db(transaction=True)
def test_files_in_the_demos_form_go_in_with_their_dates(tmp_path: Path) -> None:
    out = tmp_path / "predictions.jsonl"
    report = evaluate(shop(tmp_path / "shop"), predictions=out)
    best = by_arm(report)[BEST]
    assert best["right"] == pytest.approx(1 / 3)
    assert best["all said"] == pytest.approx(1 / 2)
    assert best["share said"] == pytest.approx(3 / 4)
    product, said = by_arm(report)[PRODUCT], predictions_of(out)
    assert product["gold document"] == 1.0
    assert "every year" not in said["said"]["text"]
    assert "every month" in said["said"]["text"]
    assert said["said"]["citations"] == ["kettle.md"]
    assert product["right"] == pytest.approx(1 / 3)
    assert report["tables"]["not right"] == [
        {"question": "missing", "outcome": "answered", "why": "lacks 'vinegar'"},
        {"question": "wrong", "outcome": "answered", "why": "says 'citric acid'"},
    ]


def test_off_topic_questions_are_asked_of_the_demos_documents(tmp_path: Path) -> None:
    rows = [{"id": f"o{n}", "text": f"question {n}", "label": "oos"} for n in range(5)]
    found = answer_datasets.load(write(tmp_path / "oos_test.jsonl", rows).parent, 0)
    assert [question.answerable for question in found.questions] == [False] * 5
    assert "returns-policy-2026.md" in {document.id for document in found.documents}


# -- samples ----------------------------------------------------------------------------------
def test_a_sample_is_the_same_every_time_and_has_as_many_other_documents(tmp_path: Path) -> None:
    rows = [
        {**passages()[1], "id": f"q{n}", "passage": f"{n} weeks. {BEANS}", "answers": []}
        for n in range(20)
    ]
    path = write(tmp_path / "all.jsonl", rows)
    one, again = answer_datasets.load(path, 4), answer_datasets.load(tmp_path, 4)
    assert [question.id for question in one.questions] == [q.id for q in again.questions]
    assert (len(one.questions), len(one.documents), one.total) == (4, 8, 20)
    assert {question.id for question in one.questions} <= {d.id for d in one.documents}
    assert len(answer_datasets.load(path, 0).questions) == 20


def test_a_passage_that_is_asked_about_twice_is_one_document(tmp_path: Path) -> None:
    found = answer_datasets.load(write(tmp_path / "all.jsonl", passages()), 0)
    assert [document.id for document in found.documents] == ["kettle", "beans"]
    assert [q.documents for q in found.questions] == [("kettle",), ("beans",), ()]
    assert found.documents[0] == Text("kettle", "Heron kettle", KETTLE)
    assert found.questions[0].history[0].text == "I have a Heron kettle."
    assert found.questions[1].gold == ((sentences_of(BEANS)[3].quote,),)


# -- the figures ------------------------------------------------------------------------------
A, B, C, D = (sentence.quote for sentence in sentences_of(KETTLE))
GOLD = AskedQuestion("q", "?", answerable=True, gold=((C, D),))


def given(*quotes: str, outcome: str = "answered") -> Given:
    return Given(" ".join(quotes), quotes, ("d",), outcome)


@pytest.mark.parametrize(
    ("quotes", "precision", "recall", "f1"),
    [
        ((C, D), 1.0, 1.0, 1.0),
        ((A, D), 0.5, 0.5, 0.5),
        ((A, B, D), 1 / 3, 0.5, 0.4),
        ((A,), 0.0, 0.0, 0.0),
        (("Descale the kettle every month with vinegar.",), 1.0, 0.5, 2 / 3),
        (("Descale the machine with vinegar.",), 0.0, 0.0, 0.0),
    ],
)
def test_a_sentence_is_chosen_when_half_of_it_is_quoted(
    quotes: tuple[str, ...], precision: float, recall: float, f1: float
) -> None:
    values = judge(GOLD, given(*quotes))
    found = [values[name] for name in ("precision", "recall", "F1")]
    assert found == pytest.approx([precision, recall, f1])


def test_of_alternative_answers_the_best_counts() -> None:
    question = AskedQuestion("q", "?", answerable=True, gold=((A, B), (D,)))
    assert judge(question, given(D))["F1"] == 1.0


def test_no_answer_has_chosen_nothing_and_counts_as_withheld() -> None:
    values = judge(GOLD, given(C, D, outcome="no_answer"))
    assert (values["F1"], values["withheld"], values["asked back"]) == (0.0, 1.0, 0.0)
    assert "words" not in values
    asked_back = judge(GOLD, given(outcome="asked_back"))
    assert (asked_back["withheld"], asked_back["asked back"]) == (1.0, 1.0)


def test_right_needs_all_that_must_be_said_and_nothing_that_must_not() -> None:
    question = AskedQuestion(
        "q", "?", answerable=True, must=(("£24", "24 pounds"), ("45 days",)), must_not=(("£6",),)
    )
    right = Given("It is £24, within 45  days; postage £6.95.", (), ())
    assert judge(question, right) | {"words": 0} == {
        "all said": 1.0, "share said": 1.0, "wrongly said": 0.0, "right": 1.0,
        "withheld": 0.0, "asked back": 0.0, "words": 0,
    }  # fmt: skip
    wrong = Given("It is £240, within 45 days; postage £6.", (), ())
    values = judge(question, wrong)
    assert (values["all said"], values["share said"], values["right"]) == (0.0, 0.5, 0.0)
    assert faults(question, wrong) == ["lacks '£24'", "says '£6'"]


def test_wordings_are_compared_without_regard_to_typography() -> None:
    assert says("We don’t **match** it – ever.", "don't match it - ever")
    assert not says("145 days", "45 days")
    assert not says("£1,245", "245")


def test_arms_are_compared_over_the_questions_that_both_have_values_for() -> None:
    asked = [GOLD] * 4
    one = AnswerScores(asked, [given(C, D), given(C, D), given(A), given(outcome="no_answer")])
    other = AnswerScores(asked, [given(A)] * 4)
    assert one.estimates["F1"].value == pytest.approx(0.5)
    difference = one.less(other)["words"]
    assert difference.value == pytest.approx(
        (2 * (len(f"{C} {D}".split()) - len(A.split())) + 0) / 3
    )
    assert one.less(other)["F1"].value == pytest.approx(0.5)


# -- bad input --------------------------------------------------------------------------------
def bad(folder: Path, line: str) -> Path:
    folder.mkdir()
    (folder / "all.jsonl").write_text(json.dumps(passages()[0]) + "\n" + line, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "line 2 is not JSON"),
        ("[]", "line 2 is not an object"),
        ('{"id": "x", "question": "?"}', "neither a"),
        ('{"id": "kettle", "question": "?", "passage": "x", "answers": []}', "further up"),
        ('{"id": "x", "question": "?", "passage": "x", "answers": 1}', "“answers” is not"),
        (
            '{"id": "x", "question": "?", "passage": "x", "answers": [{"start": 0, "end": 9}]}',
            "characters 0 to 9",
        ),
        ('{"id": "x", "passage": "x", "answers": []}', "“question” is not a text"),
        ('{"id": "x", "question": "?", "sentences": ["a"], "labels": []}', "“labels” is not"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, words: str) -> None:
    with pytest.raises(CommandError, match=words) as raised:
        evaluate(bad(tmp_path / "data", line))
    assert "all.jsonl, line 2" in str(raised.value)


def test_a_folder_of_no_known_form_says_what_is_needed(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="in a form that can be read"):
        evaluate(tmp_path)
    with pytest.raises(CommandError, match="There is no folder"):
        evaluate(tmp_path / "nowhere")


@pytest.mark.django_db(transaction=True)
def test_a_missing_or_empty_file_of_the_demos_form_is_named(tmp_path: Path) -> None:
    folder = shop(tmp_path / "shop")
    (folder / "documents" / "old.md").unlink()
    with pytest.raises(CommandError, match=r"There is no file .*old\.md"):
        evaluate(folder)
    (folder / "documents" / "old.md").touch()
    with pytest.raises(CommandError, match=r"“old\.md” is empty"):
        evaluate(folder)
    (folder / "collection.json").write_text('{"documents": [{"file": 1}]}', "utf-8")
    with pytest.raises(CommandError, match=r"collection\.json is not"):
        evaluate(folder)


def test_a_limit_is_for_answers_alone(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="--limit is for answers"):
        call_command("evaluate", "retrieval", data=tmp_path, limit=5)
    with pytest.raises(CommandError, match="0 for all"):
        evaluate(tmp_path, limit=-1)


# -- kept and drawn ---------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_a_run_is_kept_and_drawn_in_the_admin(tmp_path: Path, client: Client) -> None:
    rows = by_arm(evaluate(shop(tmp_path / "shop")))
    kept = EvaluationRun.objects.get()
    assert (kept.name, kept.data, kept.questions) == ("answers", "shop", 4)
    assert kept.figures["arms"][BEST]["right"]["value"] == pytest.approx(rows[BEST]["right"])
    olga = User.objects.create_user("olga", password="olga", is_staff=True)
    olga.user_permissions.set(Permission.objects.filter(content_type__app_label="evaluation"))
    client.force_login(olga)
    listed = client.get(reverse("admin:evaluation_evaluationrun_changelist")).content.decode()
    assert "right on shop over 1 runs. Last:" in listed
    assert f"{PRODUCT} {rows[PRODUCT]['right']:.3f}" in listed
    page = client.get(
        reverse("admin:evaluation_evaluationrun_change", args=[kept.pk])
    ).content.decode()
    assert f"The product less {BEST}" in page
    assert "share said" in page
    assert "nDCG@10" not in page
