"""manage.py train_grounding: how pairs are made, and that weights follow from them alone."""

from __future__ import annotations

import json
import random
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from supportbot.evaluation.grounding_dataset import JudgedResponse
from supportbot.evaluation.grounding_examples import (
    Pair,
    changed,
    corrupted,
    evidence,
    pairs_of_documents,
    pairs_of_responses,
    reworded,
)
from supportbot.evaluation.management.commands import train_grounding as command
from supportbot.evaluation.questions import Text
from supportbot.evaluation.train_grounding import SIGNS, Example, examples_of, fit, report
from supportbot.evaluation.wordnet import Word, WordNet
from supportbot.guardrails.support_encoder import SupportEncoder
from supportbot.guardrails.support_model import SUPPORT_FEATURES, parse

SENTENCE = "You can buy a cheap lamp in our shop."
TEXT = f"{SENTENCE} The parcels are sent on Mondays. Our staff answer within two days."
PAIR, REPLACED = SUPPORT_FEATURES.index("pair"), SUPPORT_FEATURES.index("replaced")


def seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311  the same in every run


@pytest.fixture
def wordnet(tmp_path: Path) -> WordNet:
    """A few words: buy = purchase against sell; cheap against expensive; lamp and candle."""
    folder = tmp_path / "wordnet"
    folder.mkdir()
    verbs = [
        "00000001 40 v 02 buy 0 purchase 0 001 ! 00000002 v 0101 01 + 08 00 | obtain",
        "00000002 40 v 01 sell 0 001 ! 00000001 v 0101 01 + 08 00 | give for money",
    ]
    adjectives = [
        "00000001 00 a 01 cheap 0 001 ! 00000002 a 0101 | low in price",
        "00000002 00 a 01 expensive 0 001 ! 00000001 a 0101 | high in price",
    ]
    nouns = [
        "00000001 06 n 01 lamp 0 001 @ 00000003 n 0000 | electric",
        "00000002 06 n 01 candle 0 001 @ 00000003 n 0000 | of wax",
        "00000003 06 n 01 light 0 002 ~ 00000001 n 0000 ~ 00000002 n 0000 | a source",
    ]
    words = {"verb": verbs, "adj": adjectives, "noun": nouns, "adv": []}
    senses = []
    for name, lines in words.items():
        index = []
        for line in lines:
            fields = line.split()
            for word in fields[4 : 4 + 2 * int(fields[3], 16) : 2]:
                index.append(f"{word} {name[0]} 1 1 ! 1 9 {fields[0]}")
                kind = {"noun": 1, "verb": 2, "adj": 3, "adv": 4}[name]
                senses.append(f"{word}%{kind}:00:00:: {fields[0]} 1 9")
        (folder / f"data.{name}").write_text("  1 licence\n" + "\n".join(lines))
        (folder / f"index.{name}").write_text("  1 licence\n" + "\n".join(index))
    (folder / "index.sense").write_text("\n".join(senses))
    return WordNet(folder)


# -- words --------------------------------------------------------------------------------------
def test_words_are_known_by_base_form_and_ending(wordnet: WordNet) -> None:
    assert wordnet.word("buy") == Word("buy", "v")
    assert wordnet.word("lamps") == Word("lamp", "n", "s")
    assert wordnet.word("selling") == Word("sell", "v", "ing")
    assert wordnet.word("table") is None
    assert Word("lamp", "n", "s").inflected("box") == "boxes"
    assert Word("lamp", "n", "s").inflected("party") == "parties"
    assert Word("sell", "v", "ing").inflected("purchase") == "purchasing"
    assert Word("sell", "v", "ed").inflected("carry") == "carried"


def test_synonyms_antonyms_and_siblings(wordnet: WordNet) -> None:
    assert wordnet.synonyms(Word("buy", "v")) == ["purchase"]
    assert wordnet.antonyms(Word("buy", "v")) == ["sell"]
    assert wordnet.antonyms(Word("purchase", "v")) == []  # it is buy that has one
    assert wordnet.siblings(Word("lamp", "n")) == ["candle"]


# -- pairs --------------------------------------------------------------------------------------
def test_a_rewording_says_the_same(wordnet: WordNet) -> None:
    new = reworded(SENTENCE, wordnet, seeded(1), 3)
    assert new == SENTENCE.replace("buy", "purchase")


@pytest.mark.parametrize("seed", range(12))
def test_a_corruption_knows_what_is_at_fault(wordnet: WordNet, seed: int) -> None:
    made = corrupted(SENTENCE, TEXT, wordnet, seeded(seed))
    assert made is not None
    text, supported, [(start, end)] = made
    assert not supported
    assert text != SENTENCE
    assert 0 <= start < end <= len(text)
    left_out = text[:start] + text[end:]
    assert not set(left_out.split()) - set(SENTENCE.split())


def test_what_differs_is_given_in_whole_words() -> None:
    assert changed("It is sent in 14 days.", "It is sent in 15 days.") == (14, 16)
    was, becomes = "It is not sent.", "It is sent."
    start, end = changed(was, becomes)
    assert becomes[start:end] == "sent."


def test_evidence_is_what_shares_most_in_its_order() -> None:
    found = evidence(TEXT, "Staff answer and parcels are sent on Mondays.", 2)
    assert found == "The parcels are sent on Mondays. Our staff answer within two days."


def test_a_supported_response_is_reworded_and_corrupted(wordnet: WordNet) -> None:
    judged = [
        JudgedResponse("1", TEXT, SENTENCE, supported=True, group="shop"),
        JudgedResponse("2", TEXT, "Lamps are free.", supported=False, group="shop"),
    ]
    pairs = list(pairs_of_responses("shop", judged, wordnet, seeded(1)))
    assert {(pair.origin, pair.supported) for pair in pairs} == {
        ("shop", True),
        ("shop", False),
        ("shop, reworded", True),
        ("shop, corrupted", False),
    }
    assert [pair.faults for pair in pairs if pair.sentence == "Lamps are free."] == [None]
    assert all(SENTENCE in pair.source for pair in pairs if pair.supported)


def test_sentences_of_documents_stand_where_they_stand(wordnet: WordNet) -> None:
    documents = [Text(str(n), f"Shop {n}", TEXT) for n in range(8)]
    made = list(pairs_of_documents("docs", documents, 20, wordnet, seeded(1)))
    again = list(pairs_of_documents("docs", documents, 20, wordnet, seeded(1)))
    assert made == again
    beside = [pair for pair in made if pair.origin == "docs, beside"]
    assert beside
    assert all(pair.sentence not in pair.source and not pair.supported for pair in beside)


# -- the head -----------------------------------------------------------------------------------
def examples(count: int, told_by: int) -> list[Example]:
    """One of the features tells; the other features are chance."""
    chance = np.random.default_rng(3)
    made = []
    for number in range(count):
        features = 0.3 * chance.random((2, len(SUPPORT_FEATURES)))
        features[0, told_by] += SIGNS[told_by] * (number % 2)
        made.append(Example(features, number % 2 == 1))
    return made


@pytest.mark.parametrize("told_by", [PAIR, REPLACED])
def test_what_tells_gets_the_weight(told_by: int) -> None:
    model = fit([examples(200, told_by)])
    assert abs(model.weights[told_by]) == np.abs(model.weights).max()
    right = [(model.logits(e.features).max() > 0) == e.supported for e in examples(200, told_by)]
    assert np.mean(right) > 0.9
    assert np.array_equal(model.weights, fit([examples(200, told_by)]).weights)


def test_no_weight_has_a_sign_that_it_cannot_mean() -> None:
    """In this set replaced words go with support; the weight stays 0."""
    turned = [Example(e.features, not e.supported) for e in examples(200, REPLACED)]
    assert fit([turned]).weights[REPLACED] == 0


def test_every_set_is_judged_by_weights_that_never_saw_it() -> None:
    sets = {"by encoder": examples(200, PAIR), "by words": examples(200, REPLACED)}
    found = report(sets, fit(list(sets.values())), {"by encoder": "MIT", "by words": "MIT"})
    rows = {(row[0], row[1]): row for row in found.tables[0].rows}
    unseen, all_ = rows["by words", "both"][3], rows["by words", "fitted to all"][3]
    assert isinstance(unseen, float)
    assert isinstance(all_, float)
    assert unseen < 0.8 < all_
    assert parse(found.notes[0]).weights[PAIR] > 0


def test_examples_of_judged_responses_are_those_of_one_sentence(tmp_path: Path) -> None:
    rows = [
        {"id": "1", "context": TEXT, "response": SENTENCE, "label": 1},
        {"id": "2", "context": TEXT, "response": f"{SENTENCE} It is free.", "label": 0},
        {"id": "3", "context": TEXT, "response": "You cannot buy a lamp in our shop.", "label": 0},
    ]
    path = tmp_path / "shop.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    found = examples_of(path, 0)
    assert [one.supported for one in found] == [True, False]
    assert found[0].features.shape[1] == len(SUPPORT_FEATURES)


# -- the encoder --------------------------------------------------------------------------------
@pytest.mark.slow
def test_the_same_pairs_give_the_same_encoder(tmp_path: Path) -> None:
    from supportbot.evaluation.train_support_encoder import tune, write

    pairs = [
        Pair(TEXT, SENTENCE, supported=True, faults=(), origin="docs"),
        Pair(TEXT, "You can sell a cheap lamp.", supported=False, faults=((8, 12),), origin="docs"),
    ] * 32
    logits = []
    for name in ("one", "other"):
        encoder = tune(pairs, epochs=2, minutes=5, say=lambda text: None)
        model, tokens = tmp_path / f"{name}.onnx", tmp_path / f"{name}_tokenizer.json"
        write(encoder, model, tokens, {"sets": {"docs": "MIT"}})
        logits.append(SupportEncoder(model, tokens).read([TEXT, SENTENCE], SENTENCE))
        about = json.loads((tmp_path / f"{name}.json").read_text())
        assert about["sets"] == {"docs": "MIT"}
    assert np.allclose(logits[0], logits[1])


# -- the command --------------------------------------------------------------------------------
def test_the_encoder_needs_words(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="--wordnet"):
        call_command("train_grounding", "encoder", data=[tmp_path])


def test_weights_are_written_where_the_product_reads_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        {"id": str(n), "context": TEXT, "response": response, "label": label}
        for n in range(4)
        for label, response in ((1, SENTENCE), (0, f"Lamp {n} is painted by hand in Peru."))
    ]
    path = tmp_path / "shop.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    monkeypatch.setattr(command, "FILE", tmp_path / "support_model.json")
    out = StringIO()
    call_command(
        "train_grounding", "head", data=[path], licence=["shop=MIT"], write=True, stdout=out
    )
    assert "without this set" in out.getvalue()
    stored = json.loads((tmp_path / "support_model.json").read_text())
    assert stored["fitted_to"] == {"shop": "MIT"}
