"""Draws one page of a PDF as a PNG, in a process of its own with limits: a file that makes the
reader crash or grow takes nothing else down. Run by path, so that it needs neither Django nor
settings: `python render_pdf_page.py FILE PAGE DPI MEGABYTES SECONDS`, page 1 being the first.
"""

from __future__ import annotations

import resource
import sys


def main() -> None:
    file, page, dpi, megabytes, seconds = sys.argv[1:]
    memory = int(megabytes) * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds)))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import kreuzberg

    sys.stdout.buffer.write(kreuzberg.render_pdf_page(file, int(page) - 1, dpi=int(dpi)))


if __name__ == "__main__":
    main()
