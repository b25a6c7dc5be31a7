"""The arms and measures of retrieval, by the names that tables, stored runs and charts share."""

from __future__ import annotations

DENSE, LEXICAL, FUSED, RERANKED, BM25S = "dense", "lexical", "fused", "reranked", "bm25s"
ALONE = "{} without history"
ARMS = (DENSE, LEXICAL, FUSED, RERANKED, ALONE.format(LEXICAL), ALONE.format(FUSED), BM25S)

NDCG, RECALL, HIT, MRR, AUROC = "nDCG@10", "recall@10", "hit@3", "MRR@10", "AUROC"
MEASURES = (NDCG, RECALL, HIT, MRR, AUROC)

# Of answers: the product, and what anyone could say with what was retrieved.
ANSWERS, FIRST_THREE, BEST_THREE = "product", "first three sentences", "best three by embedding"
ANSWER_ARMS = (ANSWERS, FIRST_THREE, BEST_THREE)

PRECISION, GOLD_RECALL, F1 = "precision", "recall", "F1"
GOLD_DOCUMENT, ANSWER_WORDS = "gold document", "word F1"
MUST, MUST_ENTRIES, MUST_NOT = "all said", "share said", "wrongly said"
ANSWERED_RIGHT, FALSE_ANSWERS, WITHHELD = "right", "false answers", "withheld"
ASKED_BACK, WORDS = "asked back", "words"
ANSWER_MEASURES = (
    *(ANSWERED_RIGHT, MUST, MUST_ENTRIES, MUST_NOT, F1, PRECISION, GOLD_RECALL, GOLD_DOCUMENT),
    *(ANSWER_WORDS, FALSE_ANSWERS, WITHHELD, ASKED_BACK, WORDS),
)

# Of grounding: the product is the arm ANSWERS, beside what anyone could compare instead.
EMBEDDING, ROUGE, OVERLAP = "embedding cosine", "ROUGE-2", "token overlap"
SUPPORT = "support alone"
GROUNDING_ARMS = (ANSWERS, SUPPORT, EMBEDDING, ROUGE, OVERLAP)

BALANCED, OWN_THRESHOLD = "balanced accuracy", "at its own threshold"
FALSE_ALARMS = "false alarms"  # of the supported, where 90% of the unsupported are found
STOPPED, PASSED = "stopped", "passed"
# Of ordinary messages before the guardrails.
STOPPED_MESSAGES, MASKED_MESSAGES = "messages stopped", "messages masked"
GUARDRAIL_MEASURES = (STOPPED_MESSAGES, MASKED_MESSAGES)
GROUNDING_MEASURES = (BALANCED, OWN_THRESHOLD, AUROC, FALSE_ALARMS, STOPPED, PASSED)

# Of personal data: the kinds are the arms, beside ANSWERS for those of TARGET_KINDS together.
FALSE_MASKS = "false masks"  # share of ordinary questions in which something is masked
PII_MEASURES = (GOLD_RECALL, PRECISION, FALSE_MASKS)

# Of injection: the product's head is the arm ANSWERS.
LINEAR, TREES, NGRAMS = "linear head", "tree head", "token n-grams"
INJECTION_ARMS = (ANSWERS, LINEAR, TREES, NGRAMS)

FOUND, ALARMS = "found", "false alarms on ordinary questions"
HARD_ALLOWED = "hard negatives allowed"
INJECTION_MEASURES = (FOUND, HARD_ALLOWED, ALARMS)

# Of triage: the product is the arm ANSWERS.
TEN_EACH, NEAREST = "ten examples each", "nearest example"
TRIAGE_ARMS = (ANSWERS, TEN_EACH, NEAREST)
ACCURACY, IN_SCOPE, OUT_OF_SCOPE_RECALL = "accuracy", "in scope", "out-of-scope recall"
MACRO_F1 = "macro F1"
TRIAGE_MEASURES = (ACCURACY, IN_SCOPE, OUT_OF_SCOPE_RECALL, AUROC, MACRO_F1)
