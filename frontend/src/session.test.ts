// Tokens: fetched once, renewed when old, and never fetched for ever where the server refuses.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RefusedError, Session, SignedOutError, UnreachableError } from './session';
import { Storage, memoryArea } from './storage';
import { fakeServer, json, visitor } from './testing/server';
import type { FakeServer } from './testing/server';

let server: FakeServer;
let storage: Storage;
const changed = vi.fn();

function session(): Session {
  return new Session('https://help.example', storage, changed);
}

beforeEach(() => {
  server = fakeServer();
  storage = new Storage('', memoryArea());
  changed.mockClear();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('Session', () => {
  it('asks once for many callers and keeps the refresh token', async () => {
    const one = session();
    expect(await Promise.all([one.token(), one.token()])).toEqual(['signed', 'signed']);
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]).toMatchObject({ method: 'POST', path: 'https://help.example/api/v1/visitors/', body: {} });
    expect(storage.refreshToken).toBe('again');
  });

  it('comes back as the same visitor', async () => {
    storage.refreshToken = 'again';
    await session().token();
    expect(server.requests[0]?.body).toEqual({ refresh_token: 'again' });
  });

  it('renews a token that has run out or that the server refused', async () => {
    vi.useFakeTimers();
    const one = session();
    await one.token();
    vi.setSystemTime(Date.now() + 3_600_000);
    await one.token();
    one.expire();
    await one.token();
    expect(server.requests).toHaveLength(3);
    expect(changed).not.toHaveBeenCalled();
  });

  it('does not renew at every call when the clock of the browser runs ahead', async () => {
    server.route(/visitors/, () => json(visitor({ expires_at: '2001-01-01T00:00:00Z' })));
    const one = session();
    await one.token();
    await one.token();
    expect(server.requests).toHaveLength(1);
  });

  it('starts as a new visitor when the refresh token is no longer good', async () => {
    storage.refreshToken = 'old';
    storage.setReadSeq('a', 9);
    server.route(/visitors/, ({ body }) => (JSON.stringify(body) === '{}' ? json(visitor()) : json({}, 401)));
    expect(await session().token()).toBe('signed');
    expect(storage.readSeq('a')).toBe(0);
  });

  it('says when the visitor has changed', async () => {
    const one = session();
    await one.token();
    server.route(/visitors/, () => json(visitor({ visitor_id: 'eve' })));
    one.expire();
    await one.token();
    expect(changed).toHaveBeenCalledOnce();
  });

  it('tells a refusal from a fault', async () => {
    server.route(/visitors/, () => json({}, 403));
    await expect(session().token()).rejects.toThrow(RefusedError);
    server.route(/visitors/, () => json({}, 503));
    await expect(session().token()).rejects.toThrow(UnreachableError);
    server.route(/visitors/, () => new Response('<html>'));
    await expect(session().token()).rejects.toThrow(UnreachableError);
    server.route(/visitors/, () => Promise.reject(new TypeError('offline')));
    await expect(session().token()).rejects.toThrow(UnreachableError);
  });

  it('takes a server that answers, but never to this page, for a refusal', async () => {
    const one = session();
    const unreadable = (): Promise<Response> => Promise.reject(new TypeError('blocked'));
    server.route(/visitors/, unreadable);
    server.route(/healthz/, () => new Response(null));
    await expect(one.token()).rejects.toThrow(UnreachableError);
    await expect(one.token()).rejects.toThrow(UnreachableError);
    await expect(one.token()).rejects.toThrow(RefusedError);
  });

  it('never takes a server that is away for a refusal', async () => {
    const one = session();
    server.route(/visitors/, () => Promise.reject(new TypeError('away')));
    for (let attempt = 0; attempt < 5; attempt += 1) await expect(one.token()).rejects.toThrow(UnreachableError);
  });

  describe('of a customer who has signed in', () => {
    let identity: string | null = 'signed-by-the-shop';
    const signedIn = () => new Session('https://help.example', storage, changed, () => identity);

    it('is what the page says, and leaves the anonymous visitor alone', async () => {
      storage.refreshToken = 'anonymous';
      server.route(/visitors\/$/, () => json(visitor({ refresh_token: '' })));
      await signedIn().token();
      expect(server.requests[0]?.body).toEqual({ identity: 'signed-by-the-shop' });
      expect(storage.refreshToken).toBe('anonymous');
      expect(storage.hasSignedIn).toBe(true);
    });

    it('ends when the server does not take it any more', async () => {
      server.route(/visitors\/$/, () => json({ code: 'identity_refused' }, 403));
      await expect(signedIn().token()).rejects.toThrow(SignedOutError);
      identity = null;
      server.route(/visitors\/$/, () => json(visitor()));
      expect(await signedIn().token()).toBe('signed');
    });
  });
});
