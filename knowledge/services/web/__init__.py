"""Web sources: which pages they have, when each is fetched, and what becomes of its document."""
