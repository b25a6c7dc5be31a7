// Where the conversation is scrolled to.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { message } from '../testing/contract';
import { FakeSocket, fakeServer, settle } from '../testing/server';
import { Widget, says } from '../testing/widget';

const AT = '2026-11-21T10:00:00Z';
const CONTENT_PX = 2000;
const VIEW_PX = 500;

let widget: Widget;
let log: HTMLElement;
let viewPx: number;
let resized: () => void;

/** The test environment has no layout, so the sizes come from here. */
function layOut(): void {
  viewPx = VIEW_PX;
  Object.defineProperty(log, 'scrollHeight', { get: () => CONTENT_PX });
  Object.defineProperty(log, 'clientHeight', { get: () => viewPx });
}

function reply(seq: number): unknown {
  return { seq, type: 'message.created', at: AT, message: message({ id: `m-${seq}`, author: 'agent', agent_name: 'Ben' }) };
}

/** What the browser does when banners come or the composer grows. */
function shrinkTo(px: number): void {
  viewPx = px;
  resized();
}

beforeEach(async () => {
  vi.useFakeTimers();
  vi.stubGlobal('ResizeObserver', class {
    constructor(onResize: () => void) {
      resized = onResize;
    }
    observe(): void {
      resized();
    }
  });
  localStorage.clear();
  sessionStorage.clear();
  fakeServer();
  widget = await Widget.open();
  log = widget.one('log');
  layOut();
  resized();
});
afterEach(() => {
  document.body.replaceChildren();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('the log', () => {
  it('opens a new conversation at its beginning', async () => {
    for (let times = 0; times < 2; times += 1) {
      log.scrollTop = 300;
      widget.one('launcher').click();
      await settle();
    }
    expect(log.scrollTop).toBe(0);
  });

  it('shows what was sent, also to who had scrolled up and where it is confirmed at once', async () => {
    await says(reply(1));
    log.scrollTop = 0;
    const input = widget.one('input') as HTMLTextAreaElement;
    input.value = 'And to Norway?';
    input.dispatchEvent(new Event('input'));
    input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter' }));
    const { client_id: id } = FakeSocket.last.sent.at(-1) as { client_id: string };
    await says({ seq: 2, type: 'message.created', at: AT, message: message({ client_id: id }) });
    expect(log.scrollTop).toBe(CONTENT_PX);
    expect(widget.one('new-message').hidden).toBe(true);
  });

  it('leaves a reader where they are when somebody else writes', async () => {
    await says(reply(1));
    log.scrollTop = 0;
    await says(reply(2));
    await settle();
    expect(log.scrollTop).toBe(0);
  });

  it('follows on where banners or the composer take its room', async () => {
    await says(reply(1));
    log.scrollTop = CONTENT_PX - VIEW_PX;
    viewPx = VIEW_PX - 120;
    await says(reply(2));
    expect(log.scrollTop).toBe(CONTENT_PX);
    log.scrollTop = CONTENT_PX - VIEW_PX;
    shrinkTo(VIEW_PX - 240);
    expect(log.scrollTop).toBe(CONTENT_PX);
  });

  it('does not follow for a reader when its room changes', async () => {
    await says(reply(1));
    log.scrollTop = 700;
    shrinkTo(VIEW_PX - 120);
    expect(log.scrollTop).toBe(700);
  });
});
