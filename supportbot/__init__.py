"""The project package: settings, ASGI and Celery entry points, URLs; and the answer engine."""

from supportbot.celery import app as celery_app

__all__ = ["celery_app"]
