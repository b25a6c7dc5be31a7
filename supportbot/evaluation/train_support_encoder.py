"""Tuning the encoder that reads a source and a sentence together, and writing it for ONNX Runtime.

From the weights of the bundled embedding model; the word vectors stay as they are. Two outputs are
trained together: of the pair as a whole, and of each token of the sentence, where the worst token
decides for the sentence (multiple-instance learning: the faults of a judged response are not known,
those of a corruption are). Only this module and the conversion of embedding models import torch.
"""

from __future__ import annotations

import json
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from tokenizers import Tokenizer
from torch import nn
from transformers import AutoModel

from knowledge.embedding.model import BUNDLED, source_of
from supportbot.evaluation.grounding_examples import Pair
from supportbot.guardrails.support_encoder import (
    END,
    PAIR_TOKENS,
    SENTENCE_TOKENS,
    START,
)

SEED = 0
BATCH = 32
RATE = 2e-4  # highest learning rate
WARM_UP = 60  # steps
FAULT_WEIGHT = 3.0  # of a token at fault: there are few
TOKEN_SHARE = 0.5  # of the loss by the worst token, in that by the pair
SORTED_TOGETHER = 32  # batches whose pairs are sorted by length
SELDOM = -3.0  # logit of a token at fault before training
UNKNOWN = -1.0
NEVER = -1e4

Tensor = torch.Tensor
Say = Callable[[str], None]


@dataclass(frozen=True)
class Tokens:
    """A pair as the encoder reads it. `first` and `count` are the sentence's; `faults` has a 1 for
    each of its tokens at fault."""

    ids: list[int]
    first: int
    count: int
    faults: list[float]


class Encoder(nn.Module):
    """Token ids → (logit of the pair, logits of its tokens that they are at fault)."""

    def __init__(self) -> None:
        super().__init__()
        self.base = AutoModel.from_pretrained(source_of(BUNDLED), attn_implementation="sdpa")
        width = self.base.config.hidden_size
        self.pair, self.token = nn.Linear(width, 1), nn.Linear(width, 1)
        nn.init.constant_(self.token.bias, SELDOM)
        for name, weights in self.base.named_parameters():
            is_kept = "word_embeddings" in name or "position_embeddings" in name
            weights.requires_grad = not is_kept

    def forward(self, ids: Tensor, mask: Tensor, kinds: Tensor) -> tuple[Tensor, Tensor]:
        states = self.base(input_ids=ids, attention_mask=mask, token_type_ids=kinds)
        states = states.last_hidden_state.float()
        return self.pair(states[:, 0]).squeeze(-1), self.token(states).squeeze(-1)


class _Exported(nn.Module):
    """(pairs, 2) as supportbot.guardrails.support_encoder has it."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Tensor:
        pair, tokens = self.encoder(input_ids, attention_mask, token_type_ids)
        said = (token_type_ids > 0) & (attention_mask > 0) & (input_ids != END)
        return torch.stack([pair, -_worst(tokens, said)], 1)


def tokenizer() -> Tokenizer:
    """The bundled model's, which reads texts whole."""
    found = Tokenizer.from_file(str(Path(source_of(BUNDLED)) / "tokenizer.json"))
    found.no_padding()
    found.no_truncation()
    return found


def tune(
    pairs: Sequence[Pair], *, epochs: float, minutes: float, say: Say, state: Path | None = None
) -> Encoder:
    """Stops after so many epochs or minutes, whichever comes first; the learning rate has fallen
    to nothing by then. Goes on from the weights in `state`, if that file exists, and keeps them
    there."""
    torch.manual_seed(SEED)
    encoder, words = Encoder(), tokenizer()
    if state is not None and state.exists():
        encoder.load_state_dict(torch.load(state, weights_only=True))
    read = [(_tokens(pair, words), float(pair.supported)) for pair in pairs]
    trained = [weights for weights in encoder.parameters() if weights.requires_grad]
    optimizer = torch.optim.AdamW(trained, RATE, weight_decay=0.01)
    share = float(np.mean([supported for _, supported in read]))
    weight = (1 - share) / share  # both classes weigh alike
    total, started = int(epochs * len(read) / BATCH), time.monotonic()
    for step, batch in enumerate(_batches(read, total), start=1):
        done = max(step / total, (time.monotonic() - started) / (60 * minutes))
        if done >= 1:
            break
        optimizer.param_groups[0]["lr"] = RATE * min(1, step / WARM_UP) * (1 - done)
        loss = _loss(encoder, batch, weight)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if step % 50 == 0:
            say(f"{step}/{total} steps, loss {loss.item():.3f}")
    if state is not None:
        torch.save(encoder.state_dict(), state)
    return encoder.eval()


def _batches(read: Sequence[Any], total: int) -> Any:
    """Batches of like length, as many as are asked for."""
    chance = random.Random(SEED)  # noqa: S311  the same in every run
    given = 0
    while given < total:
        order = chance.sample(range(len(read)), len(read))
        batches = []
        for start in range(0, len(order), BATCH * SORTED_TOGETHER):
            part = order[start : start + BATCH * SORTED_TOGETHER]
            part.sort(key=lambda row: len(read[row][0].ids))
            batches += [part[n : n + BATCH] for n in range(0, len(part), BATCH)]
        chance.shuffle(batches)
        for batch in batches[: total - given]:
            yield [read[row] for row in batch]
            given += 1


def _loss(encoder: Encoder, batch: Sequence[tuple[Tokens, float]], weight: float) -> Tensor:
    ids, mask, kinds, said = _tensors([tokens for tokens, _ in batch])
    supported = torch.tensor([truth for _, truth in batch])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        pair, tokens = encoder(ids, mask, kinds)
    weights = torch.where(supported > 0, weight, 1.0)
    entropy = nn.functional.binary_cross_entropy_with_logits
    loss = entropy(pair, supported, weights)
    loss = loss + TOKEN_SHARE * entropy(-_worst(tokens, said), supported, weights)
    faults = torch.full(ids.shape, UNKNOWN)
    for row, (one, _) in enumerate(batch):
        if one.faults:
            faults[row, one.first : one.first + one.count] = torch.tensor(one.faults)
    known = faults >= 0
    if known.any():
        loss = loss + entropy(tokens[known], faults[known], pos_weight=torch.tensor(FAULT_WEIGHT))
    return loss


def _tokens(pair: Pair, words: Tokenizer) -> Tokens:
    said = words.encode(pair.sentence, add_special_tokens=False)
    ids = said.ids[:SENTENCE_TOKENS]
    source = words.encode(pair.source, add_special_tokens=False).ids
    source = source[: PAIR_TOKENS - len(ids) - 3]
    faults = [
        float(any(start < b and end > a for a, b in pair.faults or ()))
        for start, end in said.offsets[:SENTENCE_TOKENS]
    ]
    known = faults if pair.faults is not None else []
    return Tokens([START, *source, END, *ids, END], len(source) + 2, len(ids), known)


def _tensors(read: Sequence[Tokens]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Ids, mask, kinds (1 for the sentence), and which are tokens of the sentence."""
    width = max(len(one.ids) for one in read)
    ids = torch.zeros((len(read), width), dtype=torch.long)
    mask, kinds = torch.zeros_like(ids), torch.zeros_like(ids)
    said = torch.zeros_like(ids, dtype=torch.bool)
    for row, one in enumerate(read):
        ids[row, : len(one.ids)] = torch.tensor(one.ids)
        mask[row, : len(one.ids)] = 1
        kinds[row, one.first : len(one.ids)] = 1
        said[row, one.first : one.first + one.count] = True
    return ids, mask, kinds, said


def _worst(tokens: Tensor, said: Tensor) -> Tensor:
    return tokens.masked_fill(~said, NEVER).max(1).values


def write(encoder: Encoder, model: Path, tokenizer_file: Path, about: Mapping[str, object]) -> None:
    """As ONNX with 8-bit weights; beside it the tokenizer and, as JSON, what it was tuned to."""
    encoder.base.set_attn_implementation("eager")
    example = tuple(_tensors([Tokens([START, 1996, END, 2009, END], 3, 1, [])])[:3])
    names = ["input_ids", "attention_mask", "token_type_ids"]
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole.onnx"
        with torch.no_grad():
            torch.onnx.export(
                _Exported(encoder).eval(),
                example,
                str(whole),
                input_names=names,
                output_names=["logits"],
                dynamic_axes={name: {0: "pairs", 1: "tokens"} for name in names},
                opset_version=17,
                dynamo=False,  # the newer exporter needs onnxscript
            )
        quantize_dynamic(
            whole,
            model,
            weight_type=QuantType.QInt8,
            per_channel=True,
            op_types_to_quantize=["MatMul", "Gather"],
        )
    shutil.copyfile(Path(source_of(BUNDLED)) / "tokenizer.json", tokenizer_file)
    text = json.dumps({"tuned_from": "all-MiniLM-L6-v2", "seed": SEED, **about}, indent=2)
    model.with_suffix(".json").write_text(f"{text}\n", encoding="utf-8")
