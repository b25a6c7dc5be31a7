"""The reader's own process: reads the files that its parent names, one after the other.

Messages both ways are JSON behind their length in four bytes; while scans are read, messages say
how many pages are done. It ends when its parent does. It
knows neither Django nor the database.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import resource
import signal
import struct
import sys
import threading
import traceback
from pathlib import Path
from typing import Any, BinaryIO

from knowledge.reading.progress import told_to
from knowledge.reading.result import Limits, UnreadableFileError

HEADER = struct.Struct(">I")
_DEEPEST = 10_000  # calls within calls; a page of HTML may be nested some thousand times
_GRACE_SECONDS = 30  # beyond the limit that the parent watches over


def main() -> None:
    limits = Limits(**json.loads(sys.argv[1]))
    _limit(limits)
    # Libraries write to the standard output; only answers may go where the parent reads.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(sys.stdin.buffer, requests), daemon=True).start()
    while True:
        request = requests.get()
        signal.alarm(limits.seconds + _GRACE_SECONDS)
        with told_to(lambda done, total: _send(answers, {"pages": [done, total]})):
            answer = _answer(request, limits)
        signal.alarm(0)
        _send(answers, answer)


def _send(answers: BinaryIO, message: dict[str, Any]) -> None:
    body = json.dumps(message).encode()
    answers.write(HEADER.pack(len(body)) + body)
    answers.flush()


def _limit(limits: Limits) -> None:
    sys.setrecursionlimit(_DEEPEST)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    most = limits.memory_mb * 1024 * 1024
    # RLIMIT_AS would count what threads only reserve. Some systems know neither.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _receive(stream: BinaryIO, requests: queue.SimpleQueue[dict[str, Any]]) -> None:
    """Runs beside the reading, so that the process ends with its parent even amid a file."""
    while len(header := stream.read(HEADER.size)) == HEADER.size:
        requests.put(json.loads(stream.read(*HEADER.unpack(header))))
    os._exit(0)


def _answer(request: dict[str, Any], limits: Limits) -> dict[str, Any]:
    from knowledge.reading.extract import extract

    try:
        return {"read": extract(Path(request["path"]), request["name"], limits).as_json()}
    except UnreadableFileError as error:
        return {"refused": {"text": str(error), "code": error.code}}
    except MemoryError:
        return {"out_of_memory": True}
    except Exception:  # noqa: BLE001  (the parent logs it)
        return {"failed": traceback.format_exc()}


if __name__ == "__main__":
    main()
