// Who speaks, and how a visitor ends a conversation.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SupportChat } from '../launcher/element';
import { message } from '../testing/contract';
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

describe('who speaks', () => {
  it('is said in the header', async () => {
    const widget = await Widget.open();
    expect(widget.one('speaker').textContent).toBe('You are talking with the assistant');
    await says({ seq: 1, type: 'handover.changed', at: AT, state: 'agent', agent_name: 'Ben', text: '' });
    expect(widget.one('speaker').textContent).toBe('You are talking with Ben');
    await says({ seq: 2, type: 'handover.changed', at: AT, state: 'agent', agent_name: null, text: '' });
    expect(widget.one('speaker').textContent).toBe('You are talking with a colleague');
    await says({ seq: 3, type: 'handover.changed', at: AT, state: 'bot', agent_name: null, text: '' });
    expect(widget.one('speaker').textContent).toBe('You are talking with the assistant');
  });

  it('is nobody after the end, which takes two clicks', async () => {
    const widget = await Widget.open();
    expect(widget.one('end').hidden).toBe(true);
    await says({ seq: 1, type: 'message.created', at: AT, message: message() });
    widget.one('end').click();
    expect(FakeSocket.last.sent.filter((frame) => (frame as { type: string }).type === 'close')).toHaveLength(0);
    expect(widget.one('end').textContent).toBe('Really end it?');
    await vi.advanceTimersByTimeAsync(600);
    widget.one('end').click();
    expect(FakeSocket.last.sent.at(-1)).toEqual({ type: 'close' });
    await says({ seq: 2, type: 'conversation.closed', at: AT, by: 'customer', text: 'You ended this conversation.' });
    expect(widget.one('speaker').textContent).toBe('This conversation has ended');
    expect(widget.one('end').hidden).toBe(true);
  });

  it('does not end by a double click', async () => {
    const widget = await Widget.open();
    await says({ seq: 1, type: 'message.created', at: AT, message: message() });
    widget.one('end').click();
    await vi.advanceTimersByTimeAsync(300);
    widget.one('end').click();
    expect(FakeSocket.last.sent).not.toContainEqual({ type: 'close' });
    expect(widget.one('end').textContent).toBe('Really end it?');
  });

  it('does not end for who goes on writing or sending', async () => {
    const widget = await Widget.open();
    await says({ seq: 1, type: 'message.created', at: AT, message: message() });
    widget.one('end').click();
    widget.one('input').dispatchEvent(new Event('input'));
    expect(widget.one('end').textContent).toBe('End chat');
    widget.one('end').click();
    (widget.element as unknown as Pick<SupportChat, 'ask'>).ask('Where is my order?');
    expect(widget.one('end').textContent).toBe('End chat');
  });
});
