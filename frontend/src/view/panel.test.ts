// What the panel says of the connection.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeSocket, fakeServer, settle } from '../testing/server';
import { Widget } from '../testing/widget';

beforeEach(() => {
  vi.useFakeTimers();
  localStorage.clear();
  sessionStorage.clear();
  fakeServer();
});
afterEach(() => {
  document.body.replaceChildren();
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe('the panel', () => {
  it('names the server it cannot reach in plain words', async () => {
    const widget = await Widget.open();
    FakeSocket.last.drop();
    await settle();
    expect(widget.one('connection').textContent).toBe('Reconnecting…');
    await vi.advanceTimersByTimeAsync(600);
    FakeSocket.last.accept();
    FakeSocket.last.drop(4403);
    await settle();
    expect(widget.one('connection').textContent).toBe('This chat is not available on this page.');
  });

  it('says at once that the browser is offline, and nothing when it is back', async () => {
    const widget = await Widget.open();
    const onLine = vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(false);
    window.dispatchEvent(new Event('offline'));
    await settle();
    expect(widget.one('connection').textContent).toContain('You are offline.');
    onLine.mockReturnValue(true);
    window.dispatchEvent(new Event('online'));
    await settle();
    FakeSocket.last.accept();
    await settle();
    expect(widget.one('connection').hidden).toBe(true);
  });
});
