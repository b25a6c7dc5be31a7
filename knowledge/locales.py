"""Languages by name: what people choose from, in place of tags such as “pt-BR”."""

from __future__ import annotations

import functools
from collections.abc import Iterable

from babel import Locale, UnknownLocaleError
from django.conf import global_settings

# Countries whose wording differs from that of the language alone.
_OF_COUNTRIES = (
    *("en-AU", "en-CA", "en-GB", "en-IE", "en-IN", "en-NZ", "en-US", "en-ZA"),
    *("de-AT", "de-CH", "de-DE", "fr-BE", "fr-CA", "fr-CH", "fr-FR", "it-CH", "nl-BE", "nl-NL"),
    *("es-AR", "es-CL", "es-CO", "es-ES", "es-MX", "pt-BR", "pt-PT", "zh-Hans", "zh-Hant"),
)


@functools.lru_cache(maxsize=1024)
def locale_name(tag: str) -> str:
    """“German”, “English (United Kingdom)”; the tag itself where nobody knows a name."""
    try:
        return Locale.parse(tag, sep="-").get_display_name("en") or tag
    except (UnknownLocaleError, ValueError):
        return tag


def locale_choices(in_use: Iterable[str]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Groups of (tag, name) for a select: those in use, then all others, by name."""
    used = set(in_use)
    others = (set(_OF_COUNTRIES) | _languages()) - used
    groups = [("In use", used), ("Others", others)]
    return [
        (label, sorted(((tag, locale_name(tag)) for tag in tags), key=lambda choice: choice[1]))
        for label, tags in groups
        if tags
    ]


@functools.cache
def _languages() -> set[str]:
    """Those that Django knows, without countries and those that have no name."""
    tags = {tag for tag, _ in global_settings.LANGUAGES if "-" not in tag}
    return {tag for tag in tags if locale_name(tag) != tag}
