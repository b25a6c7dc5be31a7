"""A site that embeds the widget, set up here and read by the widget itself."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, RegexValidator
from django.db import models

from supportbot.widget.colours import text_on
from supportbot.widget.origins import origin_of

MOST_SUGGESTIONS = 6
DEFAULT_COLOUR = "#0f6e66"
COLOUR = r"^#[0-9a-fA-F]{6}\Z"


class Site(models.Model):
    """What its visitors see of the widget before they have written a word."""

    class Position(models.TextChoices):
        DEFAULT = "", "Where a line ends: right, and left in Arabic"
        LEFT = "left", "Left"
        RIGHT = "right", "Right"

    class Theme(models.TextChoices):
        SYSTEM = "", "As the visitor's device"
        LIGHT = "light", "Light"
        DARK = "dark", "Dark"

    class AskFirst(models.TextChoices):
        NOTHING = "", "Nothing"
        OPTIONAL = "optional", "Name and e-mail address; visitors may skip it"
        REQUIRED = "required", "Name and e-mail address, before the first question"

    class Language(models.TextChoices):
        """Those that the widget speaks: frontend/src/launcher/language.ts."""

        PAGE = "", "As the page, else the browser"
        ENGLISH = "en", "English"
        GERMAN = "de", "German"
        FRENCH = "fr", "French"
        SPANISH = "es", "Spanish"
        PORTUGUESE = "pt", "Portuguese"
        ITALIAN = "it", "Italian"
        DUTCH = "nl", "Dutch"
        POLISH = "pl", "Polish"
        ARABIC = "ar", "Arabic"
        JAPANESE = "ja", "Japanese"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100, help_text="For you; visitors do not see it.")
    origins = ArrayField(
        models.CharField(max_length=200),
        default=list,
        blank=True,
        help_text="One a line, such as https://shop.example. Pages of other origins are refused.",
    )
    is_online = models.BooleanField(
        "online",
        default=True,
        help_text="Offline, the widget is not shown there. The line on the site can stay.",
    )
    heading = models.CharField(
        max_length=80, blank=True, help_text="The title of the chat, such as your brand's name."
    )
    greeting = models.CharField(
        max_length=300, blank=True, help_text="What a visitor reads before the first question."
    )
    suggestions = ArrayField(
        models.CharField(max_length=120),
        default=list,
        blank=True,
        validators=[MaxLengthValidator(MOST_SUGGESTIONS)],
        verbose_name="example questions",
        help_text=f"One a line, {MOST_SUGGESTIONS} at most. Choose what your documents answer.",
    )
    follow_ups = models.BooleanField(
        "suggests what to ask next",
        default=True,
        help_text="Under an answer stand up to three questions that your documents answer, too.",
    )
    has_help = models.BooleanField(
        "shows help articles",
        default=True,
        help_text="Visitors read and search, in the chat, the documents that answers rest on.",
    )
    has_sound = models.BooleanField(
        "plays a sound",
        default=False,
        help_text="An agent’s reply is heard while the chat is closed or in another tab. Visitors "
        "can turn it off.",
    )
    privacy_url = models.URLField("privacy notice", blank=True, max_length=300)
    colour = models.CharField(
        max_length=7,
        default=DEFAULT_COLOUR,
        validators=[RegexValidator(COLOUR, "Write it as #rrggbb.")],
        help_text="The text on it is black or white, whichever is read better.",
    )
    position = models.CharField(max_length=5, choices=Position, default="", blank=True)
    theme = models.CharField(max_length=5, choices=Theme, default="", blank=True)
    language = models.CharField(max_length=2, choices=Language, default="", blank=True)
    ask_first = models.CharField(
        "asks first",
        max_length=8,
        choices=AskFirst,
        default="",
        blank=True,
        help_text="What a visitor gives before they chat. Replies reach them there by e-mail.",
    )
    consent = models.CharField(
        max_length=300,
        blank=True,
        help_text="What a visitor must agree to when they leave an address; empty: nothing.",
    )
    has_own_customers = models.BooleanField(
        "has customers of its own",
        default=False,
        help_text="A customer's id means somebody else here than on other sites. Decide before "
        "the first customer signs in.",
    )
    takes_identities_once = models.BooleanField(
        "takes an identity once",
        default=False,
        help_text="Your server then signs a new identity, with a new “jti”, for every page view.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["name", "created_at"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Origins as browsers send them, each once."""
        origins = {each: origin_of(each) for each in self.origins}
        for each, origin in origins.items():
            if origin is None:
                told = f"“{each}” is no origin. Write a scheme and a host: https://shop.example"
                raise ValidationError({"origins": told})
        self.origins = list(dict.fromkeys(filter(None, origins.values())))

    def attributes(self) -> dict[str, str | list[str]]:
        """The attributes of the element that say something; a page's own win over them."""
        given: dict[str, str | list[str]] = {
            "heading": self.heading,
            "greeting": self.greeting,
            "suggestions": self.suggestions,
            "privacy-url": self.privacy_url,
            "position": self.position,
            "theme": self.theme,
            "lang": self.language,
            "ask-first": self.ask_first,
            "consent": self.consent,
            "help": "" if self.has_help else "off",
            "follow-ups": "" if self.follow_ups else "off",
            "sound": "on" if self.has_sound else "",
        }
        return {name: value for name, value in given.items() if value}

    def to_widget(self) -> dict[str, object]:
        """All that the widget is told; of a site that is offline, nothing but that."""
        if not self.is_online:
            return {"online": False}
        return {
            "online": True,
            "attributes": self.attributes(),
            "colour": self.colour,
            "text_colour": text_on(self.colour),
        }


class SiteSecret(models.Model):
    """What a site's server signs identities with. The secret itself is made of the salt and the
    installation's key (see site_secrets), so that the database alone gives nobody one."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="secrets")
    salt = models.UUIDField(default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    ends_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        default_permissions: ClassVar = ()
        ordering: ClassVar = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"Secret of {self.site}"


class UsedIdentity(models.Model):
    """An identity that a site takes once, kept until it expires. Hashes only: it names nobody."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="+")
    jti_hash = models.CharField(max_length=64)
    session_hash = models.CharField(max_length=64, blank=True)
    expires_at = models.DateTimeField()

    class Meta:
        default_permissions: ClassVar = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["site", "jti_hash"], name="widget_identity_once")
        ]
        indexes: ClassVar = [
            # those that can be forgotten
            models.Index(fields=["expires_at"], name="widget_identity_expired")
        ]

    def __str__(self) -> str:
        return self.jti_hash[:8]
