"""What the SMTP server of the tests does: keep each e-mail as a file, and refuse some."""

from __future__ import annotations

import argparse
import uuid
from pathlib import Path
from typing import Any

GONE = "gone@"  # no such mailbox, for good
BUSY = "busy@"  # try again later


class Keep:
    """Started by `python -m aiosmtpd -c tests.mail.smtp_handler.Keep FOLDER`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def from_cli(cls, parser: argparse.ArgumentParser, folder: str) -> Keep:
        return cls(Path(folder))

    async def handle_RCPT(  # noqa: N802  the name that aiosmtpd looks for
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if address.startswith(GONE):
            return "550 5.1.1 No such mailbox here"
        if address.startswith(BUSY):
            return "451 4.3.0 Try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        part = self.folder / f"{uuid.uuid4().hex}.part"
        part.write_bytes(envelope.content)
        part.rename(part.with_suffix(".eml"))
        return "250 OK"
