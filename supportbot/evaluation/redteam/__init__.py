"""Our own attacks, replayed through the whole pipeline: `manage.py redteam`."""
