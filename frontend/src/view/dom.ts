// Building elements without a framework. Text goes in as text nodes, never as markup.

export type Child = Node | string;
export type Attributes = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** An element with attributes and children. `testid` is the stable hook of browser tests. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  children: readonly Child[] = [],
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) setAttribute(element, name, value);
  element.append(...children);
  return element;
}

/** Sets, or removes for null and false; an attribute that is already right is left alone. */
export function setAttribute(element: Element, name: string, value: Attributes[string]): void {
  const key = name === 'testid' ? 'data-testid' : name;
  if (value === null || value === undefined || value === false) element.removeAttribute(key);
  else if (element.getAttribute(key) !== String(value)) element.setAttribute(key, value === true ? '' : String(value));
}

/** Sets text only when it differs, so that a live region does not speak twice. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function button(attributes: Attributes, children: readonly Child[], onClick: () => void): HTMLButtonElement {
  const element = el('button', { type: 'button', ...attributes }, children);
  element.addEventListener('click', onClick);
  return element;
}

/** The two icons of the launcher, which is loaded without the others. */
export const CHAT = 'M21 11.5a8.4 8.4 0 0 1-8.5 8.3 8.7 8.7 0 0 1-3.6-.8L3.5 20.5l1.6-4.6A8.1 8.1 0 0 1 4 11.5a8.4 8.4 0 0 1 8.5-8.3A8.4 8.4 0 0 1 21 11.5Z';
export const CLOSE = 'M6 6l12 12M18 6L6 18';

const ICONS = {
  chat: CHAT,
  close: CLOSE,
  send: 'M12 19V5M5.5 11.5 12 5l6.5 6.5',
  clip: 'M20 11.5l-8 8a5 5 0 0 1-7-7l8.5-8.5a3.3 3.3 0 0 1 4.7 4.7L9.8 17a1.6 1.6 0 0 1-2.3-2.3l7.5-7.5',
  mic: 'M12 15a3.5 3.5 0 0 0 3.5-3.5V6a3.5 3.5 0 0 0-7 0v5.5A3.5 3.5 0 0 0 12 15ZM5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3.5',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  stop: 'M8 8h8v8H8Z',
  person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4.5 20.5a7.5 7.5 0 0 1 15 0',
  up: 'M7 11v9H4v-9h3Zm0 0 4-8a2.5 2.5 0 0 1 2.5 2.5V9h5a2 2 0 0 1 2 2.3l-1.2 7A2 2 0 0 1 17.3 20H7',
  down: 'M17 13V4h3v9h-3Zm0 0-4 8a2.5 2.5 0 0 1-2.5-2.5V15h-5a2 2 0 0 1-2-2.3l1.2-7A2 2 0 0 1 6.7 4H17',
  document: 'M14 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V8l-5-5Zm0 0v5h5M9 13h6M9 17h4',
  arrowDown: 'M12 5v14M5.5 12.5 12 19l6.5-6.5',
  back: 'M15 5l-7 7 7 7',
  help: 'M5 19.5V5.5A2 2 0 0 1 7 3.5h12v14H7a2 2 0 0 0 0 4h12',
  history: 'M12 7v5l3.5 2M3.5 12a8.5 8.5 0 1 0 2.6-6.1M3.5 4v4h4',
  copy: 'M9 9h10v11H9ZM5 15V4h10',
  edit: 'M4 20l1-4L16 5l3 3L8 19Z',
  mail: 'M4 6h16v12H4ZM4.5 6.5 12 13l7.5-6.5',
  download: 'M12 4v11M7 10.5l5 5 5-5M5 20h14',
  alert: 'M12 8v5M12 16.5v.01M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Z',
} as const;

export type IconName = keyof typeof ICONS;

const SVG = 'http://www.w3.org/2000/svg';

/** A decorative line icon; the control around it carries the name. */
export function icon(name: IconName): SVGElement {
  return drawing(ICONS[name]);
}

/** An icon by its path. */
export function drawing(path: string): SVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  const line = document.createElementNS(SVG, 'path');
  line.setAttribute('d', path);
  svg.append(line);
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  return svg;
}
