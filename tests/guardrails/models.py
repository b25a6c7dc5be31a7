"""Classifiers with random weights and a head that always says the same: loaded, asked and timed
as any other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from knowledge.embedding.model import BUNDLED, source_of

SURE = 10.0  # the logit of the label that it always chooses


def write_classifier(folder: Path, labels: Sequence[str], says: int) -> str:
    """A classifier of pairs that always says the label number `says`."""
    from transformers import BertForSequenceClassification

    return _written(folder, labels, says, BertForSequenceClassification)


def write_token_classifier(folder: Path, labels: Sequence[str], says: int) -> str:
    """A classifier of words that always says the label number `says`."""
    from transformers import BertForTokenClassification

    return _written(folder, labels, says, BertForTokenClassification)


def _written(folder: Path, labels: Sequence[str], says: int, kind: Any) -> str:
    import torch
    from transformers import AutoTokenizer, BertConfig

    tokenizer = AutoTokenizer.from_pretrained(source_of(BUNDLED))
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        id2label=dict(enumerate(labels)),
        label2id={label: number for number, label in enumerate(labels)},
    )
    model = kind(config)
    with torch.no_grad():
        model.classifier.weight.zero_()
        model.classifier.bias.copy_(
            torch.tensor([SURE if number == says else -SURE for number in range(len(labels))])
        )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)
