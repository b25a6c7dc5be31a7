// A stand-in for the server's two edges, for tests: sockets that the test opens and closes, and canned HTTP answers.
import { vi } from 'vitest';
import { RestTransport } from '../transport/rest';
import type { RestFactory } from '../transport/transport';

export class FakeSocket {
  static readonly OPEN = 1;
  static all: FakeSocket[] = [];
  readyState = 0;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  readonly sent: unknown[] = [];

  constructor(
    readonly url: string,
    readonly protocols: readonly string[],
  ) {
    FakeSocket.all.push(this);
  }

  static get last(): FakeSocket {
    const socket = FakeSocket.all.at(-1);
    if (!socket) throw new Error('no socket was opened');
    return socket;
  }

  send(data: string): void {
    this.sent.push(JSON.parse(data));
  }

  close(): void {
    this.readyState = 3;
  }

  accept(): void {
    this.readyState = FakeSocket.OPEN;
    this.onopen?.();
  }

  says(...events: readonly unknown[]): void {
    for (const event of events) this.onmessage?.({ data: JSON.stringify(event) });
  }

  drop(code = 1006): void {
    this.readyState = 3;
    this.onclose?.({ code });
  }
}

/** What a file of its own provides on a page. */
export function restFactory(): Promise<RestFactory> {
  return Promise.resolve((address, handlers, source) => new RestTransport(address, handlers, source));
}

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly headers: Headers;
  readonly signal: AbortSignal | undefined;
}

type Answer = (request: Request) => Response | Promise<Response>;

export interface FakeServer {
  readonly requests: readonly Request[];
  /** Later routes win, so that a test can change an answer. */
  route: (pattern: RegExp, answer: Answer) => void;
}

export function json(body: unknown, status = 200): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } });
}

export function visitor(changes: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  const expires = new Date(Date.now() + 3_600_000).toISOString();
  return { visitor_id: 'ada', token: 'signed', expires_at: expires, refresh_token: 'again', ...changes };
}

/** Replaces WebSocket and fetch until the test ends. */
export function fakeServer(): FakeServer {
  FakeSocket.all = [];
  vi.stubGlobal('WebSocket', FakeSocket);
  // One connection each; the test of tabs has its own.
  vi.stubGlobal('BroadcastChannel', undefined);
  const requests: Request[] = [];
  const routes: [RegExp, Answer][] = [
    [/visitors\/$/, () => json(visitor())],
    [/healthz$/, () => json({})],
    [/history\//, () => json({ events: [], through: 0, earlier: false, speaker: null })],
  ];
  vi.stubGlobal('fetch', async (url: string, init: RequestInit = {}) => {
    const body: unknown = typeof init.body === 'string' ? JSON.parse(init.body) : undefined;
    const request = { method: init.method ?? 'GET', path: url, body, headers: new Headers(init.headers), signal: init.signal ?? undefined };
    requests.push(request);
    const route = routes.findLast(([pattern]) => pattern.test(url));
    if (!route) throw new TypeError(`no route for ${url}`);
    return await route[1](request);
  });
  return { requests, route: (pattern, answer) => void routes.push([pattern, answer]) };
}

/** Lets promises that are ready run, without moving the clock far. */
export async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(20);
}
