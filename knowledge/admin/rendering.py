"""Pictures of a PDF's pages, drawn when somebody looks at them."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import structlog

from knowledge.models import DocumentVersion

log = structlog.get_logger(__name__)

DPI = 110  # a page of A4 is 910 pixels wide: sharp in a column of a laptop's screen
MEGABYTES = 1024
SECONDS = 20
PNG = b"\x89PNG\r\n\x1a\n"
_SCRIPT = Path(__file__).with_name("render_pdf_page.py")
# Each is a process; a few editors must not take the machine from the customers.
_slots = threading.BoundedSemaphore(2)


class PageNotDrawnError(Exception):
    """The page cannot be shown. `str()` is a sentence for an editor."""


def draw_page(version: DocumentVersion, page: int) -> bytes:
    """A page, the first being 1, as a PNG. Raises PageNotDrawnError."""
    path = Path(version.file.path)
    if not path.is_file():
        raise PageNotDrawnError("The file is no longer stored. Upload it again.")
    limits = [str(MEGABYTES), str(SECONDS)]
    command = [sys.executable, "-I", str(_SCRIPT), str(path), str(page), str(DPI), *limits]
    with _slots:
        try:
            done = subprocess.run(command, capture_output=True, check=False, timeout=2 * SECONDS)
        except subprocess.TimeoutExpired:
            raise PageNotDrawnError(
                "This page takes too long to draw. Download the file."
            ) from None
    if done.returncode != 0 or not done.stdout.startswith(PNG):
        said = done.stderr[-500:].decode(errors="replace")
        log.warning("page_not_drawn", version=version.pk, page=page, said=said)
        raise PageNotDrawnError("This page cannot be drawn. Download the file.")
    return done.stdout
