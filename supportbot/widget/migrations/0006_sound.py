"""Whether a site plays a sound for an agent’s reply."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("widget", "0005_help_articles"),
    ]

    operations = [
        migrations.AddField(
            model_name="site",
            name="has_sound",
            field=models.BooleanField(
                default=False,
                help_text="An agent’s reply is heard while the chat is closed or in another tab. Visitors can turn it off.",
                verbose_name="plays a sound",
            ),
        ),
    ]
