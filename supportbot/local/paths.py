"""Where everything of the embedded stack lives on disk."""

import hashlib
import os
import re
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from supportbot.local.errors import StackError

PROJECT_ROOT = Path(__file__).resolve().parents[2]
DATA_DIR_VARIABLE = "SUPPORTBOT_DATA_DIR"

# A Unix socket's path must fit into 104 bytes on macOS and 108 on Linux, the closing zero included.
_LONGEST_SOCKET_PATH = 103
_LONGEST_SOCKET_NAME = ".s.PGSQL.5432.lock"
# Characters that need no escaping in any URL, so that every client reads the socket's path alike.
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")


def data_dir() -> Path:
    """The stack's folder: `SUPPORTBOT_DATA_DIR`, or `.local` in the project; absolute."""
    named = os.environ.get(DATA_DIR_VARIABLE, "").strip()
    return Path(named).expanduser().resolve() if named else PROJECT_ROOT / ".local"


def package_folder(package: str) -> Path:
    """The folder of an installed package, found without importing it."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        message = f"The package {package} is missing. Install it with: make install"
        raise StackError(message)
    return Path(next(iter(spec.submodule_search_locations)))


@dataclass(frozen=True, slots=True)
class StackPaths:
    """The files and folders inside one data folder; nothing is created by asking for them."""

    root: Path

    @property
    def postgres(self) -> Path:
        """The PostgreSQL cluster."""
        return self.root / "postgres"

    @property
    def redis(self) -> Path:
        """Redis' append-only file."""
        return self.root / "redis"

    @property
    def logs(self) -> Path:
        """One log for each child, and the last few before it."""
        return self.root / "logs"

    @property
    def media(self) -> Path:
        """Uploaded documents."""
        return self.root / "media"

    @property
    def models(self) -> Path:
        """Prepared embedding models."""
        return self.root / "models"

    @property
    def lock(self) -> Path:
        """Held by the one process that runs the servers of this folder."""
        return self.root / "lock"

    @property
    def guests(self) -> Path:
        """Held, shared, by every process that joined those servers."""
        return self.root / "guests"

    @property
    def record(self) -> Path:
        """What the holder of the lock tells those who join: its pid and the servers' URLs."""
        return self.root / "servers.json"

    @property
    def beat_schedule(self) -> Path:
        """When Celery beat last ran each periodic task."""
        return self.root / "beat-schedule"

    @property
    def secret_key(self) -> Path:
        """The secret this installation signs with, where the environment names none."""
        return self.root / "secret_key"

    @property
    def sockets(self) -> Path:
        """The folder of the Unix sockets; its path is short and needs no escaping in a URL.

        It is in the data folder where that path allows it, else in the temporary folder under a
        name derived from the data folder.
        """
        inside = self.root / "run"
        longest = len(os.fsencode(inside / _LONGEST_SOCKET_NAME))
        if longest <= _LONGEST_SOCKET_PATH and _PLAIN_PATH.fullmatch(str(inside)):
            return inside
        digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"supportbot-{os.geteuid()}-{digest}"

    def create_root(self) -> None:
        """Make the data folder; only its owner may list it."""
        # The database does not run as root (see users.py) and must be able to pass through.
        mode = 0o711 if os.geteuid() == 0 else 0o700
        try:
            self.root.mkdir(mode=mode, parents=True, exist_ok=True)
        except OSError as error:
            message = (
                f"The data folder {self.root} cannot be made ({error.strerror}). "
                "Choose another with --data-dir."
            )
            raise StackError(message) from error
        if not os.access(self.root, os.W_OK | os.X_OK):
            message = (
                f"The data folder {self.root} is not writable. "
                "Change its permissions or choose another with --data-dir."
            )
            raise StackError(message)


def private_folder(path: Path, owner: tuple[int, int] | None = None) -> Path:
    """Make `path` a folder that `owner` (uid, gid; by default this process) alone may enter.

    A folder of that name which someone else made is refused, since the temporary folder is open
    to everybody.
    """
    uid, gid = owner or (os.geteuid(), os.getegid())
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {uid, os.geteuid()}:
        message = f"{path} belongs to somebody else. Remove it, or choose another --data-dir."
        raise StackError(message)
    if found.st_uid != uid:
        os.chown(path, uid, gid)
    path.chmod(0o700)
    return path


def remove_sockets(paths: StackPaths) -> None:
    """Remove the socket folder once the servers have removed their sockets."""
    with suppress(OSError):
        paths.sockets.rmdir()
