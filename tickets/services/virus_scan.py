"""Files are checked by ClamAV where SUPPORTBOT_CLAMAV names its daemon: `host:port` or a socket's
path. The protocol is clamd's INSTREAM (man 8 clamd)."""

from __future__ import annotations

import socket
import struct

import structlog
from django.conf import settings

log = structlog.get_logger(__name__)
SECONDS = 30.0
CHUNK = 64 * 1024


class ScannerDownError(Exception):
    """The scanner is configured, and does not answer: nothing is known of the file."""


def find_virus(content: bytes) -> str:
    """The name of what was found; "" when nothing was, or no scanner is configured. Raises
    ScannerDownError."""
    address = settings.TICKETS["clamav"]
    if not address:
        return ""
    try:
        with _connect(address) as clamd:
            answer = _scan(clamd, content)
    except (OSError, ValueError) as error:
        log.warning("virus_scanner_down", error=str(error))
        raise ScannerDownError from error
    if answer.endswith("FOUND"):
        return answer.removeprefix("stream: ").removesuffix(" FOUND")
    if answer.endswith("OK"):
        return ""
    log.warning("virus_scanner_down", error=answer)
    raise ScannerDownError


def _connect(address: str) -> socket.socket:
    if address.startswith("/"):
        clamd = socket.socket(socket.AF_UNIX)
        clamd.settimeout(SECONDS)
        clamd.connect(address)
        return clamd
    host, _, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=SECONDS)


def _scan(clamd: socket.socket, content: bytes) -> str:
    clamd.sendall(b"zINSTREAM\0")
    for at in range(0, len(content), CHUNK):
        part = content[at : at + CHUNK]
        clamd.sendall(struct.pack("!L", len(part)) + part)
    clamd.sendall(struct.pack("!L", 0))
    answer = b""
    while not answer.endswith(b"\0") and (more := clamd.recv(4096)):
        answer += more
    return answer.rstrip(b"\0").decode("utf-8", "replace").strip()
