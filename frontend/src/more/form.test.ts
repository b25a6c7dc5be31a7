// The form for an address: when it comes, what it refuses, and what becomes of it.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { en } from '../locales/more/en';
import { FakeSocket, fakeServer, json, settle } from '../testing/server';
import type { FakeServer } from '../testing/server';
import { says, Widget } from '../testing/widget';

const AT = '2026-11-21T10:00:00Z';
let widget: Widget;
let server: FakeServer;

beforeEach(async () => {
  vi.useFakeTimers();
  localStorage.clear();
  sessionStorage.clear();
  server = fakeServer();
  widget = await Widget.open();
  FakeSocket.last.says({ seq: 0, type: 'conversation.opened', at: AT, conversation: 'conv' });
  await settle();
});
afterEach(() => {
  document.body.replaceChildren();
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

const waiting = { seq: 1, type: 'handover.changed', at: AT, state: 'waiting', agent_name: null, text: 'Away.', offer_address: true };

async function enter(testid: string, value: string): Promise<void> {
  (widget.one(testid) as HTMLInputElement).value = value;
  widget.one('address').querySelector('form')?.dispatchEvent(new Event('submit', { cancelable: true }));
  await settle();
}

describe('while nobody is there', () => {
  beforeEach(async () => {
    await says(waiting);
    widget.one('leave-address').click();
    await settle();
  });

  it('says what is wrong, at the field', async () => {
    await enter('address-email', '');
    expect(widget.one('address-problem').textContent).toBe(en.no_email);
    await enter('address-email', 'ada at example');
    expect(widget.one('address-problem').textContent).toBe(en.bad_email);
    expect(widget.one('address-email').getAttribute('aria-invalid')).toBe('true');
    server.route(/address\/$/, () => json({ code: 'bad_email', detail: '' }, 400));
    await enter('address-email', 'ada@example.org');
    expect(widget.one('address-problem').textContent).toBe(en.bad_email);
    server.route(/address\/$/, () => Promise.reject(new TypeError('offline')));
    await enter('address-email', 'ada@example.org');
    expect(widget.one('address-problem').textContent).toBe(en.failed);
  });

  it('keeps the address, sends what was added, and offers it no more', async () => {
    server.route(/address\/$/, () => json({ address: 'a…@example.org' }));
    (widget.one('address-message') as HTMLTextAreaElement).value = 'It is the blue one.';
    await enter('address-email', 'ada@example.org');
    const sent = server.requests.at(-1);
    expect(sent?.path).toBe('https://help.example/api/v1/conversations/conv/address/');
    expect(sent?.body).toMatchObject({ email: 'ada@example.org', name: '', page: location.href });
    expect(FakeSocket.last.sent.at(-1)).toMatchObject({ type: 'message', text: 'It is the blue one.' });
    await says({ seq: 2, type: 'address.left', at: AT, address: 'a…@example.org' });
    expect(widget.named('address')).toHaveLength(0);
    expect(widget.one('leave-address').hidden).toBe(true);
    expect(widget.all('.notice').at(-1)?.textContent).toBe('Replies also go to a…@example.org');
  });

  it('goes by Escape, and the chat stays', async () => {
    widget.one('address-email').dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true, composed: true }));
    await settle();
    expect(widget.named('address')).toHaveLength(0);
    expect(widget.one('panel').hidden).toBe(false);
  });
});

describe('before the chat', () => {
  const begin = async (first: string): Promise<void> => {
    widget.element.setAttribute('consent', 'I agree.');
    widget.element.setAttribute('ask-first', first);
    await settle();
    await settle();
  };

  it('is asked once, and may be skipped where it may', async () => {
    await begin('optional');
    widget.one('address-skip').click();
    await settle();
    expect(widget.named('address')).toHaveLength(0);
    widget.element.setAttribute('consent', 'I do agree.');
    await settle();
    expect(widget.named('address')).toHaveLength(0);
  });

  it('wants the consent that the page names; closing it closes the chat', async () => {
    await begin('required');
    expect(widget.named('address-skip')).toHaveLength(0);
    await enter('address-email', 'ada@example.org');
    expect(widget.one('address-problem').textContent).toBe(en.consent);
    widget.one('address-close').click();
    await settle();
    expect(widget.one('panel').hidden).toBe(true);
  });
});

describe('the link of an e-mail', () => {
  it('opens the chat as the visitor it was sent to', async () => {
    document.body.replaceChildren();
    window.location.hash = '#support-chat=way-back';
    widget = await Widget.open();
    const asked = server.requests.filter(({ path }) => path.endsWith('visitors/')).at(-1);
    expect(asked?.body).toEqual({ refresh_token: 'again', return_token: 'way-back' });
    expect(window.location.hash).toBe('');
  });
});
