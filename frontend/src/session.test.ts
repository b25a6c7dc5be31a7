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
  storage = new Storage('', memoryArea(), memoryArea());
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

  it('asks once a tab: ten pages after another use one token', async () => {
    for (let page = 0; page < 10; page += 1) expect(await session().token()).toBe('signed');
    expect(server.requests).toHaveLength(1);
  });

  it('does not use a kept token that has run out, was refused, or is of a visitor who was forgotten', async () => {
    vi.useFakeTimers();
    await session().token();
    vi.setSystemTime(Date.now() + 3_600_000);
    await session().token();
    expect(server.requests).toHaveLength(2);
    session().expire();
    await session().token();
    expect(server.requests).toHaveLength(3);
    storage.refreshToken = null;
    await session().token();
    expect(server.requests).toHaveLength(4);
  });

  it.each(['{', 'null', '[]', '{"token":7}', '{"token":"x"}'])('passes over a damaged kept token %s', async (text) => {
    storage.visitor = text;
    expect(await session().token()).toBe('signed');
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
    server.route(/visitors|healthz/, () => Promise.reject(new TypeError('away')));
    for (let attempt = 0; attempt < 5; attempt += 1) await expect(one.token()).rejects.toThrow(UnreachableError);
  });

  describe('of a customer who has signed in', () => {
    const IDENTITY = 'head.claims.signature';
    let identity: string | null;
    beforeEach(() => {
      identity = IDENTITY;
    });
    const signedIn = () => new Session('https://help.example', storage, changed, () => identity);

    it('is what the page says, and takes along what was said before', async () => {
      storage.refreshToken = 'anonymous';
      server.route(/visitors\/$/, () => json(visitor({ refresh_token: '' })));
      await signedIn().token();
      expect(server.requests[0]?.body).toEqual({ identity: IDENTITY, session: storage.session, refresh_token: 'anonymous' });
      expect(storage.refreshToken).toBeNull();
      expect(storage.hasSignedIn).toBe(true);
    });

    it('is shown again by the same browser: a site may take an identity once', async () => {
      await signedIn().token();
      storage.visitor = null; // another tab, or an hour later
      await signedIn().token();
      const sessions = server.requests.map(({ body }) => (body as { session: string }).session);
      expect(sessions).toHaveLength(2);
      expect(sessions[0]).toBe(sessions[1]);
      expect(sessions[0]).toMatch(/.{16,}/);
    });

    it('is kept for the pages of a tab, for as long as the page says the same', async () => {
      await signedIn().token();
      await signedIn().token();
      expect(server.requests).toHaveLength(1);
      expect(storage.visitor).not.toContain('claims');
    });

    it.each([null, 'of-somebody-else'])('is forgotten by the tab when the page says %s instead', async (said) => {
      await signedIn().token();
      identity = said;
      signedIn();
      expect(storage.visitor).toBeNull();
    });

    it('gives no token of a customer after they have logged out in the page', async () => {
      const one = signedIn();
      server.route(/visitors\/$/, ({ body }) => json(visitor({ token: JSON.stringify(body) })));
      expect(await one.token()).toContain('claims');
      identity = null;
      expect(await one.token()).not.toContain('claims');
    });

    it('is not taken from an answer that comes after they have logged out', async () => {
      let answer: (response: Response) => void = () => undefined;
      server.route(/visitors\/$/, ({ body }) => ('identity' in (body as object) ? new Promise<Response>((resolve) => void (answer = resolve)) : json(visitor())));
      const one = signedIn();
      const late = one.token();
      identity = null;
      expect(await one.token()).toBe('signed');
      const kept = storage.visitor;
      answer(json(visitor({ token: 'of the customer' })));
      await expect(late).rejects.toThrow(UnreachableError);
      expect(await one.token()).toBe('signed');
      expect(storage.visitor).toBe(kept);
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
