"""The arms and measures of retrieval, by the names that tables, stored runs and charts share."""

from __future__ import annotations

DENSE, LEXICAL, FUSED, RERANKED, BM25S = "dense", "lexical", "fused", "reranked", "bm25s"
ALONE = "{} without history"
ARMS = (DENSE, LEXICAL, FUSED, RERANKED, ALONE.format(LEXICAL), ALONE.format(FUSED), BM25S)

NDCG, RECALL, HIT, MRR, AUROC = "nDCG@10", "recall@10", "hit@3", "MRR@10", "AUROC"
MEASURES = (NDCG, RECALL, HIT, MRR, AUROC)
