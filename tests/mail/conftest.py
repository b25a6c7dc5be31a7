"""Real mail servers on loopback, each a process of its own: aiosmtpd for SMTP, pymap for IMAP."""

from __future__ import annotations

import email
import email.policy
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email.message import EmailMessage
from pathlib import Path

import pytest
from imap_tools import MailBoxUnencrypted
from pytest_django import Settings

from supportbot.mail_settings import Server, read_server

ROOT = Path(__file__).parents[2]
SUPPORT = "support@shop.example"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def started(port: int, *argv: str) -> subprocess.Popen[bytes]:
    """A server process that listens."""
    process = subprocess.Popen(
        [sys.executable, *argv],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return process
    process.kill()
    raise RuntimeError(f"{argv[0]} does not listen")


@dataclass(frozen=True)
class Smtp:
    """The SMTP server, and what it has taken, oldest first."""

    port: int
    folder: Path

    @property
    def taken(self) -> list[EmailMessage]:
        files = sorted(self.folder.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
        return [
            email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            for path in files
        ]


@pytest.fixture(scope="session")
def smtp_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Smtp]:
    folder, port = tmp_path_factory.mktemp("smtp"), free_port()
    handler = "tests.mail.smtp_handler.Keep"
    process = started(
        port, "-m", "aiosmtpd", "-n", "-l", f"127.0.0.1:{port}", "-c", handler, str(folder)
    )
    yield Smtp(port, folder)
    process.terminate()
    process.wait(10)


@pytest.fixture
def smtp(smtp_process: Smtp, settings: Settings) -> Smtp:
    """The SMTP server, empty, and the product set up to send through it."""
    for path in smtp_process.folder.iterdir():
        path.unlink()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", smtp_process.port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.MAIL = replace(
        settings.MAIL,
        from_address=f"Tidewater <{SUPPORT}>",
        reply_to=f"Tidewater <{SUPPORT}>",
        sends=True,
    )
    return smtp_process


@dataclass(frozen=True)
class Imap:
    """The IMAP server's mailbox."""

    server: Server

    def deliver(self, raw: bytes) -> None:
        """Put an e-mail in, unread, as a mail server would."""
        with MailBoxUnencrypted(self.server.host, self.server.port).login(
            self.server.user, self.server.password
        ) as box:
            box.append(raw, "INBOX")


@pytest.fixture
def imap(settings: Settings, tmp_path: Path) -> Iterator[Imap]:
    """A mailbox of its own for each test, and the product set up to read it."""
    port = free_port()
    process = started(
        port,
        *(
            "-c",
            "from pymap.main import main; main()",
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
            "--no-service",
            "admin",
        ),
        *("dict", "--demo-user", SUPPORT, "--demo-password", "mail-secret"),
    )
    server = read_server(f"imap://support%40shop.example:mail-secret@127.0.0.1:{port}?tls=no")
    assert server is not None
    settings.MAIL = replace(settings.MAIL, imap=server)
    yield Imap(server)
    process.terminate()
    process.wait(10)
