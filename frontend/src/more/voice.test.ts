// Voice: recorded, written down by the server and left to be edited; and what is said when that cannot be.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { en } from '../locales/more/en';
import { fakeServer, json, settle, visitor } from '../testing/server';
import type { FakeServer } from '../testing/server';
import { Widget, says } from '../testing/widget';

const AT = '2026-11-21T10:00:00Z';
const track = { stop: vi.fn() };
let server: FakeServer;
let widget: Widget;
let allow: () => Promise<unknown>;

class FakeRecorder {
  static isTypeSupported = (): boolean => true;
  state = 'inactive';
  private readonly heard = new Map<string, (event: { data: Blob }) => void>();

  addEventListener(type: string, tell: (event: { data: Blob }) => void): void {
    this.heard.set(type, tell);
  }

  start(): void {
    this.state = 'recording';
  }

  stop(): void {
    this.state = 'inactive';
    const data = new Blob(['spoken']);
    this.heard.get('dataavailable')?.({ data });
    this.heard.get('stop')?.({ data });
  }
}

beforeEach(async () => {
  vi.useFakeTimers();
  localStorage.clear();
  sessionStorage.clear();
  track.stop.mockClear();
  server = fakeServer();
  server.route(/visitors\/$/, () => json(visitor({ offers: ['voice'] })));
  allow = () => Promise.resolve({ getTracks: () => [track] });
  vi.stubGlobal('MediaRecorder', FakeRecorder);
  Object.defineProperty(navigator, 'mediaDevices', { configurable: true, value: { getUserMedia: () => allow() } });
  widget = await Widget.open();
  await says({ seq: 0, type: 'conversation.opened', at: AT, conversation: 'conv' });
});
afterEach(() => {
  document.body.replaceChildren();
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

async function press(testid: string): Promise<void> {
  widget.one(testid).click();
  await settle();
}

async function speak(): Promise<void> {
  await press('speak');
  await vi.advanceTimersByTimeAsync(2_000);
}

describe('voice', () => {
  it('is added to what is written, and not sent', async () => {
    server.route(/conversations\/conv\/voice\/$/, () => json({ text: 'where is my order?' }));
    const input = widget.one('input') as HTMLTextAreaElement;
    input.value = 'Hello,';
    await speak();
    expect(widget.one('voice-state').textContent).toBe(en.voiceRecording);
    expect(widget.one('voice-time').textContent).toBe('0:02 / 2:00');
    expect(widget.focused).toBe('voice-done');
    await press('voice-done');
    expect(input.value).toBe('Hello, where is my order?');
    expect(widget.focused).toBe('input');
    expect(widget.one('voice').hidden).toBe(true);
    expect(track.stop).toHaveBeenCalled();
    expect(server.requests.some(({ path }) => path.includes('/messages/'))).toBe(false);
  });

  it('ends with Escape or the panel, without a request', async () => {
    await speak();
    widget.one('voice').dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }));
    await settle();
    expect(widget.one('panel').hidden).toBe(false);
    expect(widget.focused).toBe('input');
    await speak();
    await press('close');
    expect(track.stop).toHaveBeenCalledTimes(2);
    expect(server.requests.some(({ path }) => path.includes('/voice/'))).toBe(false);
  });

  it('ends by itself after two minutes', async () => {
    server.route(/voice\/$/, () => json({ text: 'a long story' }));
    await press('speak');
    await vi.advanceTimersByTimeAsync(121_000);
    expect((widget.one('input') as HTMLTextAreaElement).value).toBe('a long story');
  });

  it.each([
    ['a microphone that is refused', () => Promise.reject(new DOMException('', 'NotAllowedError')), en.voiceRefused],
    ['a machine without one', () => Promise.reject(new DOMException('', 'NotFoundError')), en.voiceNoMicrophone],
  ])('says so of %s', async (_, asked, words) => {
    allow = asked;
    await press('speak');
    expect(widget.one('voice-problem').textContent).toBe(words);
    await press('voice-close');
    expect(widget.one('voice').hidden).toBe(true);
  });

  it.each([
    [400, 'voice_no_words', en.voice_no_words],
    [409, 'voice_off', en.voice_off],
    [413, 'body_too_large', en.voice_too_long],
    [429, 'throttled', en.voiceTooMany],
    [503, 'voice_failed', en.voiceFailed],
  ])('says what became of it: %i %s', async (status, code, words) => {
    server.route(/voice\/$/, () => json({ code }, status));
    await speak();
    await press('voice-done');
    expect(widget.one('voice-problem').textContent).toBe(words);
    expect(widget.one('input').closest('form')?.hidden).toBe(false);
  });

  it('is not offered where the server has nothing to write it down with', async () => {
    document.body.replaceChildren();
    sessionStorage.clear();
    server.route(/visitors\/$/, () => json(visitor()));
    const without = await Widget.open();
    expect(without.one('speak').hidden).toBe(true);
  });
});
