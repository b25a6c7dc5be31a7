// Web addresses: the only ones that the widget links to.

/** The whole address, or null for anything but http and https. */
export function webAddress(url: string | null): string | null {
  if (url === null || url === '') return null;
  try {
    const parsed = new URL(url, document.baseURI);
    return parsed.protocol === 'https:' || parsed.protocol === 'http:' ? parsed.href : null;
  } catch {
    return null;
  }
}
