// The visitor's session: a short-lived token that the tab keeps, renewed with the refresh token the browser keeps or
// with what the page says of a customer who has signed in there.
import { isRecord, texts } from './raw';
import type { Storage } from './storage';

/** The server refuses this page for good: retrying cannot help. */
export class RefusedError extends Error {}

/** The server does not take who the page says the visitor is; the page can say it anew. */
export class SignedOutError extends Error {}

/** The server cannot be reached or is busy: retrying can help. */
export class UnreachableError extends Error {}

/** How the part of an address begins that leads back to a conversation, from an e-mail. */
const BACK = '#support-chat=';

interface Visitor {
  readonly visitorId: string;
  readonly token: string;
  readonly refreshToken: string | null;
  /** Milliseconds since the epoch, by this browser's clock. */
  readonly validUntil: number;
  /** The mark of the identity that the token was given for; null for a visitor who has not signed in. */
  readonly identity: string | null;
  /** What the server has set up; missing in what an earlier deployment's page has kept. */
  readonly offers?: readonly string[];
}

// A token is renewed this long before it runs out, so that it does not run out on the way.
const MARGIN_MS = 30_000;
// A browser clock that runs ahead makes every new token look old; it is still used for this long.
const SHORTEST_LIFE_MS = 60_000;
// A server that answers, but not to this page, so many times in a row keeps this page out.
const TIMES_KEPT_OUT = 3;

export class Session {
  private visitor: Visitor | null;
  private renewing: { readonly identity: string | null; readonly visitor: Promise<Visitor> } | null = null;
  private keptOut = 0;

  constructor(
    private readonly baseUrl: string,
    private readonly storage: Storage,
    private readonly onVisitorChanged: () => void,
    /** What the page's server has signed about a customer who is signed in there. */
    private readonly identity: () => string | null = () => null,
    /** Solves the challenge that the server, under attack, answers a new visitor with. */
    private readonly prove?: (refusal: Response) => Promise<string>,
  ) {
    this.visitor = keptVisitor(storage);
    if (this.visitor && (!this.isCurrent(this.visitor) || this.wayBack !== '')) this.expire();
  }

  /** A valid token. Raises RefusedError, SignedOutError or UnreachableError. */
  async token(): Promise<string> {
    if (this.visitor && this.isCurrent(this.visitor) && Date.now() < this.visitor.validUntil - MARGIN_MS) return this.visitor.token;
    return (await this.renew()).token;
  }

  /** What the tabs of a visitor have in common; known once there is a token. */
  get visitorId(): string {
    return this.visitor?.visitorId ?? '';
  }

  /** Whether the server has this set up; known once there is a token. */
  hasOffer(what: string): boolean {
    return this.visitor?.offers?.includes(what) === true;
  }

  /** Makes the next token() fetch a new one: the server said that this one is no longer good. */
  expire(): void {
    if (this.visitor) this.visitor = { ...this.visitor, validUntil: 0 };
    this.storage.visitor = null;
  }

  /** The JSON object at a path of the API. Raises UnreachableError. */
  async read(path: string): Promise<Readonly<Record<string, unknown>>> {
    const response = await this.request('GET', path);
    const raw: unknown = response.ok ? await response.json().catch(() => null) : null;
    if (!isRecord(raw)) throw new UnreachableError();
    return raw;
  }

  /** Signs the visitor out on every device and forgets them here. Raises UnreachableError. */
  async forget(): Promise<void> {
    const response = await this.request('DELETE', 'visitors/me/');
    // 401: the server has forgotten them already.
    if (!response.ok && response.status !== 401) throw new UnreachableError();
    this.visitor = null;
    this.storage.forgetVisitor();
  }

  /** Any request of the visitor's. Raises UnreachableError. */
  async request(method: string, path: string, body?: Readonly<Record<string, string>>): Promise<Response> {
    const headers = {
      Accept: 'application/json',
      Authorization: `Bearer ${await this.token()}`,
      ...(body && { 'Content-Type': 'application/json' }),
    };
    const init: RequestInit = { method, headers, credentials: 'omit', ...(body && { body: JSON.stringify(body) }) };
    const response = await fetch(`${this.baseUrl}/api/v1/${path}`, init).catch(() => null);
    if (!response) throw new UnreachableError();
    return response;
  }

  /** Whether the visitor is still who the page says. */
  private isCurrent({ identity }: Visitor): boolean {
    return identity === markOf(this.identity());
  }

  private renew(): Promise<Visitor> {
    const identity = this.identity();
    if (this.renewing?.identity === identity) return this.renewing.visitor;
    const visitor = this.fetchTokens(identity).finally(() => {
      if (this.renewing?.visitor === visitor) this.renewing = null;
    });
    this.renewing = { identity, visitor };
    return visitor;
  }

  private fetchTokens(identity: string | null): Promise<Visitor> {
    return identity === null ? this.fetchVisitor(this.storage.refreshToken) : this.signIn(identity);
  }

  private async signIn(identity: string): Promise<Visitor> {
    // What was said here before goes over to the customer.
    const kept = this.storage.refreshToken;
    const response = await this.post({ identity, session: this.storage.session, ...(kept && { refresh_token: kept }) });
    if ([400, 401, 403].includes(response.status)) throw new SignedOutError();
    if (!response.ok) throw new UnreachableError();
    this.storage.hasSignedIn = true;
    this.storage.refreshToken = null;
    return this.remember(parseVisitor(await response.json().catch(() => null), identity));
  }

  private async fetchVisitor(refreshToken: string | null): Promise<Visitor> {
    const back = this.wayBack;
    const response = await this.post({ ...(refreshToken && { refresh_token: refreshToken }), ...(back && { return_token: back }) });
    if (response.ok && back !== '') window.history.replaceState(window.history.state, '', location.pathname + location.search);
    if (refreshToken !== null && [400, 401, 403].includes(response.status)) {
      // The refresh token may be the reason; a new visitor without it tells.
      this.storage.forgetVisitor();
      return this.fetchVisitor(null);
    }
    if (response.status === 401 || response.status === 403) throw new RefusedError();
    if (!response.ok) throw new UnreachableError();
    return this.remember(parseVisitor(await response.json().catch(() => null), null));
  }

  /** What the link in an e-mail says of the visitor; empty without one. */
  private get wayBack(): string {
    return location.hash.startsWith(BACK) ? location.hash.slice(BACK.length) : '';
  }

  private async post(body: Readonly<Record<string, string>>): Promise<Response> {
    let response = await this.postOnce(body);
    while (response.status === 428 && this.prove) response = await this.postOnce({ ...body, proof: await this.prove(response) });
    return response;
  }

  private async postOnce(body: Readonly<Record<string, string>>): Promise<Response> {
    try {
      const response = await fetch(`${this.baseUrl}/api/v1/visitors/`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
        credentials: 'omit',
        body: JSON.stringify(body),
      });
      this.keptOut = 0;
      return response;
    } catch {
      this.keptOut = (await this.serverAnswers()) ? this.keptOut + 1 : 0;
      throw this.keptOut < TIMES_KEPT_OUT ? new UnreachableError() : new RefusedError();
    }
  }

  /** A browser tells a page of a foreign origin no more than that the request failed; this form it always lets through. */
  async serverAnswers(): Promise<boolean> {
    try {
      await fetch(`${this.baseUrl}/healthz`, { mode: 'no-cors', credentials: 'omit', cache: 'no-store' });
      return true;
    } catch {
      return false;
    }
  }

  private remember(visitor: Visitor): Visitor {
    // The page has said meanwhile that somebody else is there, or nobody.
    if (!this.isCurrent(visitor)) throw new UnreachableError();
    const changed = this.visitor !== null && this.visitor.visitorId !== visitor.visitorId;
    this.visitor = visitor;
    this.storage.visitor = JSON.stringify(visitor);
    if (visitor.refreshToken !== null) this.storage.refreshToken = visitor.refreshToken;
    if (changed) this.onVisitorChanged();
    return visitor;
  }
}

/** The visitor of the page before in this tab, so that a page view asks for no token. */
function keptVisitor(storage: Storage): Visitor | null {
  try {
    const raw: unknown = JSON.parse(storage.visitor ?? 'null');
    // Without its refresh token the visitor was forgotten, perhaps in another tab.
    if (!isRecord(raw) || typeof raw.token !== 'string' || typeof raw.validUntil !== 'number') return null;
    if (storage.refreshToken === null && raw.refreshToken !== null) return null;
    return raw as unknown as Visitor;
  } catch {
    return null;
  }
}

/** The signature of an identity: it tells two apart, and is worth nothing to whoever finds it in the browser. */
function markOf(identity: string | null): string | null {
  return identity === null ? null : identity.slice(identity.lastIndexOf('.') + 1);
}

function parseVisitor(raw: unknown, identity: string | null): Visitor {
  if (!isRecord(raw) || typeof raw.token !== 'string') throw new UnreachableError();
  const expires = typeof raw.expires_at === 'string' ? Date.parse(raw.expires_at) : NaN;
  const shortest = Date.now() + SHORTEST_LIFE_MS + MARGIN_MS;
  return {
    visitorId: String(raw.visitor_id),
    token: raw.token,
    refreshToken: typeof raw.refresh_token === 'string' && raw.refresh_token !== '' ? raw.refresh_token : null,
    validUntil: Number.isNaN(expires) ? shortest : Math.max(expires, shortest),
    identity: markOf(identity),
    offers: texts(raw, 'offers'),
  };
}
