"""Rules and vectors of tickets. A vector goes as soon as the words it was made of change."""

import django.db.models.deletion
import pgvector.django.halfvec
from django.db import migrations, models

FORGET = """
CREATE FUNCTION automation_forget_vector() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM automation_ticketvector WHERE ticket_id IN (
        SELECT id FROM tickets_ticket WHERE conversation_id = OLD.conversation_id);
    RETURN NULL;
END $$;
CREATE TRIGGER message_vector_gone AFTER UPDATE OF text ON tickets_message
    FOR EACH ROW WHEN (OLD.text IS DISTINCT FROM NEW.text AND OLD.author = 'customer')
    EXECUTE FUNCTION automation_forget_vector();
CREATE TRIGGER message_vector_removed AFTER DELETE ON tickets_message
    FOR EACH ROW WHEN (OLD.author = 'customer')
    EXECUTE FUNCTION automation_forget_vector();
"""
UNDO = """
DROP TRIGGER message_vector_gone ON tickets_message;
DROP TRIGGER message_vector_removed ON tickets_message;
DROP FUNCTION automation_forget_vector();
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("knowledge", "0001_initial"),  # has the vector extension made
        ("tickets", "0020_search"),
    ]

    operations = [
        migrations.CreateModel(
            name="Rule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=100, unique=True)),
                (
                    "when",
                    models.CharField(
                        choices=[
                            ("opened", "A ticket is opened"),
                            ("customer_wrote", "The customer writes"),
                            ("agent_wrote", "An agent replies"),
                            ("status_changed", "The status changes"),
                            ("edited", "Details change"),
                            ("sla_warned", "A service level is at risk"),
                            ("sla_breached", "A service level is missed"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "condition",
                    models.TextField(
                        blank=True,
                        help_text="In CEL, over the facts below. Empty: always.",
                        verbose_name="and",
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(default=10)),
                ("is_active", models.BooleanField(default=False, verbose_name="on")),
                (
                    "macro",
                    models.ForeignKey(
                        help_text="A macro without a reply: only people answer customers.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rules",
                        to="tickets.macro",
                        verbose_name="then",
                    ),
                ),
            ],
            options={
                "ordering": ["position", "pk"],
            },
        ),
        migrations.CreateModel(
            name="TicketHappening",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "when",
                    models.CharField(
                        choices=[
                            ("opened", "A ticket is opened"),
                            ("customer_wrote", "The customer writes"),
                            ("agent_wrote", "An agent replies"),
                            ("status_changed", "The status changes"),
                            ("edited", "Details change"),
                            ("sla_warned", "A service level is at risk"),
                            ("sla_breached", "A service level is missed"),
                        ],
                        max_length=20,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("done_at", models.DateTimeField(null=True)),
                (
                    "root",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="automation.tickethappening",
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tickets.ticket",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="RuleFiring",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("words", models.TextField(help_text="What was done, or why it was not.")),
                ("was_applied", models.BooleanField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "rule",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="firings",
                        to="automation.rule",
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tickets.ticket",
                    ),
                ),
                (
                    "root",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="automation.tickethappening",
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="TicketVector",
            fields=[
                (
                    "ticket",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="vector",
                        serialize=False,
                        to="tickets.ticket",
                    ),
                ),
                ("model", models.CharField(max_length=300)),
                ("vector", pgvector.django.halfvec.HalfVectorField()),
            ],
            options={
                "indexes": [models.Index(fields=["model"], name="ticket_vector_of_model")],
            },
        ),
        migrations.AddIndex(
            model_name="tickethappening",
            index=models.Index(
                condition=models.Q(("done_at", None)), fields=["id"], name="happening_waiting"
            ),
        ),
        migrations.AddConstraint(
            model_name="rulefiring",
            constraint=models.UniqueConstraint(
                fields=("rule", "ticket", "root"), name="rule_fires_once"
            ),
        ),
        migrations.RunSQL(FORGET, UNDO),
    ]
