"""What a visitor pays for the committed bundle, compressed as a web server sends it."""

from __future__ import annotations

import gzip
from pathlib import Path

from django.conf import settings

DIST = Path(settings.BASE_DIR) / "frontend" / "dist"
LAUNCHER = 5_000
ALL = 40_000


def _size(path: Path) -> int:
    return len(gzip.compress(path.read_bytes(), 9))


def test_a_page_loads_no_more_than_a_small_launcher() -> None:
    assert _size(DIST / "support-chat.js") <= LAUNCHER


def test_who_chats_loads_no_more_than_forty_thousand_bytes() -> None:
    # The form for an address, or the way round a blocked WebSocket, is loaded where it is needed.
    later = {f"support-chat-{name}.js" for name in ("more", "rest", "help", "proof")}
    code = sum(_size(path) for path in DIST.glob("*.js") if path.name not in later)
    words = [_size(path) for path in DIST.glob("locales/*.js")]
    assert code + max(words, default=0) <= ALL
