"""knowledge.reading.process: no file takes the worker down, or another file with it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from pytest_django import Settings

from knowledge.reading import UnreadableFileError, process, read_file
from tests.knowledge.files import docx, paragraph, pdf
from tests.knowledge.test_reading_hostile import workbook

PAGES = 400
SLOW = pdf([[f"Line {line} of a page." for line in range(30)]] * PAGES)


@pytest.fixture(autouse=True)
def _fresh_reader() -> Iterator[None]:
    process.stop_reader()
    yield
    process.stop_reader()


def put(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def read_good_file(folder: Path) -> str:
    path = put(folder, "good.docx", docx(paragraph("Good.")))
    return read_file(path, path.name).markdown


def readers() -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process().children()
        if any("knowledge.reading.child" in part for part in child.cmdline())
    ]


def test_one_process_reads_many_files(tmp_path: Path) -> None:
    read_good_file(tmp_path)
    first = [reader.pid for reader in readers()]
    read_good_file(tmp_path)
    assert len(first) == 1
    assert [reader.pid for reader in readers()] == first


def test_the_process_is_replaced_after_many_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_MOST_FILES", 2)
    pids = set()
    for _ in range(4):
        assert read_good_file(tmp_path) == "Good."
        pids |= {reader.pid for reader in readers()}
    assert len(pids) == 2


def test_short_plain_text_needs_no_process(tmp_path: Path) -> None:
    path = put(tmp_path, "a.md", b"# Title\r\n\r\nText.")
    assert read_file(path, path.name).markdown == "# Title\n\nText."
    assert readers() == []


@pytest.mark.parametrize("name", ["gone.pdf", "gone.md"])
def test_a_file_that_is_not_there_is_no_unreadable_one(name: str, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / name, name)


def test_a_file_that_takes_too_long_is_refused_and_the_next_one_read(
    settings: Settings, tmp_path: Path
) -> None:
    settings.READING_SECONDS = 1
    path = put(tmp_path, "slow.pdf", SLOW)
    with pytest.raises(UnreadableFileError) as caught:
        read_file(path, path.name)
    assert caught.value.code == "too_slow"
    assert str(caught.value) == (
        "Reading the file took longer than 1 seconds. Split it and upload the parts."
    )
    assert readers() == []
    settings.READING_SECONDS = 60
    assert read_good_file(tmp_path) == "Good."


def test_a_file_that_fills_the_memory_is_refused_and_the_next_one_read(
    settings: Settings, tmp_path: Path
) -> None:
    settings.READING_MEMORY_MB = 300
    path = put(tmp_path, "merged.xlsx", workbook(("A1", "A"), ("B1", "B"), merged="A1:XFD1048576"))
    with pytest.raises(UnreadableFileError) as caught:
        read_file(path, path.name)
    assert caught.value.code == "too_much_memory"
    assert "300 MB of memory" in str(caught.value)
    assert read_good_file(tmp_path) == "Good."


def kill_reader_soon() -> threading.Thread:
    """Kills the reader amid a file: when it has worked for a while."""
    idle = sum(reader.cpu_times().user for reader in readers())

    def kill() -> None:
        while not any(reader.cpu_times().user > idle + 0.5 for reader in readers()):
            time.sleep(0.01)
        for reader in readers():
            reader.kill()

    thread = threading.Thread(target=kill, daemon=True)
    thread.start()
    return thread


def test_a_process_that_dies_of_its_first_file_refuses_it(tmp_path: Path) -> None:
    path = put(tmp_path, "slow.pdf", SLOW)
    thread = kill_reader_soon()
    with pytest.raises(UnreadableFileError) as caught:
        read_file(path, path.name)
    thread.join()
    assert caught.value.code == "reader_died"
    assert read_good_file(tmp_path) == "Good."


def test_a_file_is_tried_again_when_the_process_had_read_others(tmp_path: Path) -> None:
    read_good_file(tmp_path)
    path = put(tmp_path, "slow.pdf", SLOW)
    thread = kill_reader_soon()
    assert len(read_file(path, path.name).page_starts) == PAGES
    thread.join()


def test_a_process_that_died_between_two_files_is_replaced(tmp_path: Path) -> None:
    read_good_file(tmp_path)
    [reader] = readers()
    reader.kill()
    reader.wait(10)
    assert read_good_file(tmp_path) == "Good."


def test_the_process_ends_with_the_worker_even_amid_a_file(tmp_path: Path) -> None:
    path = put(tmp_path, "slow.pdf", pdf([["Line."] * 30] * 4000))
    code = (
        "import os, sys, threading, time; from pathlib import Path;"
        "from knowledge.reading.process import read_in_process;"
        "from knowledge.reading.result import Limits;"
        "threading.Thread(target=read_in_process, daemon=True,"
        f" args=(Path({str(path)!r}), 'slow.pdf', Limits())).start();"
        "time.sleep(1.5); from knowledge.reading import process;"
        "print(process._reader.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    worker = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True
    )
    assert worker.returncode == -signal.SIGKILL
    reader = int(worker.stdout)
    for _ in range(100):
        if not psutil.pid_exists(reader):
            return
        time.sleep(0.1)
    pytest.fail("The reader outlived its worker.")


def _read_in_daemon(path: str, answers: multiprocessing.SimpleQueue[tuple[str, int]]) -> None:
    markdown = read_file(Path(path), path).markdown
    [reader] = readers()
    answers.put((markdown, reader.pid))


def test_a_daemonic_process_as_celery_forks_them_can_read(tmp_path: Path) -> None:
    path = put(tmp_path, "good.docx", docx(paragraph("Good.")))
    read_good_file(tmp_path)
    own = [reader.pid for reader in readers()]
    context = multiprocessing.get_context("fork")
    answers: multiprocessing.SimpleQueue[tuple[str, int]] = context.SimpleQueue()
    worker = context.Process(target=_read_in_daemon, args=(str(path), answers), daemon=True)
    worker.start()
    worker.join(60)
    markdown, others = answers.get()
    # It used a reader of its own and left its parent's alone.
    assert (markdown, [others] != own) == ("Good.", True)
    assert [reader.pid for reader in readers()] == own
    assert read_good_file(tmp_path) == "Good."


def test_the_process_sees_no_secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SUPPORTBOT_SECRET_KEY", "hush")
    read_good_file(tmp_path)
    [reader] = readers()
    assert "SUPPORTBOT_SECRET_KEY" not in reader.environ()
    assert os.environ["SUPPORTBOT_SECRET_KEY"] == "hush"
