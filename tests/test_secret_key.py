"""supportbot.secret_key: made once, whole or not there, the same for everybody."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from supportbot.secret_key import kept_secret_key
from supportbot.settings import BASE_DIR

PROCESSES = 24
# Waits for the starting shot, so that all of them meet at the missing file.
PROGRAM = """
import sys, time
from pathlib import Path
from supportbot.secret_key import kept_secret_key
folder = Path(sys.argv[1])
print("waiting", flush=True)
while not (folder / "go").exists():
    time.sleep(0.0005)
print(kept_secret_key(folder / "data" / "secret_key"))
"""


def test_the_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "data" / "secret_key"
    key = kept_secret_key(path)
    assert len(key) >= 50
    assert kept_secret_key(path) == key
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["secret_key"]


def test_processes_that_start_at_once_read_the_same_whole_key(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    started = [
        subprocess.Popen(command, cwd=BASE_DIR, stdout=subprocess.PIPE, text=True)
        for _ in range(PROCESSES)
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
    (tmp_path / "go").touch()
    keys = [process.communicate(timeout=60)[0].strip() for process in started]
    assert len(set(keys)) == 1
    assert len(keys[0]) >= 50


def test_an_empty_file_is_told_and_not_used(tmp_path: Path) -> None:
    path = tmp_path / "secret_key"
    path.touch()
    with pytest.raises(ImproperlyConfigured, match="Delete it"):
        kept_secret_key(path)
