// Under attack: the browser solves the server's challenge and asks again; where that does not help, the visitor is told.
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SupportChat } from '../launcher/element';
import { contract } from '../testing/contract';
import { FakeSocket, fakeServer, json, settle, visitor } from '../testing/server';
import type { FakeServer } from '../testing/server';
import { defineElement } from '../testing/widget';
import { prove } from './prove';
import { hasher, words } from './sha256';
import { solve } from './solve';

interface Shared {
  readonly refusal: Readonly<Record<string, unknown>>;
  readonly proof: unknown;
}
const shared = (contract.rest as Readonly<Record<string, Shared>>)['POST /api/v1/visitors/'] as Shared;
const read = (proof: string): unknown => JSON.parse(atob(proof));

describe('solve', () => {
  it('finds what the server and ALTCHA expect', async () => {
    expect(read(await solve(shared.refusal.challenge))).toEqual(shared.proof);
  });

  it('hashes as SHA-256 does, whatever the length of salt and number', () => {
    for (let length = 0; length < 140; length += 1) {
      const salt = 's'.repeat(length);
      for (const number of ['0', '249999']) {
        expect(hasher(salt)(number)).toEqual(words(createHash('sha256').update(salt + number).digest('hex')));
      }
    }
  });

  it.each([null, {}, { algorithm: 'SHA-1' }, { challenge: 'x' }, { maxNumber: 3 }])('raises where there is no answer: %j', async (changes) => {
    const challenge = changes && { ...(shared.refusal.challenge as object), ...(Object.keys(changes).length === 0 ? { salt: 7 } : changes) };
    await expect(solve(challenge)).rejects.toThrow();
  });
});

describe('a new visitor under attack', () => {
  let server: FakeServer;
  let element: SupportChat;
  const proofs = (): readonly unknown[] =>
    server.requests.filter(({ path }) => path.endsWith('visitors/')).map(({ body }) => (body as { proof?: string }).proof).slice(1);
  const line = (): string => element.shadowRoot?.querySelector('[data-testid="proof"]')?.textContent ?? '';
  const spoken = (): string => element.shadowRoot?.querySelector('.sr-only[aria-live]')?.textContent ?? '';

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    localStorage.clear();
    sessionStorage.clear();
    server = fakeServer();
    defineElement();
    SupportChat.provide({ prove });
    element = new SupportChat();
    element.setAttribute('base-url', 'https://help.example/');
    document.body.append(element);
  });
  afterEach(() => {
    element.remove();
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('is told and let in with the answer', async () => {
    server.route(/visitors\/$/, ({ body }) => ('proof' in (body as object) ? json(visitor()) : json(shared.refusal, 428)));
    element.open();
    await vi.waitFor(() => expect(FakeSocket.all).toHaveLength(1));
    expect(proofs().map((proof) => read(String(proof)))).toEqual([shared.proof]);
    expect(spoken()).toBe('Checking that you are not a robot…');
    expect(line()).toBe('');
  });

  it('is told that it failed, and tries again by a button', async () => {
    const refused = { ...shared.refusal, code: 'proof_refused', reason: 'expired' };
    server.route(/visitors\/$/, ({ body }) => json('proof' in (body as object) ? refused : shared.refusal, 428));
    element.open();
    await vi.waitFor(() => expect(line()).toBe('The check did not succeed.Try again'));
    await settle();
    expect(proofs()).toHaveLength(1);
    expect(spoken()).toContain('The check did not succeed.');
    server.route(/visitors\/$/, () => json(visitor()));
    element.shadowRoot?.querySelector<HTMLButtonElement>('[data-testid="proof-again"]')?.click();
    await vi.waitFor(() => expect(FakeSocket.all).toHaveLength(1));
    expect(proofs()).toHaveLength(2);
    expect(line()).toBe('');
  });
});
