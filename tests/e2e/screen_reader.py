"""What a screen reader is told: what the live regions say over time, and the accessibility tree."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from difflib import unified_diff
from pathlib import Path

from playwright.sync_api import CDPSession

from tests.e2e.browser import Window
from tests.e2e.stack import eventually

# Set it to write the snapshot anew, after a change that is meant; then read the difference.
IS_REWRITTEN = bool(os.environ.get("SUPPORTBOT_TEST_REWRITE"))
SNAPSHOTS = Path(__file__).parent / "snapshots"
# One line of progress is said for each answer: what is done when the widget first hears of it.
_PROGRESS = re.compile(r"^polite: (Searching|Reading)\b.*")
_CLOCK = re.compile(r"\b\d{1,2}:\d{2}\b")
# A region speaks of what is added to it, or of all that it holds when it is atomic, as `status`
# and `alert` are. It also speaks when it comes or is shown. The nearest region decides, so that
# `aria-live="off"` silences all below it.
_LISTEN = """() => {
  const heard = window.heardByScreenReader = [];
  const root = document.querySelector('support-chat').shadowRoot;
  const live = '[aria-live], [role=status], [role=alert], [role=log]';
  const text = node => (node.textContent ?? '').replace(/\\s+/g, ' ').trim();
  const isExposed = element => element.checkVisibility({ visibilityProperty: true })
    && !element.closest('[aria-hidden=true], [inert]');
  const say = (region, words) => {
    const role = region.getAttribute('role');
    const implied = role === 'alert' ? 'assertive' : 'polite';
    const manner = region.getAttribute('aria-live') ?? implied;
    if (manner !== 'off' && words && isExposed(region)) heard.push(`${manner}: ${words}`);
  };
  const isAtomic = region => region.matches('[role=status], [role=alert], [aria-atomic=true]');
  const within = element => [...(element.matches(live) ? [element] : []),
    ...element.querySelectorAll(live)];
  new MutationObserver(records => {
    const whole = new Set();
    for (const { type, target, addedNodes } of records) {
      const element = target instanceof Element ? target : target.parentElement;
      const region = element?.closest(live);
      if (type === 'attributes') within(element).forEach(one => whole.add(one));
      else if (region && isAtomic(region)) whole.add(region);
      else if (region) {
        const parts = type === 'childList' ? [...addedNodes] : [target];
        parts.forEach(part => say(region, text(part)));
      }
      for (const node of addedNodes) {
        if (node instanceof Element) within(node).forEach(one => whole.add(one));
      }
    }
    whole.forEach(region => say(region, text(region)));
  }).observe(root, { subtree: true, childList: true, characterData: true,
    attributes: true, attributeFilter: ['hidden'] });
}"""
_HEARD = "() => window.heardByScreenReader.splice(0)"


@dataclass
class ScreenReader:
    """One listener at a window; `notes` is all that it was told, in order."""

    window: Window
    notes: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.window.page.evaluate(_LISTEN)

    def hear(self, moment: str, awaited: str = "") -> None:
        """Write down what was said since the last moment, until `awaited` was. Progress is left
        out: how often it is said depends on the time that the answer takes."""
        lines: list[str] = []

        def is_said() -> bool:
            lines.extend(map(str, self.window.page.evaluate(_HEARD)))
            return any(awaited in line for line in lines) or not awaited

        eventually(is_said, f"a screen reader says “{awaited}”")
        said = [line for line in lines if not _PROGRESS.match(line)]
        self.heard += said
        self.notes += ["", f"# Said: {moment}", *(said or ["(nothing)"])]

    def read(self, testid: str, moment: str) -> None:
        """Write down the tree below one element, as somebody reads it who goes through it."""
        tree = self.window.find(testid).aria_snapshot()
        self.notes += ["", f"# Read: {moment}", *_CLOCK.sub("00:00", tree).splitlines()]

    def regions(self) -> None:
        """Write down which parts of the browser's own accessibility tree are live."""
        session = self.window.page.context.new_cdp_session(self.window.page)
        self.notes += ["", "# Live regions in the tree of the browser", *_regions(session)]

    @property
    def text(self) -> str:
        return "\n".join(self.notes).strip() + "\n"


def _regions(session: CDPSession) -> list[str]:
    found = []
    for node in session.send("Accessibility.getFullAXTree")["nodes"]:
        properties = {one["name"]: one["value"].get("value") for one in node.get("properties", ())}
        if "live" in properties and not node.get("ignored"):
            drawn = session.send("DOM.describeNode", {"backendNodeId": node["backendDOMNodeId"]})[
                "node"
            ]["attributes"]
            style = dict(zip(drawn[::2], drawn[1::2], strict=True)).get("class", "")
            found.append(f"{node['role']['value']} .{style}: {properties['live']}")
    return sorted(found)


def check_snapshot(name: str, text: str) -> None:
    """Compare with the committed file, or write it."""
    path = SNAPSHOTS / name
    if IS_REWRITTEN:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    kept = path.read_text("utf-8").splitlines()
    difference = list(unified_diff(kept, text.splitlines(), "kept", "now", lineterm="", n=1))
    hint = "Is it meant? Set SUPPORTBOT_TEST_REWRITE=1 and run again."
    assert not difference, "\n".join([hint, *difference])
