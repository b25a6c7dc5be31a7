"""Judged questions with answers, read and checked; which of five forms a folder has, its files say.

demo        collection.json, documents/, questions.jsonl {id,text,answerable,documents,answer,
            must_include,must_not}; an entry of must_include is a text or a list of alternatives
retrieval   corpus.jsonl, queries.jsonl, qrels.tsv (DESIGN: dataset forms)
long texts  queries.jsonl {id,corpus,text,references:[{start_index,end_index}]}, corpora/*.md
off topic   oos_*.jsonl {id,text}: nothing in the demo's documents answers them
qa          *.jsonl {id,question,document_title,passage,answers:[{start,end}],history}
selection   *.jsonl {id,question,sentences,labels,document_title?,answerable?}

Of qa and selection the id of a document is that of the first question about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from supportbot.evaluation import answer_demo, judged_dataset
from supportbot.evaluation.answer_questions import AnswerDataset, AskedQuestion, sampled
from supportbot.evaluation.answer_rows import Row, read_rows, strings, text_of
from supportbot.evaluation.answer_words import repeats, sentences_of
from supportbot.evaluation.judged_dataset import CORPUS, QUERIES
from supportbot.evaluation.questions import BadDatasetError, Text
from supportbot.local.seeding import DEMO_FOLDER
from supportbot.retrieval.query import Turn

UNTITLED = "Document"  # what a document without a title is called
LEAST_OF_SENTENCE = 0.5  # of a sentence that lies in an answer's span, or of the span in it
_OFF_TOPIC = "oos_*.jsonl"
_QUERIES, _CORPORA = "queries.jsonl", "corpora"


@dataclass(frozen=True)
class _Judged:
    """A question about one document, before the documents have ids. `sentences` are those of a
    document that is made of them."""

    question: AskedQuestion
    title: str
    text: str
    sentences: tuple[str, ...] = ()


def load(data: Path, limit: int) -> AnswerDataset:
    """At most `limit` questions, the same in every run; 0 for all. Raises BadDatasetError."""
    if data.is_file():
        return _about_documents([data], limit)
    if not data.is_dir():
        raise BadDatasetError(f"There is no folder {data}.")
    if (data / answer_demo.COLLECTION).is_file():
        return answer_demo.load(data, limit)
    if (data / CORPUS).is_file():
        return _load_retrieval(data, limit)
    if (data / _QUERIES).is_file() and (data / _CORPORA).is_dir():
        return _load_long_texts(data, limit)
    if off_topic := sorted(data.glob(_OFF_TOPIC)):
        return _load_off_topic(off_topic, limit)
    files = sorted(data.glob("*.jsonl"))
    if not files:
        raise BadDatasetError(
            f"{data} has no questions in a form that can be read. Name a folder with "
            f"{answer_demo.COLLECTION}, {CORPUS}, {_OFF_TOPIC} or other .jsonl files of questions "
            "about a passage or about sentences."
        )
    return _about_documents(files, limit)


# -- qa and selection -------------------------------------------------------------------------
def _about_documents(files: Sequence[Path], limit: int) -> AnswerDataset:
    judged = [_judged(row) for row in _rows(files)]
    first: dict[tuple[str, str], str] = {}
    for one in judged:
        first.setdefault((one.title, one.text), one.question.id)
    sample = sampled(judged, limit)
    used = {first[one.title, one.text] for one in sample}
    kept = used | set(sampled([id_ for id_ in first.values() if id_ not in used], len(used)))
    holders: dict[str, set[str]] = {}
    for one in judged:
        for sentence in one.sentences if first[one.title, one.text] in kept else ():
            holders.setdefault(sentence, set()).add(first[one.title, one.text])
    return AnswerDataset(
        documents=[Text(id_, *document) for document, id_ in first.items() if id_ in kept],
        questions=[_with_documents(one, first[one.title, one.text], holders) for one in sample],
        total=len(judged),
    )


def _with_documents(one: _Judged, own: str, holders: Mapping[str, set[str]]) -> AskedQuestion:
    """Its own document holds the answer, and so do others that have one of its sentences."""
    if one.question.answerable is False:
        return one.question
    gold = {sentence for alternative in one.question.gold for sentence in alternative}
    others = (holders.get(sentence, set()) for sentence in gold)
    return one.question.about(tuple(sorted({own}.union(*others))))


def _rows(files: Sequence[Path]) -> Iterator[Row]:
    seen: set[str] = set()
    for path in files:
        for row in read_rows(path):
            if row.id in seen:
                raise BadDatasetError(f"{row.where}: the id {row.id} stands further up already.")
            seen.add(row.id)
            yield row


def _judged(row: Row) -> _Judged:
    if "passage" in row.entry:
        return _about_passage(row)
    if "sentences" in row.entry:
        return _about_sentences(row)
    raise BadDatasetError(
        f'{row.where} has neither a "passage" with "answers" nor "sentences" with "labels".'
    )


def _about_passage(row: Row) -> _Judged:
    """Each answer is an alternative: the sentences that it lies in."""
    passage = text_of(row, "passage")
    try:
        spans = [(int(span["start"]), int(span["end"])) for span in row.entry["answers"]]
    except (KeyError, TypeError, ValueError) as error:
        raise BadDatasetError(
            f'{row.where}: “answers” is not a list of {{"start": …, "end": …}}.'
        ) from error
    for start, end in spans:
        if not 0 <= start < end <= len(passage):
            raise BadDatasetError(f"{row.where}: characters {start} to {end} are not in “passage”.")
    gold = tuple(dict.fromkeys(_sentences_in(passage, span) for span in spans))
    history = tuple(Turn("customer", text) for text in strings(row, "history"))
    question = AskedQuestion(row.id, text_of(row, "question"), history, bool(spans), gold=gold)
    return _Judged(question, _title(row), passage)


def _sentences_in(passage: str, span: tuple[int, int]) -> tuple[str, ...]:
    """Sentences that mostly lie in the span or hold most of it; else the one nearest to that."""
    shares: list[tuple[float, str]] = []
    at = 0
    for sentence in sentences_of(passage):
        start = passage.find(sentence.quote, at)
        if start < 0:
            continue
        at = end = start + len(sentence.quote)
        inside = max(0, min(end, span[1]) - max(start, span[0]))
        shares.append((inside / min(end - start, span[1] - span[0]), sentence.quote))
    held = tuple(text for share, text in shares if share >= LEAST_OF_SENTENCE)
    if held:
        return held
    share, nearest = max(shares, default=(0.0, ""))
    return (nearest,) if share > 0 else (passage[span[0] : span[1]],)


def _about_sentences(row: Row) -> _Judged:
    sentences, labels = strings(row, "sentences"), row.entry.get("labels")
    if not sentences or not isinstance(labels, list) or len(labels) != len(sentences):
        raise BadDatasetError(f"{row.where}: “labels” is not a list with one for each sentence.")
    chosen = tuple(text for text, label in zip(sentences, labels, strict=True) if label == 1)
    answerable = row.entry.get("answerable", bool(chosen)) is True
    question = AskedQuestion(
        row.id,
        text_of(row, "question"),
        (),
        answerable,
        gold=(chosen,) if chosen and answerable else (),
        answer=str(row.entry.get("answer") or "") if answerable else "",
    )
    return _Judged(question, _title(row), "\n\n".join(sentences), sentences)


def _title(row: Row) -> str:
    return str(row.entry.get("document_title") or UNTITLED)


# -- long texts -------------------------------------------------------------------------------
def _load_long_texts(data: Path, limit: int) -> AnswerDataset:
    texts = {path.stem: path.read_text("utf-8") for path in sorted((data / _CORPORA).iterdir())}
    rows = list(read_rows(data / _QUERIES))
    questions = []
    for row in sampled(rows, limit):
        name = text_of(row, "corpus")
        if name not in texts:
            raise BadDatasetError(f"{row.where}: there is no text {name} in {_CORPORA}/.")
        try:
            spans = [(int(r["start_index"]), int(r["end_index"])) for r in row.entry["references"]]
        except (KeyError, TypeError, ValueError) as error:
            raise BadDatasetError(f"{row.where}: “references” has no indexes.") from error
        gold = tuple(s for span in spans for s in _sentences_around(texts[name], span))
        questions.append(
            AskedQuestion(row.id, text_of(row, "text"), (), True, (name,), (gold,) if gold else ())
        )
    documents = [Text(name, name.replace("_", " "), text) for name, text in texts.items()]
    return AnswerDataset(documents=documents, questions=questions, total=len(rows))


def _sentences_around(text: str, span: tuple[int, int]) -> tuple[str, ...]:
    """As _sentences_in, looking at the paragraphs around the span alone."""
    start = text.rfind("\n\n", 0, span[0]) + 1
    end = text.find("\n\n", span[1])
    part = text[start : end if end > 0 else len(text)]
    return _sentences_in(part, (span[0] - start, span[1] - start))


# -- retrieval folders ------------------------------------------------------------------------
def _load_retrieval(data: Path, limit: int) -> AnswerDataset:
    dataset = judged_dataset.load(data)
    answers = {row.id: str(row.entry.get("answer") or "") for row in read_rows(data / QUERIES)}
    texts = {document.id: document.text for document in dataset.documents}
    questions = [
        AskedQuestion(
            question.id,
            question.text,
            question.turns,
            True if question.answerable is None and question.is_judged else question.answerable,
            documents=tuple(id_ for id_, grade in question.grades.items() if grade > 0),
            answer=answers.get(question.id, ""),
        )
        for question in sampled(dataset.questions, limit)
    ]
    return AnswerDataset(
        documents=dataset.documents,
        questions=[_with_gold(question, texts) for question in questions],
        total=len(dataset.questions),
    )


def _with_gold(question: AskedQuestion, texts: Mapping[str, str]) -> AskedQuestion:
    """The sentences of the relevant documents that the written answer repeats."""
    if question.answerable is False or not question.answer:
        return question
    sentences = (
        sentence.quote for id_ in question.documents for sentence in sentences_of(texts[id_])
    )
    gold = tuple(text for text in sentences if repeats(question.answer, text))
    return question.judged_by((gold,)) if gold else question


# -- off topic --------------------------------------------------------------------------------
def _load_off_topic(files: Sequence[Path], limit: int) -> AnswerDataset:
    rows = list(_rows(files))
    questions = [
        AskedQuestion(row.id, text_of(row, "text"), (), answerable=False)
        for row in sampled(rows, limit)
    ]
    return AnswerDataset(answer_demo.documents(DEMO_FOLDER), questions, len(rows))
