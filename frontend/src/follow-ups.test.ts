// What may be asked next: fetched for the newest answer, and offered below it.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { rawEvents } from './testing/contract';
import { FakeSocket, fakeServer, json, settle } from './testing/server';
import type { FakeServer } from './testing/server';
import { Widget, says } from './testing/widget';

const ANSWER = '0193a2f0-0000-7000-8000-000000000002';
let server: FakeServer;
let widget: Widget;

beforeEach(async () => {
  vi.useFakeTimers();
  localStorage.clear();
  sessionStorage.clear();
  server = fakeServer();
  widget = await Widget.open();
});
afterEach(() => {
  document.body.replaceChildren();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('an answer', () => {
  it('suggests what may be asked next, once per answer, until it is asked', async () => {
    const choices = [{ label: 'How do I return it?', text: 'How do I return it?' }];
    server.route(/follow-ups/, () => json({ choices }));
    await says(...rawEvents.slice(0, 7));
    await settle();
    const asked = () => server.requests.filter(({ path }) => path.endsWith(`/messages/${ANSWER}/follow-ups/`));
    expect(widget.named('choice').map((each) => each.textContent)).toEqual(['How do I return it?']);
    expect(widget.all('.sr-only[aria-relevant]')[0]?.lastElementChild?.textContent).toBe('Suggestions: How do I return it?');
    widget.one('choice').click();
    await settle();
    expect(FakeSocket.last.sent.at(-1)).toMatchObject({ type: 'message', text: 'How do I return it?' });
    expect(widget.one('choice').hasAttribute('disabled')).toBe(true);
    expect(asked()).toHaveLength(1);
  });

  it('suggests nothing where the page does not want it', async () => {
    widget.element.setAttribute('follow-ups', 'off');
    await says(...rawEvents.slice(0, 7));
    await settle();
    expect(server.requests.some(({ path }) => path.includes('follow-ups'))).toBe(false);
  });
});
