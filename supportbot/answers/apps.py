"""App configuration of the answer pipeline."""

from django.apps import AppConfig


class AnswersConfig(AppConfig):
    name = "supportbot.answers"
    label = "answers"
    verbose_name = "Answers"

    def ready(self) -> None:
        from supportbot.answers import erasure

        erasure.register()
