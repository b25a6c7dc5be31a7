"""Firefox, driven over WebDriver BiDi (w3.org/TR/webdriver-bidi), which it speaks by itself: no
driver and no patched build. Playwright needs one of its own."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from tests.e2e.stack import free_port

NAMES = ("firefox-esr", "firefox")
START_SECONDS, PATIENCE_SECONDS = 60.0, 90.0
MOST_BYTES = 2**24
ENTER = "\ue007"
# Nothing outside this machine, and no page that it opens by itself.
PREFERENCES = {
    "network.proxy.type": 1,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
    "network.proxy.no_proxies_on": "127.0.0.1",
    "app.update.disabledForTesting": True,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "startup.homepage_welcome_url": "about:blank",
}
FIND = """(testid) => {
  const root = document.querySelector('support-chat')?.shadowRoot;
  return [...(root?.querySelectorAll(`[data-testid="${testid}"]`) ?? [])].filter(
    (one) => one.getClientRects().length > 0 && getComputedStyle(one).visibility === 'visible');
}"""


class Firefox:
    """One tab. What a page says to the console as an error is in `errors`."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket, self._numbers = socket, itertools.count(1)
        self.errors: list[str] = []
        self.call("session.new", capabilities={})
        self.call("session.subscribe", events=["log.entryAdded"])
        tree = self.call("browsingContext.getTree")
        self._tab: str = tree["contexts"][0]["context"]

    def call(self, method: str, **parameters: Any) -> Any:
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            said = json.loads(self._socket.recv(timeout=PATIENCE_SECONDS))
            if said.get("method") == "log.entryAdded":
                if said["params"]["level"] == "error":
                    self.errors.append(str(said["params"]["text"]))
            elif said.get("id") == number:
                assert said["type"] == "success", said
                return said["result"]

    def goto(self, url: str) -> None:
        self.call("browsingContext.navigate", context=self._tab, url=url, wait="complete")

    def evaluate(self, expression: str) -> Any:
        """The value of an expression, which goes through JSON."""
        found = self.call(
            "script.evaluate",
            expression=f"JSON.stringify({expression})",
            target={"context": self._tab},
            awaitPromise=True,
        )
        assert found["type"] == "success", found
        value = found["result"].get("value")
        return None if value is None else json.loads(value)

    def texts(self, testid: str) -> list[str]:
        """Of the visible elements of the widget with this mark."""
        told: list[str] = self.evaluate(f"({FIND})('{testid}').map((one) => one.textContent)")
        return told

    def wait_for(self, testid: str) -> list[str]:
        """Their texts, once there is one."""
        ends_at = time.monotonic() + PATIENCE_SECONDS
        while not (found := self.texts(testid)):
            assert time.monotonic() < ends_at, f"Firefox shows no {testid}: {self.errors}"
            time.sleep(0.1)
        return found

    def click(self, testid: str) -> None:
        """The mouse, in the middle of the first one."""
        self.wait_for(testid)
        middle = self.evaluate(
            f"(([one]) => {{ one.scrollIntoView({{ block: 'nearest' }}); "
            "const at = one.getClientRects()[0]; "
            "return [Math.round(at.x + at.width / 2), Math.round(at.y + at.height / 2)]; })"
            f"(({FIND})('{testid}'))"
        )
        press = {"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}
        move = {"type": "pointerMove", "x": middle[0], "y": middle[1]}
        self._act({"type": "pointer", "id": "mouse", "actions": [move, *press]})

    def type(self, text: str) -> None:
        """The keyboard, wherever the focus is."""
        keys = [{"type": way, "value": key} for key in text for way in ("keyDown", "keyUp")]
        self._act({"type": "key", "id": "keyboard", "actions": keys})

    def _act(self, source: dict[str, Any]) -> None:
        self.call("input.performActions", context=self._tab, actions=[source])


@contextmanager
def firefox() -> Iterator[Firefox]:
    """Skips where there is none, but not in CI."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        problem = "there is no Firefox: install firefox-esr"
        if os.environ.get("CI"):
            pytest.fail(problem)
        pytest.skip(problem)
    profile, port = Path(tempfile.mkdtemp(prefix="supportbot-firefox-")), free_port()
    chosen = (f"user_pref({json.dumps(each)[1:-1]});\n" for each in PREFERENCES.items())
    (profile / "user.js").write_text("".join(chosen), encoding="utf-8")
    process = subprocess.Popen(
        [
            *(program, "--headless", "--no-remote", "--profile", str(profile)),
            *("--remote-debugging-port", str(port), "about:blank"),
        ],
        env={**os.environ, "HOME": str(profile), "MOZ_HEADLESS_WIDTH": "1280"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with _connected(port, process) as socket:
            yield Firefox(socket)
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)
        process.kill()
        shutil.rmtree(profile, ignore_errors=True)


def _connected(port: int, process: subprocess.Popen[bytes]) -> ClientConnection:
    ends_at = time.monotonic() + START_SECONDS
    while True:
        with suppress(OSError, WebSocketException):
            return connect(f"ws://127.0.0.1:{port}/session", max_size=MOST_BYTES, proxy=None)
        assert process.poll() is None, "Firefox ended before it listened"
        assert time.monotonic() < ends_at, "Firefox does not listen"
        time.sleep(0.2)
