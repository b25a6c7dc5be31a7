"""Contrast of colours, as WCAG 2.2 measures it."""

from __future__ import annotations

WHITE, BLACK = "#ffffff", "#000000"
_LINEAR_BELOW = 0.04045


def text_on(colour: str) -> str:
    """White or black, whichever has more contrast to the colour `#rrggbb`: 4.5 at least."""
    return max((WHITE, BLACK), key=lambda text: contrast(text, colour))


def contrast(one: str, other: str) -> float:
    """From 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(share: float) -> float:
    if share <= _LINEAR_BELOW:
        return share / 12.92
    return float(((share + 0.055) / 1.055) ** 2.4)
