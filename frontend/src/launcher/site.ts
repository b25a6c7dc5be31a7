// What the server says of the site that the page belongs to: whether the widget is shown, and how it looks.
import { isRecord } from '../raw';

const NOT_KNOWN = 404;

/**
 * Dresses the element as the site's settings say; attributes that the page has given win. Returns whether the widget is
 * shown: a server that cannot be reached hides nothing.
 */
export async function readSite(element: HTMLElement, baseUrl: string, site: string): Promise<boolean> {
  const address = `${baseUrl}/api/v1/sites/${encodeURIComponent(site)}/`;
  const response = await fetch(address, { credentials: 'omit' }).catch(() => null);
  if (response?.status === NOT_KNOWN) return false;
  const said: unknown = response?.ok ? await response.json().catch(() => null) : null;
  if (!isRecord(said)) return true;
  if (said.online !== true) return false;
  for (const [name, value] of Object.entries(isRecord(said.attributes) ? said.attributes : {})) {
    if (!element.hasAttribute(name)) element.setAttribute(name, typeof value === 'string' ? value : JSON.stringify(value));
  }
  colour(element, '--site-colour', said.colour);
  colour(element, '--site-text', said.text_colour);
  return true;
}

function colour(element: HTMLElement, property: string, value: unknown): void {
  if (typeof value === 'string') element.style.setProperty(property, value);
}
