// The sound of an agent's reply: only where the site has it, while nobody looks, and until it is turned off.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { message } from './testing/contract';
import { fakeServer, settle } from './testing/server';
import { Widget, says } from './testing/widget';

const AT = '2026-11-21T10:00:00Z';
let widget: Widget;
let heard = 0;

class FakeAudio {
  readonly currentTime = 0;
  constructor() {
    heard += 1;
  }
  createOscillator(): unknown {
    return { frequency: {}, connect: (next: unknown) => next, start: () => undefined, stop: () => undefined };
  }
  createGain(): unknown {
    return { gain: { setValueAtTime: () => undefined, exponentialRampToValueAtTime: () => undefined }, connect: () => undefined };
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

beforeEach(async () => {
  vi.useFakeTimers();
  localStorage.clear();
  sessionStorage.clear();
  fakeServer();
  heard = 0;
  vi.stubGlobal('AudioContext', FakeAudio);
  widget = await Widget.open();
  await says({ seq: 0, type: 'conversation.opened', at: AT, conversation: 'c' });
});
afterEach(() => {
  document.body.replaceChildren();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const reply = (seq: number): Promise<void> =>
  says({ seq, type: 'message.created', at: AT, message: message({ id: `m${seq}`, author: 'agent', agent_name: 'Ben', text: 'Yes.' }) });

it('is heard once while the chat is closed, and not once it is turned off', async () => {
  widget.element.setAttribute('sound', 'on');
  await reply(1);
  expect(heard, 'the visitor looks at it').toBe(0);
  widget.one('close').click();
  await reply(2);
  await reply(2);
  expect(heard).toBe(1);
  widget.one('sound').click();
  await settle();
  expect(widget.one('sound').textContent).toBe('Turn sound on');
  await reply(3);
  expect(heard).toBe(1);
});

it('is nothing where the site has none', async () => {
  widget.one('close').click();
  await reply(1);
  expect(heard).toBe(0);
  expect(widget.one('sound').hidden).toBe(true);
});
