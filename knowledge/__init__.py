"""Documents, their versions and passages, and the embeddings that make them searchable."""
