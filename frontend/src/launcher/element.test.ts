// The launcher alone: what it loads, when, and what a page notices of it.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fakeServer, json, settle, visitor } from '../testing/server';
import type { FakeServer } from '../testing/server';
import { SupportChat } from './element';
import type { Host, Part } from './part';
import { readSite } from './site';
import { NewsWatch } from './watch';

const SERVER = 'https://help.example';
const opened = vi.fn();
const spoken = vi.fn();
let scripts: HTMLScriptElement[] = [];
let server: FakeServer;

function panel(host: Host): Part {
  const note = (): void => void opened(host.element);
  const nothing = (): void => undefined;
  return { isOpen: false, connect: note, show: note, open: note, close: nothing, send: note, configure: nothing, signInAgain: nothing, speak: (speech) => void spoken(speech), destroy: nothing };
}

beforeEach(() => {
  vi.useFakeTimers();
  localStorage.clear();
  sessionStorage.clear();
  opened.mockReset();
  spoken.mockReset();
  document.documentElement.lang = 'en-GB';
  scripts = [];
  server = fakeServer();
  if (!customElements.get('support-chat')) customElements.define('support-chat', SupportChat);
  // A script in the page would be fetched; what is loaded is what the test says.
  vi.spyOn(document.head, 'append').mockImplementation((script) => void scripts.push(script as HTMLScriptElement));
  // Each test has a folder of its own, because a page loads a file once.
  SupportChat.source = { folder: `${SERVER}/${String(Math.random())}/`, nonce: 'n-1' };
});
afterEach(() => {
  document.body.replaceChildren();
  SupportChat.provide({ mount: undefined, watch: undefined, readSite: undefined } as never);
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

function place(attributes: Readonly<Record<string, string>> = {}): SupportChat {
  const element = new SupportChat();
  for (const [name, value] of Object.entries({ 'base-url': SERVER, ...attributes })) element.setAttribute(name, value);
  document.body.append(element);
  return element;
}

const launcherOf = (element: SupportChat): HTMLElement => element.shadowRoot?.querySelector('.launcher') as HTMLElement;
const names = (): readonly (string | undefined)[] => scripts.map(({ src }) => src.split('/').at(-1));

async function arrives(): Promise<void> {
  SupportChat.provide({ mount: panel });
  scripts.at(-1)?.dispatchEvent(new Event('load'));
  await settle();
}

describe('the launcher', () => {
  it('loads and asks for nothing by itself', async () => {
    place();
    await settle();
    expect(names()).toEqual([]);
    expect(server.requests).toEqual([]);
  });

  it('loads the panel once when the pointer comes near, and opens it when it is pressed', async () => {
    const element = place();
    launcherOf(element).dispatchEvent(new Event('pointerenter'));
    launcherOf(element).dispatchEvent(new Event('focus'));
    expect(names()).toEqual(['support-chat-panel.js']);
    expect(scripts[0]?.nonce).toBe('n-1');
    launcherOf(element).click();
    expect(launcherOf(element).getAttribute('aria-busy')).toBe('true');
    await arrives();
    expect(opened).toHaveBeenCalledExactlyOnceWith(element);
    expect(launcherOf(element).hasAttribute('aria-busy')).toBe(false);
    expect(names()).toHaveLength(1);
  });

  it('says when the panel cannot be loaded, and tries again', async () => {
    const element = place();
    launcherOf(element).click();
    scripts[0]?.dispatchEvent(new Event('error'));
    await settle();
    expect(element.shadowRoot?.querySelector('[role="status"]')?.textContent).toContain('Not loaded. Try again.');
    launcherOf(element).click();
    await arrives();
    expect(opened).toHaveBeenCalledTimes(1);
    expect(element.shadowRoot?.querySelector('[role="status"]')?.textContent).toBe('');
  });

  it('opens nothing on a page that it has left meanwhile', async () => {
    const element = place({ open: '' });
    element.remove();
    await arrives();
    expect(opened).not.toHaveBeenCalled();
    document.body.append(element);
    expect(opened).toHaveBeenCalledTimes(1);
  });
});

describe('a visitor who comes back', () => {
  const conversations = (last_seq: number): void =>
    server.route(/conversations\/$/, () => json({ results: [{ id: 'c', last_seq, closed_at: null }] }));

  async function comesBack(): Promise<SupportChat> {
    localStorage.setItem(`support-chat:${SERVER}:refresh`, 'again');
    localStorage.setItem(`support-chat:${SERVER}:read`, 'c 7');
    const element = place();
    SupportChat.provide({ watch: (...args) => new NewsWatch(...args) });
    scripts[0]?.dispatchEvent(new Event('load'));
    await settle();
    return element;
  }

  it('costs one request while there is nothing new, and gets the panel when there is', async () => {
    server.route(/visitors\/$/, () => json(visitor()));
    conversations(7);
    await comesBack();
    expect(names()).toEqual(['support-chat-news.js']);
    expect(server.requests.map(({ path }) => path.split('/v1/')[1])).toEqual(['visitors/', 'conversations/']);
    conversations(9);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(names()).toEqual(['support-chat-news.js', 'support-chat-panel.js']);
    await arrives();
    expect(opened).toHaveBeenCalledTimes(1);
    const before = server.requests.length;
    await vi.advanceTimersByTimeAsync(90_000);
    expect(server.requests).toHaveLength(before);
  });

  it('asks no more when the element has left the page', async () => {
    conversations(7);
    (await comesBack()).remove();
    const before = server.requests.length;
    await vi.advanceTimersByTimeAsync(90_000);
    expect(server.requests).toHaveLength(before);
  });

  it('gets the panel at once while words wait to be sent', () => {
    localStorage.setItem(`support-chat:${SERVER}:outbox`, '[]');
    place();
    expect(names()).toEqual(['support-chat-panel.js']);
  });
});

describe('a page', () => {
  it('says who is there and what to speak, and hears what happens until it has heard enough', () => {
    SupportChat.provide({ mount: panel });
    const element = place();
    element.identify('signed.by.the.shop');
    element.setLocale('de');
    expect([element.getAttribute('identity'), element.lang]).toEqual(['signed.by.the.shop', 'de']);
    element.identify(null);
    element.setLocale(null);
    expect([element.hasAttribute('identity'), element.hasAttribute('lang')]).toEqual([false, false]);
    const heard: unknown[] = [];
    const enough = element.on('unread', ({ count }) => heard.push(count));
    for (const count of [1, 2]) element.dispatchEvent(new CustomEvent('support-chat-unread', { detail: { count } }));
    enough();
    element.dispatchEvent(new CustomEvent('support-chat-unread', { detail: { count: 3 } }));
    expect(heard).toEqual([1, 2]);
  });
});

describe('a site', () => {
  const frameOf = (element: SupportChat): HTMLElement => element.shadowRoot?.querySelector('.frame') as HTMLElement;

  async function placeOn(answer: () => Response | Promise<Response>, attributes: Readonly<Record<string, string>> = {}): Promise<SupportChat> {
    server.route(/sites\/s-1\/$/, answer);
    const element = place({ site: 's-1', ...attributes });
    expect([names(), frameOf(element).hidden]).toEqual([['support-chat-site.js'], true]);
    SupportChat.provide({ readSite });
    scripts[0]?.dispatchEvent(new Event('load'));
    await settle();
    return element;
  }

  it('looks as the server says, but for what the page says itself', async () => {
    const attributes = { heading: 'Northwind', suggestions: ['One?', 'Two?'], lang: 'de' };
    const element = await placeOn(() => json({ online: true, attributes, colour: '#ffdd00', text_colour: '#111111' }), { heading: 'The page' });
    expect(frameOf(element).hidden).toBe(false);
    expect(['heading', 'suggestions', 'lang'].map((name) => element.getAttribute(name))).toEqual(['The page', '["One?","Two?"]', 'de']);
    expect(element.style.getPropertyValue('--site-colour')).toBe('#ffdd00');
    expect(launcherOf(element).getAttribute('aria-label')).toBe('Chat öffnen');
  });

  it('that is offline or unknown shows nothing, and asks for nothing more', async () => {
    localStorage.setItem(`support-chat:${SERVER}:refresh`, 'again');
    for (const answer of [() => json({ online: false }), () => json({}, 404)]) {
      scripts = [];
      SupportChat.source = { folder: `${SERVER}/${String(Math.random())}/`, nonce: '' };
      const element = await placeOn(answer, { open: '' });
      expect([frameOf(element).hidden, names()]).toEqual([true, ['support-chat-site.js']]);
      element.remove();
    }
  });

  it('is shown when its settings cannot be had', async () => {
    const element = await placeOn(() => Promise.reject(new TypeError('away')));
    expect(frameOf(element).hidden).toBe(false);
  });
});

describe('the language', () => {
  const frameOf = (element: SupportChat): HTMLElement => element.shadowRoot?.querySelector('.frame') as HTMLElement;

  it('is that of the attribute, else of the page, else of the browser', async () => {
    const element = place();
    expect(frameOf(element).lang).toBe('en-GB');
    document.documentElement.lang = 'pl';
    await settle();
    expect(launcherOf(element).getAttribute('aria-label')).toBe('Otwórz czat');
    element.lang = 'ar-EG';
    expect(frameOf(element).lang).toBe('ar-EG');
    expect(frameOf(element).dir).toBe('rtl');
    expect(launcherOf(element).getAttribute('aria-label')).toBe('فتح الدردشة');
  });

  it('costs the one file of its words', async () => {
    const element = place({ lang: 'de' });
    launcherOf(element).click();
    expect(names()).toEqual(['support-chat-panel.js', 'de.js']);
    SupportChat.provide({ mount: panel });
    scripts[0]?.dispatchEvent(new Event('load'));
    await settle();
    expect(opened).not.toHaveBeenCalled();
    await import('../locales/de');
    scripts[1]?.dispatchEvent(new Event('load'));
    await settle();
    expect(opened).toHaveBeenCalledTimes(1);
  });

  it('changes while the chat is there, and stays where the words cannot be loaded', async () => {
    SupportChat.provide({ mount: panel });
    const element = place({ lang: 'en' });
    element.open();
    element.lang = 'it';
    scripts.at(-1)?.dispatchEvent(new Event('error'));
    await settle();
    expect(spoken).not.toHaveBeenCalled();
    element.lang = 'fr';
    const { fr } = await import('../locales/fr');
    scripts.at(-1)?.dispatchEvent(new Event('load'));
    await settle();
    expect(spoken).toHaveBeenLastCalledWith({ tag: 'fr', words: fr });
  });
});
