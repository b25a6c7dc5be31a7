"""The Django app of e-mail."""

from django.apps import AppConfig


class MailConfig(AppConfig):
    name = "supportbot.mail"
    label = "mail"
    verbose_name = "E-mail"

    def ready(self) -> None:
        from supportbot.mail import checks  # noqa: F401
        from supportbot.mail.admin_message import show_mail

        show_mail()
