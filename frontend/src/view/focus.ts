// Keyboard focus inside the shadow tree: what can take it, and how a dialog keeps it.

const FOCUSABLE = 'button:not([disabled]), textarea:not([disabled]), input, a[href], summary, [tabindex="0"]';

function focusable(container: HTMLElement): readonly HTMLElement[] {
  const all = [...container.querySelectorAll<HTMLElement>(FOCUSABLE)];
  return all.filter((element) => !element.closest('[hidden], [inert]'));
}

/** The focused element of the tree that `node` lives in: a shadow root has its own. */
export function focused(node: Node): Element | null {
  const root = node.getRootNode();
  return root instanceof ShadowRoot || root instanceof Document ? root.activeElement : null;
}

/** Keeps Tab inside the container: from the last element to the first, and back. */
export function trapTab(container: HTMLElement, event: KeyboardEvent): void {
  if (event.key !== 'Tab') return;
  const elements = focusable(container);
  const edge = event.shiftKey ? elements[0] : elements.at(-1);
  const other = event.shiftKey ? elements.at(-1) : elements[0];
  const active = focused(container);
  if (active === edge || !container.contains(active)) {
    event.preventDefault();
    other?.focus();
  }
}
