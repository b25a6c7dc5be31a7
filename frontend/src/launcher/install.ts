// Registering <support-chat> once, and putting one on the page that loads the script.
import { SupportChat } from './element';

const TAG = 'support-chat';

/** `data-title` is the friendlier name of `heading`: an attribute `title` would be a tooltip. */
const RENAMED: Readonly<Record<string, string>> = { title: 'heading' };

/** The attributes for the element that the script's `data-*` attributes ask for. */
export function attributesOf(script: HTMLElement): ReadonlyMap<string, string> {
  const attributes = [...script.attributes].filter(({ name }) => name.startsWith('data-'));
  return new Map(
    attributes.map(({ name, value }) => {
      const plain = name.slice('data-'.length);
      return [RENAMED[plain] ?? plain, value];
    }),
  );
}

/** May run again on one page: a page that has lost its element, as single-page apps do, gets one again. */
export function register(script: HTMLScriptElement | null): void {
  if (!customElements.get(TAG)) {
    if (script?.src) {
      SupportChat.defaultBaseUrl = new URL(script.src).origin;
      SupportChat.source = { folder: new URL('.', script.src).href, nonce: script.nonce ?? '' };
    }
    customElements.define(TAG, SupportChat);
  }
  if (!script) return;
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', () => place(script));
  else place(script);
}

/** A page that already holds the element decides itself where it stands and what it says. */
function place(script: HTMLScriptElement): void {
  if (document.querySelector(TAG)) return;
  const element = document.createElement(TAG);
  for (const [name, value] of attributesOf(script)) element.setAttribute(name, value);
  document.body.append(element);
}
