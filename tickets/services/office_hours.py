"""When people are there to answer."""

from __future__ import annotations

import datetime as dt


def opens_at(moment: dt.datetime) -> dt.datetime | None:
    """When somebody is there again; None: somebody is there at that moment."""
    return None
