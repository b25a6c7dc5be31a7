"""The path of a message: receive → validate → enrich → generate → check → deliver."""
