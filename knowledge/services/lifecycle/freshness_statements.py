"""What the proof of freshness asks the database, and what it says when the answer is wrong.

Each statement gives rows of (version, code, how many, ids of the first passages).
"""

from __future__ import annotations

NAMED_PASSAGES = 20  # ids that a problem names

_SERVE_ANEW = "Run “manage.py freshness --repair”, or publish or retire a version of this document."
_READ_ANEW = "Retire the version and upload its file again."
# code → what is wrong with so many passages of a version, and what to do
PROBLEMS = {
    "not_published": ("served although the version is not published", _SERVE_ANEW),
    "not_read": ("served although the version is not read to the end", _READ_ANEW),
    "wrong_days": ("served on other days than those on which it is in effect", _SERVE_ANEW),
    "wrong_audience": ("served to another audience than the version's", _SERVE_ANEW),
    "wrong_collection": ("served in another collection than the document's", _READ_ANEW),
    "not_whole": ("missing from what is served, or too many", _SERVE_ANEW + " " + _READ_ANEW),
    "other_passages": ("served that are not the ones it was split into", _READ_ANEW),
    "altered": ("served whose text was altered after it was embedded", _READ_ANEW),
    "no_vector": ("served without a vector in {index}", "Run “manage.py freshness --repair”."),
    "bad_vector": (
        "served with a useless vector in {index}",
        "Run “manage.py freshness --repair”.",
    ),
    "search_entry": (
        "served with a search entry that is not that of the text",
        "Run “manage.py freshness --repair”.",
    ),
    "term_counts": (
        "The counts that search by words weighs terms with are wrong",
        "Run “manage.py freshness --repair”.",
    ),
    "two_in_effect": ("served on a day on which another version is, too", _SERVE_ANEW),
    "no_index": ("served although no embedding index is active", "Run “manage.py reindex”."),
}

IDS = f"(array_agg(p.id ORDER BY p.position))[1:{NAMED_PASSAGES}]"
_IN_EFFECT = """
WITH in_effect AS (
    SELECT v.id, datemultirange(daterange(v.effective_from, v.effective_until)) - COALESCE(
        range_agg(daterange(later.effective_from, later.effective_until))
            FILTER (WHERE later.id IS NOT NULL), '{}'::datemultirange
    ) AS days
    FROM knowledge_documentversion v
    LEFT JOIN knowledge_documentversion later
        ON later.document_id = v.document_id AND later.number > v.number
        AND later.state = 'published'
    WHERE v.state = 'published' GROUP BY v.id
)
"""
SERVED_AS_PUBLISHED = f"""
{_IN_EFFECT}, judged AS (
    SELECT p.id, p.position, p.version_id, CASE
        WHEN v.status <> 'ready' THEN 'not_read'
        WHEN i.id IS NULL THEN 'not_published'
        WHEN p.effective IS DISTINCT FROM i.days THEN 'wrong_days'
        WHEN p.audience <> v.audience THEN 'wrong_audience'
        WHEN p.collection_id <> d.collection_id THEN 'wrong_collection'
    END AS code
    FROM knowledge_passage p JOIN knowledge_documentversion v ON v.id = p.version_id
    JOIN knowledge_document d ON d.id = v.document_id LEFT JOIN in_effect i ON i.id = v.id
    WHERE p.published
)
SELECT p.version_id, p.code, count(*), {IDS} FROM judged p WHERE code IS NOT NULL GROUP BY 1, 2
"""  # noqa: S608  (constants of this module)
WHOLE = f"""
{_IN_EFFECT}, stored AS (
    SELECT p.version_id, count(*) FILTER (WHERE published) AS served,
           count(*) FILTER (WHERE published AND position BETWEEN 0 AND v.progress_total - 1) AS fit,
           encode(sha256(COALESCE(string_agg(text_hash, ''::bytea ORDER BY position)
                                  FILTER (WHERE published), ''::bytea)), 'hex') AS digest,
           (array_agg(p.id ORDER BY position) FILTER (WHERE NOT published))[1:{NAMED_PASSAGES}]
               AS unserved
    FROM knowledge_passage p JOIN in_effect i ON i.id = p.version_id
    JOIN knowledge_documentversion v ON v.id = p.version_id GROUP BY 1
)
SELECT v.id, CASE WHEN served = fit AND served = v.progress_total THEN 'other_passages'
                  ELSE 'not_whole' END,
       GREATEST(abs(v.progress_total - COALESCE(served, 0)), served - fit, 1),
       COALESCE(unserved, '{{}}')
FROM in_effect i JOIN knowledge_documentversion v USING (id)
LEFT JOIN stored s ON s.version_id = v.id
WHERE NOT isempty(i.days)
  AND (served, fit, digest) IS DISTINCT FROM
      (NULLIF(v.progress_total, 0), v.progress_total, v.passages_digest)
"""  # noqa: S608
TWO_IN_EFFECT = f"""
WITH served AS (
    SELECT p.version_id, p.effective, v.document_id, count(*) AS rows, {IDS} AS ids
    FROM knowledge_passage p JOIN knowledge_documentversion v ON v.id = p.version_id
    WHERE p.published GROUP BY 1, 2, 3
)
SELECT a.version_id, 'two_in_effect', a.rows, a.ids FROM served a
WHERE EXISTS (SELECT FROM served b WHERE b.document_id = a.document_id
              AND b.version_id <> a.version_id AND b.effective && a.effective)
"""  # noqa: S608
VECTORS_OF = f"""
SELECT p.version_id, CASE WHEN e.id IS NULL THEN 'no_vector' ELSE 'bad_vector' END, count(*), {IDS}
FROM knowledge_passage p
LEFT JOIN knowledge_embedding e ON e.index_id = %(index)s AND e.text_hash = p.text_hash
WHERE p.published
  AND (e.id IS NULL OR vector_dims(e.vector) <> %(dimensions)s OR l2_norm(e.vector) = 0)
GROUP BY 1, 2
"""  # noqa: S608
ALL_SERVED = f"""
SELECT p.version_id, 'no_index', count(*), {IDS} FROM knowledge_passage p
WHERE p.published GROUP BY 1
"""  # noqa: S608
FIGURES = """
SELECT count(DISTINCT v.document_id), count(*), COALESCE(sum(p.n), 0)
FROM (SELECT version_id, count(*) AS n FROM knowledge_passage WHERE published GROUP BY 1) p
JOIN knowledge_documentversion v ON v.id = p.version_id
"""
TEXTS = """
SELECT count(*) FROM knowledge_embedding e
WHERE e.index_id = %s
  AND EXISTS (SELECT FROM knowledge_passage p WHERE p.published AND p.text_hash = e.text_hash)
"""
ORPHANS = """
SELECT count(*) FROM knowledge_embedding e
WHERE NOT EXISTS (SELECT FROM knowledge_passage p WHERE p.text_hash = e.text_hash)
"""
USELESS_VECTORS = """
DELETE FROM knowledge_embedding e USING knowledge_embeddingindex i
WHERE i.id = e.index_id AND (vector_dims(e.vector) <> i.dimensions OR l2_norm(e.vector) = 0)
"""
