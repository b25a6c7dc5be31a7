"""The Django app of accounts."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "supportbot.accounts"
    label = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        from axes.models import AccessAttempt

        from supportbot.accounts import lockout, log_ins
        from supportbot.accounts.roles import update_roles

        log_ins.connect()
        lockout.connect()
        # The admin's pages call them so; django-axes says "access attempt".
        names = AccessAttempt._meta
        names.verbose_name, names.verbose_name_plural = "lock-out", "lock-outs"
        # Permissions are made by the same signal, app by app; this app is the last of the list.
        post_migrate.connect(update_roles, sender=self, dispatch_uid="accounts.roles")
