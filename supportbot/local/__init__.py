"""The embedded stack behind `manage.py up`: PostgreSQL, Redis, web, worker and beat as children."""
