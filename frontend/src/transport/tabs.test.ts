// Two tabs of one browser: one socket, the same events, and another tab that goes on when the first one is gone.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { frames } from '../contract';
import { Session } from '../session';
import { Storage, memoryArea } from '../storage';
import { FakeSocket, fakeServer, json, restFactory, settle } from '../testing/server';
import type { FakeServer } from '../testing/server';
import { Connection } from './connection';

type Callback = (lock: object | null) => Promise<void> | undefined;

/** Web Locks of one name, as the standard has them. */
class FakeLocks {
  private held: { end: (error?: Error) => void } | null = null;
  private readonly queue: { grant: () => void }[] = [];

  request(_: string, options: { ifAvailable?: boolean; steal?: boolean; signal?: AbortSignal }, callback: Callback): Promise<void> {
    if (this.held && options.ifAvailable) return Promise.resolve(callback(null));
    if (options.steal) {
      // The tab that slept hears of it when it wakes.
      for (const channel of FakeChannel.all) channel.asleep = false;
      this.held?.end(new Error('stolen'));
    }
    return new Promise((resolve, reject) => {
      const grant = (): void => {
        const lock = { end: (error?: Error) => (error ? reject(error) : resolve()) };
        this.held = lock;
        void Promise.resolve(callback({})).then(() => {
          lock.end();
          if (this.held === lock) this.next();
        });
      };
      if (!this.held || options.steal) grant();
      else this.queue.push({ grant });
      options.signal?.addEventListener('abort', () => {
        this.queue.splice(0);
        reject(new Error('aborted'));
      });
    });
  }

  private next(): void {
    this.held = null;
    this.queue.shift()?.grant();
  }
}

class FakeChannel {
  static all: FakeChannel[] = [];
  onmessage: ((event: { data: unknown }) => void) | null = null;
  asleep = false;

  constructor(readonly name: string) {
    FakeChannel.all.push(this);
  }

  postMessage(data: unknown): void {
    if (this.asleep) return;
    const others = FakeChannel.all.filter((each) => each !== this && each.name === this.name && !each.asleep);
    for (const other of others) void Promise.resolve().then(() => other.onmessage?.({ data }));
  }

  close(): void {
    FakeChannel.all = FakeChannel.all.filter((each) => each !== this);
  }
}

class Tab {
  after = 0;
  conversation = '';
  readonly received: unknown[] = [];
  readonly connection: Connection;

  constructor(browser = memoryArea()) {
    const storage = new Storage('', browser, memoryArea());
    const handlers = {
      onStatus: () => undefined,
      onOpen: () => undefined,
      onEvent: (raw: unknown) => this.hear(raw as { seq: number; type: string; conversation?: string }),
      after: () => this.after,
    };
    this.connection = new Connection('https://help.example', new Session('https://help.example', storage, () => undefined), storage, handlers, restFactory);
  }

  async start(): Promise<this> {
    this.connection.start();
    await vi.advanceTimersByTimeAsync(100);
    return this;
  }

  private hear(event: { seq: number; type: string; conversation?: string }): void {
    this.received.push(event);
    if (event.seq === this.after + 1) this.after = event.seq;
    if (event.type === 'conversation.opened' && event.conversation) this.connection.remember(event.conversation);
  }
}

const OPENED = { seq: 0, type: 'conversation.opened', conversation: 'conv' };
const event = (seq: number) => ({ seq, type: 'ticket.changed' });
let server: FakeServer;
let first: Tab;
let second: Tab;
let stored: readonly unknown[] = [];

beforeEach(async () => {
  vi.useFakeTimers();
  FakeChannel.all = [];
  stored = [];
  Object.defineProperty(navigator, 'locks', { value: new FakeLocks(), configurable: true });
  server = fakeServer();
  vi.stubGlobal('BroadcastChannel', FakeChannel);
  server.route(/conversations\/$/, () => json({ results: [{ id: 'conv' }] }));
  server.route(/events/, () => json({ events: stored }));
  first = await new Tab().start();
  FakeSocket.last.accept();
  FakeSocket.last.says(OPENED);
  second = await new Tab().start();
});
afterEach(() => {
  first.connection.stop();
  second.connection.stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
  Reflect.deleteProperty(navigator, 'locks');
});

describe('two tabs', () => {
  it('have one socket and hear the same events', async () => {
    expect(FakeSocket.all).toHaveLength(1);
    expect(second.connection.status).toBe('online');
    FakeSocket.last.says(event(1), { seq: 0, type: 'agent.typing' }, event(2));
    await settle();
    expect(first.after).toBe(2);
    expect(second.received.slice(-3)).toEqual([event(1), { seq: 0, type: 'agent.typing' }, event(2)]);
  });

  it('read over REST what they have missed', async () => {
    stored = [event(1), event(2)];
    FakeSocket.last.says(event(1));
    second.after = 0;
    FakeChannel.all.forEach((channel) => channel.onmessage?.({ data: { kind: 'event', conversation: 'conv', raw: event(2) } }));
    await settle();
    expect(second.after).toBe(2);
  });

  it('keep their own refusals and pages', async () => {
    FakeSocket.last.says({ seq: 0, type: 'error' }, { seq: 0, type: 'history' });
    await settle();
    expect(second.received).not.toContainEqual({ seq: 0, type: 'error' });
  });

  it('both send, the second one over REST', async () => {
    server.route(/messages\/$/, () => json({}, 202));
    second.connection.send(frames.message('c-2', 'Hello'));
    await settle();
    expect(server.requests.at(-1)).toMatchObject({ method: 'POST', body: { client_id: 'c-2' } });
  });

  it('change places when the first one is closed', async () => {
    second.after = 4;
    first.connection.stop();
    await vi.advanceTimersByTimeAsync(1_000);
    FakeSocket.last.accept();
    expect(FakeSocket.all).toHaveLength(2);
    expect(FakeSocket.last.sent).toEqual([{ type: 'hello', after: 4, conversation: 'conv' }]);
  });

  it('change places when the first one sleeps, and it follows when it wakes', async () => {
    const [asleep] = FakeChannel.all;
    if (asleep) asleep.asleep = true;
    await vi.advanceTimersByTimeAsync(25_000);
    expect(FakeSocket.all).toHaveLength(2);
    FakeSocket.last.accept();
    FakeSocket.last.says(OPENED);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(first.connection.status).toBe('online');
    FakeSocket.last.says(event(1));
    await settle();
    expect(first.received).toContainEqual(event(1));
    expect(FakeSocket.all).toHaveLength(2);
  });
});
