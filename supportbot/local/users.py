"""Which system user the servers run as: PostgreSQL refuses to run as root."""

import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from supportbot.local.errors import StackError

SERVER_USER = "pgserver"


@dataclass(frozen=True, slots=True)
class ServerUser:
    """A system user by number; `switch` says whether a child has to change to it."""

    uid: int
    gid: int
    switch: bool

    @property
    def ids(self) -> tuple[int, int]:
        """The user's and its group's number."""
        return self.uid, self.gid


def server_user() -> ServerUser:
    """The user to run servers as: this one, or, for root, a system user made for the purpose."""
    if os.geteuid() != 0:
        return ServerUser(os.geteuid(), os.getegid(), switch=False)
    entry = _find_user() or _create_user()
    return ServerUser(entry.pw_uid, entry.pw_gid, switch=True)


def _find_user() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(SERVER_USER)
    except KeyError:
        return None


def _create_user() -> pwd.struct_passwd:
    program = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    problem = "useradd was not found"
    if program is not None:
        arguments = ["--system", "--user-group", "--no-create-home", "--shell", "/bin/false"]
        run = subprocess.run(
            [program, *arguments, SERVER_USER], check=False, capture_output=True, text=True
        )
        problem = run.stderr.strip()
    # Another stack that starts now may have made it first; what counts is that it exists.
    entry = _find_user()
    if entry is None:
        message = (
            "PostgreSQL does not run as root, and a system user cannot be made for it "
            f"({problem}). Start as an ordinary user."
        )
        raise StackError(message)
    return entry


def let_pass(path: Path, user: ServerUser) -> None:
    """Let `user` reach `path`: every folder above it may be passed through, not listed."""
    if not user.switch:
        return
    for folder in path.parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH and folder.stat().st_uid != user.uid:
            folder.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def let_read(tree: Path, user: ServerUser) -> None:
    """Let `user` read the installed programs in `tree` and run what is executable there."""
    if not user.switch:
        return
    let_pass(tree, user)
    for path in (tree, *tree.rglob("*")):
        if path.is_symlink():
            continue
        mode = stat.S_IMODE(path.stat().st_mode)
        wanted = mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0)
        if wanted != mode:
            path.chmod(wanted)
