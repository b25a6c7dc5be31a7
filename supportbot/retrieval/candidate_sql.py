"""The statement that finds and scores candidates, put together for a plan.

The conditions that decide its plan (day, audiences, collections) are written into the statement;
what changes from query to query is a parameter. PostgreSQL then plans a statement once for each
connection, which would otherwise take an eighth of a search's time. It also sees that most passages
are in effect; without that it does not trust the vector index to find enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.models import EmbeddingIndex
from knowledge.terms import NUMBERS
from supportbot.retrieval.scope import IndexState, Scope, audience_array, collection_array
from supportbot.retrieval.settings import RetrievalSettings

# How many passages a term may select. Measured at 100,000 passages with real questions: 90% of the
# best 40 by BM25 are scored, in half the time that the rarest terms alone would take.
RARE = 500  # passages that the rarest terms select together
RARE_ALONE = 1500  # passages that the rarest term may select alone
PAIRED = 10_000  # passages of the less rare terms, of which a passage must hold two
PAIRED_BITS = 3  # so the places of these terms have 3 binary digits, and there are at most 8
MIN_COLLECTION = 1000  # passages; a smaller collection says little about how rare a word is
MAX_HIDDEN = 4  # scores at most so many times more where the reader may not see most passages
MAX_SCORED = 6000  # passages, when the only term is a common one
MAX_QUESTION_TERMS = 2000  # pgvector takes 16,000 in one vector
MAX_HISTORY_TERMS = 20


@dataclass(frozen=True)
class Plan:
    """How candidates are generated. `with_vectors`: read the candidates' vectors, too."""

    index: EmbeddingIndex
    scope: Scope
    state: IndexState
    settings: RetrievalSettings
    with_vectors: bool = False


# Conditions on a passage.
_READABLE = "p.published AND p.effective @> date '{as_of}' AND p.audience = ANY('{audiences}')"
_IN_COLLECTIONS = " AND p.collection_id = ANY('{collections}')"
_NOT_REPLACED = (
    " AND p.version_id NOT IN (SELECT other.id FROM knowledge_documentversion version "
    "JOIN knowledge_documentversion other USING (document_id) WHERE version.id = {preview})"
)

# Generators: each selects candidates as (id, distance, bm25).
_DISTANCE = "e.vector::halfvec({dimensions}) <=> %(vector)s::halfvec({dimensions})"
_DENSE = """
    (SELECT p.id, {distance} AS distance, NULL::float8 AS bm25
     FROM knowledge_embedding e JOIN knowledge_passage p USING (text_hash)
     WHERE e.index_id = {index} AND {readable}
     ORDER BY {distance} LIMIT {candidates})
"""
# OFFSET 0 keeps the planner from using the approximate index.
_DENSE_EXACT = """
    (SELECT id, distance, NULL::float8 AS bm25 FROM (
        SELECT p.id, {distance} AS distance
        FROM knowledge_passage p JOIN knowledge_embedding e USING (text_hash)
        WHERE e.index_id = {index} AND {readable} OFFSET 0
     ) e ORDER BY distance LIMIT {candidates})
"""
_LEXICAL = """
    (SELECT id, NULL::float8 AS distance, -(p.weights <#> (SELECT weights FROM query)) AS bm25
     FROM (
        SELECT p.id, p.weights FROM knowledge_passage p
        WHERE (p.terms && (SELECT rare_terms FROM query){paired}) AND {readable} LIMIT {max_scored}
     ) p ORDER BY bm25 DESC LIMIT {candidates})
"""
# The places of two different terms differ in at least one bit. So a passage that holds two paired
# terms holds, for some bit, one term whose place has it and one whose place has it not.
_PAIRED = (
    " OR (p.terms && (SELECT terms_without_{bit} FROM query)"
    " AND p.terms && (SELECT terms_with_{bit} FROM query))"
)
_TERMS_BY_BIT = """
           array_agg(term) FILTER (WHERE is_paired AND place & {bit} = 0) AS terms_without_{bit},
           array_agg(term) FILTER (WHERE is_paired AND place & {bit} > 0) AS terms_with_{bit},"""
_BITS = [2**bit for bit in range(PAIRED_BITS)]
NEIGHBOURS = """
    (SELECT p.id, NULL::float8 AS distance, NULL::float8 AS bm25 FROM knowledge_passage best
     JOIN knowledge_passage p ON p.version_id = best.version_id
         AND p.position IN (best.position - 1, best.position + 1)
     WHERE best.id = ANY(%(best)s) AND p.id <> ALL(%(known)s))
"""
_PREVIEW = """
    (SELECT id, NULL::float8 AS distance, NULL::float8 AS bm25 FROM knowledge_passage
     WHERE version_id = {preview})
"""

# The query's terms are classified by how many passages hold them (rare, paired, or neither), then
# gathered into one row, `query`. Its columns are the same for every candidate, so only the first
# row of the result carries them.
_STATEMENT = """
WITH query_term AS MATERIALIZED (
    SELECT q.term, q.weight, q.from_history,
           GREATEST(COALESCE(t.passages, 0), 0) AS passages,
           ln(1 + (GREATEST(r.passages, t.passages, {min_collection}) - GREATEST(t.passages, 0)
                   + 0.5)
                / (COALESCE(GREATEST(t.passages, 0), 0) + 0.5)) AS idf
    FROM unnest(%(terms)s::int[], %(weights)s::float4[], %(from_history)s::bool[])
             AS q (term, weight, from_history)
    LEFT JOIN knowledge_term t ON t.id = q.term
    CROSS JOIN (SELECT COALESCE(max(passages), 0) AS passages FROM knowledge_revision) r
),
kept_term AS (
    SELECT term, weight, passages, idf,
           count(*) FILTER (WHERE passages > 0) OVER () AS known_terms,
           sum(passages) OVER (ORDER BY passages, term) - passages AS passages_of_rarer
    FROM (
        SELECT *, row_number() OVER (PARTITION BY from_history ORDER BY weight * idf DESC, term)
                      AS importance
        FROM query_term
    ) ranked
    WHERE importance <= CASE WHEN from_history THEN {max_history_terms}
                             ELSE {max_question_terms} END
),
rare_term AS (
    SELECT *, passages > 0 AND (passages_of_rarer + passages <= {rare} OR passages_of_rarer = 0 AND
                                (passages <= {rare_alone} OR known_terms = 1)) AS is_rare
    FROM kept_term
),
placed_term AS (
    SELECT *, (row_number() OVER (PARTITION BY is_rare, passages > 0 ORDER BY passages, term))::int
               - 1 AS place
    FROM rare_term
),
classified_term AS (
    SELECT *, passages > 0 AND NOT is_rare AND place < {max_paired}
              AND (place < 2 OR passages_of_rarer + passages <= {paired}) AS is_paired
    FROM placed_term
),
query AS MATERIALIZED (
    SELECT array_agg(term) FILTER (WHERE is_rare) AS rare_terms,{terms_by_bit}
           array_agg(term ORDER BY term) AS terms,
           array_agg(idf::float8 ORDER BY term) AS idf,
           array_agg(weight::float8 ORDER BY term) AS term_weights,
           ('{{' || string_agg(term || ':' || (weight * idf)::float4, ',' ORDER BY term)
               || '}}/{numbers}')::sparsevec AS weights
    FROM classified_term
)
SELECT p.id,
       d.id AS document_id,
       d.external_id,
       d.title,
       v.number AS version,
       p.heading,
       p.page,
       p.position,
       p.text,
       p.context,
       d.locale,
       d.source_url,
       v.effective_from,
       v.created_at AS updated_at,
       1 - COALESCE(candidate.distance, (SELECT {distance} FROM {embedding})) AS dense,
       COALESCE(candidate.bm25, -(p.weights <#> query.weights), 0) AS lexical,
       p.terms,
       {vector} AS vector,
       (SELECT e.units FROM {embedding}) AS unit_vectors,
       {in_first_row} query.terms END AS query_terms,
       {in_first_row} query.idf END AS query_idf,
       {in_first_row} query.term_weights END AS query_weights,
       {in_first_row} (SELECT COALESCE(max(number), 0) FROM knowledge_revision) END AS revision,
       {in_first_row} (SELECT id FROM knowledge_embeddingindex WHERE state = 'active') END
           AS active_index
FROM (
    SELECT id, min(distance) AS distance, max(bm25) AS bm25
    FROM ({generators}) generated GROUP BY id
) candidate
JOIN knowledge_passage p USING (id)
JOIN knowledge_documentversion v ON v.id = p.version_id
JOIN knowledge_document d ON d.id = v.document_id
CROSS JOIN query
"""
_EMBEDDING = "knowledge_embedding e WHERE e.index_id = {index} AND e.text_hash = p.text_hash"
_VECTOR = "(SELECT halfvec_send(e.vector) FROM {embedding})"
_IN_FIRST_ROW = "CASE WHEN row_number() OVER () = 1 THEN"


def generators(plan: Plan) -> list[str]:
    """The selects that generate candidates: by meaning, by words, and those of a preview."""
    scope, settings = plan.scope, plan.settings
    readable = _readable(scope)
    limit = int(settings.candidates)
    selects = []
    if settings.dense:
        dense = _DENSE_EXACT if plan.state.is_small else _DENSE
        selects.append(
            dense.format(
                index=int(plan.index.pk),
                readable=readable,
                distance=_DISTANCE.format(dimensions=int(plan.index.dimensions)),
                candidates=limit,
            )
        )
    if settings.lexical:
        selects.append(
            _LEXICAL.format(
                readable=readable,
                paired="".join(_PAIRED.format(bit=bit) for bit in _BITS),
                max_scored=MAX_SCORED,
                candidates=limit,
            )
        )
    if scope.preview is not None:
        selects.append(_PREVIEW.format(preview=int(scope.preview)))
    return selects


def _readable(scope: Scope) -> str:
    condition = _READABLE.format(as_of=scope.as_of.isoformat(), audiences=audience_array(scope))
    if scope.collections is not None:
        condition += _IN_COLLECTIONS.format(collections=collection_array(scope))
    if scope.preview is not None:
        condition += _NOT_REPLACED.format(preview=int(scope.preview))
    return condition


def statement(plan: Plan, generators: Sequence[str]) -> str:
    """The whole statement for these generators. Its parameters: terms, weights, from_history and
    vector, and best and known for NEIGHBOURS."""
    factor = _hidden_factor(plan.state)
    embedding = _EMBEDDING.format(index=int(plan.index.pk))
    return _STATEMENT.format(
        generators="\n    UNION ALL\n".join(generators),
        embedding=embedding,
        distance=_DISTANCE.format(dimensions=int(plan.index.dimensions)),
        in_first_row=_IN_FIRST_ROW,
        max_question_terms=MAX_QUESTION_TERMS,
        max_history_terms=MAX_HISTORY_TERMS,
        max_paired=2**PAIRED_BITS,
        min_collection=MIN_COLLECTION,
        rare=RARE * factor,
        rare_alone=RARE_ALONE * factor,
        paired=PAIRED * factor,
        terms_by_bit="".join(_TERMS_BY_BIT.format(bit=bit) for bit in _BITS),
        numbers=NUMBERS,
        vector=_VECTOR.format(embedding=embedding) if plan.with_vectors else "NULL",
    )


def _hidden_factor(state: IndexState) -> int:
    """How many times more passages to score. Terms are classified by all passages that hold them,
    including those the reader may not see."""
    if not state.is_small:
        return 1
    return round(min(MAX_HIDDEN, max(1.0, state.passages / max(1, state.readable))))
