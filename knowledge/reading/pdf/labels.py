"""Bullets and numbers of lists, joined to the items that they stand before."""

from __future__ import annotations

from knowledge.reading.pdf.bidi import is_rtl
from knowledge.reading.pdf.spans import LABEL, Span

_FAR = 3.5  # of the letters' height


def with_labels(spans: list[Span]) -> list[Span]:
    """A list item's bullet or number, however far away, belongs to the text beside it."""
    joined: list[Span] = []
    for span in spans:
        last = joined[-1] if joined else None
        if (
            last is not None
            and LABEL.fullmatch(last.text)
            and not LABEL.fullmatch(span.text)
            and 0 <= span.x0 - last.x1 < _FAR * span.size
            and last.y0 < span.middle < last.y1
        ):
            last.text += " " + span.text
            last.x1, last.y0, last.y1 = span.x1, span.y0, span.y1
            last.bold, last.plain = span.bold, span.plain
            last.letters += [(span.x0, " "), *span.letters]
        else:
            joined.append(span)
    return joined


def with_bullets(spans: list[Span], bullets: list[Span]) -> list[Span]:
    """Puts drawn bullets before the spans that they stand before."""
    for bullet in bullets:
        beside = [
            span
            for span in spans
            if span.y0 < bullet.middle < span.y1 and 0 < _distance(bullet, span) < _FAR * span.size
        ]
        nearest = min(beside, key=lambda span: _distance(bullet, span), default=None)
        if nearest is not None and not LABEL.match(nearest.text[:2].strip()):
            nearest.text = f"• {nearest.text}"
            nearest.letters.insert(0, (bullet.x0, "• "))
            nearest.x0 = min(bullet.x0, nearest.x0)
    return spans


def _distance(bullet: Span, span: Span) -> float:
    return bullet.x0 - span.x1 if is_rtl(span.text) else span.x0 - bullet.x1
