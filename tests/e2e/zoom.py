"""Whether a part of the widget fits on a small screen: nothing cut off, covered or out of reach."""

from __future__ import annotations

from tests.e2e.browser import Window

# A table, code and a field scroll by themselves, and a name that ends in an ellipsis is read out
# whole. A control is measured where the focus brings it. Reading needs a third of the screen.
_PROBLEMS = """testid => {
  const root = document.querySelector('support-chat').shadowRoot;
  const part = root.querySelector(`[data-testid="${testid}"]`);
  const isShown = one => one.checkVisibility() && !one.closest('[inert]');
  const all = [part, ...part.querySelectorAll('*')].filter(isShown);
  const name = one => one.dataset?.testid || one.className || one.localName;
  const problems = [];
  const mayBeWide = one => one.matches('.table, pre, input, textarea, .sr-only')
    || getComputedStyle(one).textOverflow === 'ellipsis';
  for (const one of [document.documentElement, ...all]) {
    const { clientWidth, scrollWidth } = one;
    if (clientWidth > 0 && scrollWidth > clientWidth + 1 && !mayBeWide(one))
      problems.push(`${name(one)} has ${clientWidth} px for ${scrollWidth}`);
  }
  const scrolls = one => /auto|scroll|hidden/.test(getComputedStyle(one).overflowY);
  for (const one of all.filter(each => each.matches('.log, .help, .source-body, form.form')))
    if (one.scrollHeight > one.clientHeight && one.clientHeight < innerHeight / 3)
      problems.push(`${name(one)} has ${one.clientHeight} px of the height`);
  const screen = { left: 0, top: 0, right: innerWidth, bottom: innerHeight };
  const isIn = (box, place) => box.left >= place.left - 1 && box.right <= place.right + 1
    && box.top >= place.top - 1 && box.bottom <= place.bottom + 1;
  if (!isIn(part.getBoundingClientRect(), screen)) problems.push(`${testid} leaves the screen`);
  const controls = all.filter(one => one.matches('button, a, input, textarea, [tabindex="0"]'))
    .filter(one => !one.disabled);
  for (const one of controls) {
    one.focus();
    if (root.activeElement !== one) problems.push(`${name(one)} takes no focus`);
    const box = one.getBoundingClientRect();
    let place = one.parentElement;
    while (place && place !== part.parentElement && !scrolls(place)) place = place.parentElement;
    const frame = place?.getBoundingClientRect() ?? screen;
    if (box.height > frame.bottom - frame.top) continue;  // it is scrolled through
    if (!isIn(box, screen) || !isIn(box, frame)) problems.push(`${name(one)} is cut off`);
    const middle = (box.left + box.right) / 2;
    for (const height of [box.top + 4, box.bottom - 4]) {
      const seen = root.elementFromPoint(middle, height);
      if (seen && (one.contains(seen) || (scrolls(one) && seen.contains(one)))) continue;
      problems.push(`${name(one)} is covered by ${seen ? name(seen) : 'nothing'}`);
    }
  }
  return { problems, controls: controls.map(name) };
}"""


def check_fit(ada: Window, state: str, testid: str) -> list[str]:
    """Assert that all of a part can be read and reached; the names of its controls."""
    ada.picture(state)
    ada.rest()
    found = ada.page.evaluate(_PROBLEMS, testid)
    assert found["problems"] == [], f"{state}: {found['problems']}"
    return list(found["controls"])
