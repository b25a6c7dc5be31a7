// Connecting, reconnecting, renewing, falling back: everything a bad network does to a chat.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { frames } from '../contract';
import { Session } from '../session';
import { Storage, memoryArea } from '../storage';
import type { KeyValue } from '../storage';
import { FakeSocket, fakeServer, json, restFactory, settle } from '../testing/server';
import type { FakeServer } from '../testing/server';
import { backoff } from './backoff';
import { Connection } from './connection';

let server: FakeServer;
let connection: Connection;
let after = 0;
const received: unknown[] = [];
const opened = vi.fn();

let tab: KeyValue;

function connectionOf(area: KeyValue, load = restFactory): Connection {
  const storage = new Storage('', memoryArea(), area);
  const handlers = { onStatus: () => undefined, onOpen: opened, onEvent: (raw: unknown) => void received.push(raw), after: () => after };
  return new Connection('https://help.example', new Session('https://help.example', storage, () => undefined), storage, handlers, load);
}

beforeEach(async () => {
  vi.useFakeTimers();
  server = fakeServer();
  after = 0;
  received.length = 0;
  opened.mockClear();
  tab = memoryArea();
  connection = connectionOf(tab);
  connection.start();
  await settle();
});
afterEach(() => {
  connection.stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const visitorRequests = (): number => server.requests.filter((each) => each.path.endsWith('visitors/')).length;

describe('a WebSocket', () => {
  it('carries the token in the subprotocol and says hello first', () => {
    expect(FakeSocket.last).toMatchObject({ url: 'wss://help.example/ws/chat/', protocols: ['supportbot.v1', 'token.signed'] });
    FakeSocket.last.accept();
    expect(FakeSocket.last.sent).toEqual([{ type: 'hello', last: 20 }]);
    expect(connection.status).toBe('online');
    expect(opened).toHaveBeenCalledWith(false);
  });

  it('passes events on and drops what is not JSON', () => {
    FakeSocket.last.accept();
    FakeSocket.last.says({ seq: 1 });
    FakeSocket.last.onmessage?.({ data: '{' });
    expect(received).toEqual([{ seq: 1 }]);
  });

  it('says hello with the last number seen when it comes back', async () => {
    FakeSocket.last.accept();
    after = 7;
    FakeSocket.last.drop();
    expect(connection.status).toBe('reconnecting');
    expect(connection.send(frames.typing())).toBe(false);
    await vi.advanceTimersByTimeAsync(600);
    FakeSocket.last.accept();
    expect(FakeSocket.last.sent).toEqual([{ type: 'hello', after: 7 }]);
    expect(visitorRequests()).toBe(1);
  });

  it('renews the token at once on 4401', async () => {
    FakeSocket.last.accept();
    FakeSocket.last.drop(4401);
    await settle();
    expect(visitorRequests()).toBe(2);
    expect(FakeSocket.all).toHaveLength(2);
  });

  it('gives up on 4403', async () => {
    FakeSocket.last.accept();
    FakeSocket.last.drop(4403);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(connection.status).toBe('refused');
    connection.reconnect();
    expect(FakeSocket.all).toHaveLength(1);
  });

  it('reconnects without a pause when asked to, and ignores the socket it left', async () => {
    const old = FakeSocket.last;
    old.accept();
    connection.reconnect();
    await settle();
    old.says({ seq: 1 });
    old.drop();
    FakeSocket.last.accept();
    expect(received).toEqual([]);
    expect(connection.status).toBe('online');
    expect(FakeSocket.all).toHaveLength(2);
  });

  it('is given up when it neither opens nor fails', async () => {
    await vi.advanceTimersByTimeAsync(11_000);
    expect(FakeSocket.all.length).toBeGreaterThan(1);
  });
});

describe('the fallback', () => {
  const event = { seq: 1, type: 'ticket.changed' };
  const paths = (part: string): string[] => server.requests.filter(({ path }) => path.includes(part)).map(({ path }) => path.split('/v1/')[1] ?? path);
  const hangs = (): Promise<Response> => new Promise<Response>(() => undefined);

  async function blockSockets(): Promise<void> {
    for (let n = 0; n < 2; n++) {
      FakeSocket.last.drop();
      await vi.advanceTimersByTimeAsync(2_000);
    }
  }

  async function blockStreams(): Promise<void> {
    await blockSockets();
    await vi.advanceTimersByTimeAsync(10_000);
  }

  /** An event stream of these pieces, which stays open. */
  function streamOf(pieces: readonly string[], signal?: AbortSignal): Response {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece));
        signal?.addEventListener('abort', () => controller.error(new Error('aborted')));
      },
    });
    return new Response(body, { headers: { 'Content-Type': 'text/event-stream' } });
  }

  beforeEach(() => {
    server.route(/conversations\/$/, ({ method }) => (method === 'GET' ? json({ results: [] }) : json({ id: 'conv' }, 201)));
  });

  it('reads a stream after two sockets that never opened, and the tab keeps that', async () => {
    server.route(/events/, () => streamOf([': \n\nretry: 1000\n\nid: 1\nevent: ticket.changed\nda', `ta: ${JSON.stringify(event)}\n\n`, ': open\n\n']));
    await blockSockets();
    // A socket that a proxy blocks says nothing about the token.
    expect(visitorRequests()).toBe(1);
    expect(connection.status).toBe('online');
    expect(opened).toHaveBeenCalledWith(true);
    expect(received).toMatchObject([{ type: 'conversation.opened', conversation: 'conv' }, { type: 'history', through: 0 }, event]);
    const stream = server.requests.find(({ path }) => path.includes('events'));
    expect(stream?.headers.get('Authorization')).toBe('Bearer signed');
    expect(stream?.headers.get('Accept')).toBe('text/event-stream');
    expect(tab.getItem('support-chat::way')).toBe('stream');
    connection.stop();
    connection = connectionOf(tab);
    const sockets = FakeSocket.all.length;
    connection.start();
    await settle();
    expect(connection.status).toBe('online');
    expect(FakeSocket.all).toHaveLength(sockets);
  });

  it.each([
    ['opens and says nothing', () => FakeSocket.last.accept()],
    ['neither opens nor fails', () => undefined],
  ])('comes where a socket %s', async (_, treat) => {
    server.route(/events/, hangs);
    for (let n = 0; n < 2; n++) {
      treat();
      await vi.advanceTimersByTimeAsync(12_000);
    }
    expect(tab.getItem('support-chat::way')).toBe('stream');
  });

  it('does not come where the server answers nothing at all', async () => {
    server.route(/healthz/, () => Promise.reject(new TypeError('down')));
    await blockSockets();
    await blockSockets();
    expect(tab.getItem('support-chat::way')).toBeNull();
  });

  it('polls where a proxy holds the stream back', async () => {
    server.route(/events/, ({ headers }) => {
      if (headers.get('Accept') === 'text/event-stream') return streamOf([': \n\n']);
      const events = after === 0 ? [event] : [];
      after = 1;
      return json({ events });
    });
    await blockStreams();
    expect(tab.getItem('support-chat::way')).toBe('poll');
    expect(connection.status).toBe('online');
    expect(received).toContainEqual(event);
    expect(paths('events').slice(0, 3)).toEqual([0, 0, 1].map((n) => `conversations/conv/events/?after=${n}`));
  });

  it('goes back to a WebSocket when one works', async () => {
    server.route(/events/, () => streamOf([': open\n\n']));
    await blockSockets();
    const before = FakeSocket.all.length;
    await vi.advanceTimersByTimeAsync(35_000);
    expect(FakeSocket.all).toHaveLength(before);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(FakeSocket.all).toHaveLength(before + 1);
    FakeSocket.last.accept();
    FakeSocket.last.says({ seq: 0, type: 'conversation.opened', conversation: 'conv' });
    await settle();
    FakeSocket.last.accept();
    expect(FakeSocket.all).toHaveLength(before + 2);
    expect(connection.status).toBe('online');
    expect(tab.getItem('support-chat::way')).toBeNull();
  });

  it('sends frames as requests and turns a refusal into an error event', async () => {
    server.route(/conversations\/$/, () => json({ results: [{ id: 'conv' }, { id: 'older' }] }));
    server.route(/events/, hangs);
    server.route(/(handover|feedback|typing)\/$/, () => json({}, 202));
    server.route(/messages\/$/, () => json({ detail: 'Slow down.' }, 429));
    await blockSockets();
    connection.send(frames.message('c-1', 'Hello'));
    connection.send(frames.handover());
    connection.send(frames.feedback('m-2', 'down', 'Old.'));
    connection.send(frames.typing());
    await settle();
    expect(server.requests.slice(-4).map(({ path, body }) => [path.split('/v1/')[1], body])).toEqual([
      ['conversations/conv/messages/', { text: 'Hello', client_id: 'c-1' }],
      ['conversations/conv/handover/', {}],
      ['messages/m-2/feedback/', { value: 'down', comment: 'Old.' }],
      ['conversations/conv/typing/', {}],
    ]);
    expect(received.slice(2)).toMatchObject([{ seq: 0, type: 'error', client_id: 'c-1', text: 'Slow down.', retryable: true }]);
  });

  it('goes on in the conversation that follows', async () => {
    const asked: string[] = [];
    server.route(/conversations\/$/, () => json({ results: [{ id: 'old' }] }));
    server.route(/events/, ({ path, signal }) => {
      asked.push(path.split('/v1/')[1] ?? '');
      return path.includes('old') ? streamOf([': open\n\n'], signal) : hangs();
    });
    await blockSockets();
    connection.moveTo('new');
    await vi.advanceTimersByTimeAsync(2_000);
    expect(received.slice(-2)).toMatchObject([{ type: 'conversation.opened', conversation: 'new' }, { type: 'history' }]);
    expect(server.requests.some(({ path }) => path.endsWith('conversations/new/history/?last=20'))).toBe(true);
    expect(asked.at(-1)).toBe('conversations/new/events/?after=0');
  });

  it('ends a conversation with a request', async () => {
    server.route(/conversations\/$/, () => json({ results: [{ id: 'conv' }] }));
    server.route(/events/, hangs);
    server.route(/close\/$/, () => json({}));
    await blockSockets();
    connection.send(frames.close());
    await settle();
    expect(server.requests.at(-1)?.path).toContain('conversations/conv/close/');
  });

  it('renews the token on 401 and tries a WebSocket again when the network returns', async () => {
    server.route(/conversations\/$/, () => json({}, 401));
    await blockSockets();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(visitorRequests()).toBeGreaterThan(1);
    const before = FakeSocket.all.length;
    connection.reconnectAnyWay();
    await settle();
    expect(FakeSocket.all.length).toBe(before + 1);
  });
});

describe('backoff', () => {
  it('doubles up to half a minute and is never immediate', () => {
    expect([0, 1, 2, 10, 400].map((failures) => backoff(failures, () => 1))).toEqual([500, 1_000, 2_000, 30_000, 30_000]);
    expect(backoff(2, () => 0)).toBe(1_000);
  });
});
