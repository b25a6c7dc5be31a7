"""`manage.py prepare_model`: convert the embedding model for ONNX Runtime, once per machine."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from knowledge.embedding.model import EmbeddingModelError, endpoint_model_of, prepare_model


class Command(BaseCommand):
    help = "Prepare the embedding model; quick when that was done before."
    requires_system_checks: list[str] = []  # noqa: RUF012  (Django's own way to say so)

    def handle(self, *args: Any, **options: Any) -> None:
        if endpoint_model_of(settings.EMBEDDING_MODEL) is not None:
            self.stdout.write("The embedding model runs elsewhere, so nothing is prepared.")
            return
        try:
            model = prepare_model(settings.EMBEDDING_MODEL)
        except EmbeddingModelError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"The embedding model “{model.name}” is ready ({model.dimensions} dimensions)."
        )
