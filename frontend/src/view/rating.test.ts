// The question how the support was.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeSocket, fakeServer } from '../testing/server';
import { Widget, says } from '../testing/widget';

const AT = '2026-11-21T10:00:00Z';

beforeEach(() => {
  vi.useFakeTimers();
  localStorage.clear();
  sessionStorage.clear();
  fakeServer();
});
afterEach(() => {
  document.body.replaceChildren();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('a rating', () => {
  it('is asked for with five buttons, given by one of them, and thanked for', async () => {
    const widget = await Widget.open();
    await says({ seq: 1, type: 'rating.asked', at: AT, ticket_id: '42', text: 'How did we do?' });
    expect(widget.one('rating').textContent).toContain('How did we do?');
    expect(widget.one('rating-4').getAttribute('aria-label')).toBe('4 of 5');
    widget.one('rating-4').click();
    expect(FakeSocket.last.sent.at(-1)).toEqual({ type: 'rating', score: 4 });
    await says({ seq: 2, type: 'rating.given', at: AT, ticket_id: '42', score: 4 });
    expect(widget.one('log').textContent).toContain('You gave us 4 of 5. Thank you.');
    expect(widget.one('log').querySelector('fieldset')).toBeNull();
  });

  it('tells a visitor who waits their place in the queue', async () => {
    const widget = await Widget.open();
    const text = 'You asked for a person. A colleague will reply here. You are number 3 in line.';
    await says({ seq: 1, type: 'handover.changed', at: AT, state: 'waiting', agent_name: null, text });
    expect(widget.one('log').textContent).toContain('You are number 3 in line.');
  });
});
