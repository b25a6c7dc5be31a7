"""supportbot.evaluation.recombine: many documents of few texts, none with a passage of another."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

from supportbot.evaluation.questions import Text
from supportbot.evaluation.recombine import (
    LONGEST_PARAGRAPH,
    MOST_LENGTH,
    load_texts,
    paragraphs_of,
    recombined,
)

NOUNS = ("kettle", "grinder", "filter", "scale", "mug", "tamper", "hopper", "pump")


def texts(count: int) -> list[Text]:
    """Of five paragraphs each, all different."""
    return [
        Text(
            f"d{n}",
            f"Sheet {n}",
            "\n\n".join(
                f"The {NOUNS[k]} of series {n} is cleaned {k} times in {n} weeks, and no more than "
                f"{n * k} parts of it are taken apart for that, says page {k}."
                for k in range(5)
            ),
        )
        for n in range(count)
    ]


def corpus(path: Path, count: int) -> None:
    entries = [{"id": t.id, "title": t.title, "text": t.text} for t in texts(count)]
    path.write_text("\n".join(map(json.dumps, entries)), encoding="utf-8")


def test_a_quarter_is_as_it_was_and_the_rest_is_dealt_anew() -> None:
    sources = texts(40)
    documents = list(recombined(sources, 60))
    assert len({document.id for document in documents}) == 60
    assert sum(document in sources for document in documents) == 15
    known = {paragraph for text in sources for paragraph in paragraphs_of(text.text)}
    for document in documents:
        assert set(paragraphs_of(document.text)) <= known
        assert len(document.text) < MOST_LENGTH + LONGEST_PARAGRAPH + 2


def test_no_two_paragraphs_follow_each_other_twice() -> None:
    sources = texts(40)
    documents = list(recombined(sources, 60))
    dealt = [d for d in documents if d not in sources]
    pairs = [
        pair
        for document in [*sources, *dealt]
        for pair in itertools.pairwise(paragraphs_of(document.text))
    ]
    assert len(pairs) == len(set(pairs))


def test_the_same_texts_give_the_same_documents() -> None:
    assert list(recombined(texts(20), 30)) == list(recombined(texts(20), 30))


def test_long_paragraphs_are_cut_at_sentences_and_short_ones_left_out() -> None:
    sentences = [
        f"Sentence {n} of this long paragraph says little, but it says so." for n in range(20)
    ]
    parts = paragraphs_of("Title\n\n" + " ".join(sentences))
    assert " ".join(parts) == " ".join(sentences)
    assert all(len(part) <= LONGEST_PARAGRAPH and part.endswith("so.") for part in parts)
    assert paragraphs_of("x" * 1000) == ["x" * 400, "x" * 400, "x" * 200]


def test_all_corpora_below_a_folder_are_taken(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    corpus(tmp_path / "one" / "corpus.jsonl", 3)
    (tmp_path / "two" / "corpora").mkdir(parents=True)
    (tmp_path / "two" / "corpora" / "book.md").write_text("A sentence. " * 1000, encoding="utf-8")
    found = load_texts(tmp_path)
    assert [text.id for text in found[:4]] == ["one/d0", "one/d1", "one/d2", "book/0"]
    assert "".join(text.text for text in found[3:]).count("A sentence.") == 1000


def test_a_dataset_is_its_own_corpus(tmp_path: Path) -> None:
    corpus(tmp_path / "corpus.jsonl", 3)
    assert [text.id for text in load_texts(tmp_path)] == ["d0", "d1", "d2"]
