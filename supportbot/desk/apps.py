"""The Django app of the desk."""

from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "supportbot.desk"
    label = "desk"
    verbose_name = "Desk"

    def ready(self) -> None:
        from supportbot.desk.assist import erase_words
        from tickets.services.erasure import register_eraser

        register_eraser(erase_words)
