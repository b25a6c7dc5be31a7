// A conversation as a file to keep.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { message } from '../testing/contract';
import { en } from '../locales/more/en';
import { fakeServer, json, settle, visitor } from '../testing/server';
import type { FakeServer } from '../testing/server';
import { Widget, says } from '../testing/widget';

const AT = '2026-11-21T10:00:00Z';
let server: FakeServer;
let widget: Widget;
let saved: Blob | null = null;

beforeEach(async () => {
  vi.useFakeTimers();
  localStorage.clear();
  sessionStorage.clear();
  server = fakeServer();
  server.route(/visitors\/$/, () => json(visitor({ offers: ['mail'] })));
  saved = null;
  vi.spyOn(URL, 'createObjectURL').mockImplementation((blob) => {
    saved = blob as Blob;
    return 'blob:x';
  });
  vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(() => undefined);
  server.route(/conversations\/$/, () => json({ results: [] }));
  widget = await Widget.open();
  await says({ seq: 0, type: 'conversation.opened', at: AT, conversation: 'c' }, { seq: 1, type: 'message.created', at: AT, message: message() });
});
afterEach(() => {
  document.body.replaceChildren();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it('has all pages, oldest first, in words', async () => {
  server.route(/conversations\/c\/\?last=20$/, () => json({ messages: [message({ author: 'agent', agent_name: 'Ben', text: '**Yes**.' })], earlier_before: 5 }));
  server.route(/conversations\/c\/\?last=20&before=5$/, () => json({ messages: [message({ text: '*May* I?' })], earlier_before: null }));
  widget.one('history-open').click();
  await settle();
  widget.one('transcript').click();
  await settle();
  const text = await saved?.text();
  expect(text?.split('\n\n').map((line) => line.replace(/^\[.*?\] /, '').trim())).toEqual([
    'Conversation with Support, November 21, 2026',
    'You: *May* I?',
    'Ben: Yes.',
  ]);
});

it('says when it cannot be had', async () => {
  server.route(/conversations\/c\//, () => json({}, 503));
  widget.one('history-open').click();
  await settle();
  widget.one('transcript').click();
  await settle();
  expect(widget.one('history').textContent).toContain('transcript could not be loaded');
  expect(saved).toBeNull();
});

async function mailTo(address: string): Promise<string> {
  (widget.one('mail-address') as HTMLInputElement).value = address;
  widget.one('mail-send').click();
  await settle();
  return widget.one('mail-note').textContent;
}

it('goes to an address that is asked for, and what is wrong is said', async () => {
  widget.one('history-open').click();
  await settle();
  widget.one('mail-transcript').click();
  expect(widget.focused).toBe('mail-address');
  expect(await mailTo('')).toBe(en.no_email);
  server.route(/conversations\/c\/transcript\/$/, () => json({ code: 'throttled' }, 429));
  expect(await mailTo('ada@example.org')).toBe(en.mailTooMany);
  server.route(/conversations\/c\/transcript\/$/, () => json({ code: 'nothing_said' }, 400));
  expect(await mailTo('ada@example.org')).toBe('There is nothing to send yet.');
  server.route(/conversations\/c\/transcript\/$/, () => json({ address: 'a…@example.org' }, 202));
  expect(await mailTo('ada@example.org')).toBe('On its way to a…@example.org.');
  expect(server.requests.at(-1)?.body).toEqual({ email: 'ada@example.org' });
  expect(widget.focused).toBe('mail-transcript');
});
