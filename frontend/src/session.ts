// The visitor's session: a short-lived token in memory, renewed with the refresh token the browser keeps.
import { isRecord } from './contract';
import type { Storage } from './storage';

/** The server refuses this page for good: retrying cannot help. */
export class RefusedError extends Error {}

/** The server does not take who the page says the visitor is; the page can say it anew. */
export class SignedOutError extends Error {}

/** The server cannot be reached or is busy: retrying can help. */
export class UnreachableError extends Error {}

interface Visitor {
  readonly visitorId: string;
  readonly token: string;
  readonly refreshToken: string | null;
  /** Milliseconds since the epoch, by this browser's clock. */
  readonly validUntil: number;
}

// A token is renewed this long before it runs out, so that it does not run out on the way.
const MARGIN_MS = 30_000;
// A browser clock that runs ahead makes every new token look old; it is still used for this long.
const SHORTEST_LIFE_MS = 60_000;
// A server that answers, but not to this page, so many times in a row keeps this page out.
const TIMES_KEPT_OUT = 3;

export class Session {
  private visitor: Visitor | null = null;
  private renewing: Promise<Visitor> | null = null;
  private keptOut = 0;

  constructor(
    private readonly baseUrl: string,
    private readonly storage: Storage,
    private readonly onVisitorChanged: () => void,
    /** What the page's server has signed about a customer who is signed in there. */
    private readonly identity: () => string | null = () => null,
  ) {}

  /** A valid token. Raises RefusedError, SignedOutError or UnreachableError. */
  async token(): Promise<string> {
    if (this.visitor && Date.now() < this.visitor.validUntil - MARGIN_MS) return this.visitor.token;
    return (await this.renew()).token;
  }

  /** Makes the next token() fetch a new one: the server said that this one is no longer good. */
  expire(): void {
    if (this.visitor) this.visitor = { ...this.visitor, validUntil: 0 };
  }

  private renew(): Promise<Visitor> {
    this.renewing ??= this.fetchTokens().finally(() => {
      this.renewing = null;
    });
    return this.renewing;
  }

  private fetchTokens(): Promise<Visitor> {
    const identity = this.identity();
    return identity === null ? this.fetchVisitor(this.storage.refreshToken) : this.signIn(identity);
  }

  private async signIn(identity: string): Promise<Visitor> {
    const response = await this.post({ identity });
    if ([400, 401, 403].includes(response.status)) throw new SignedOutError();
    if (!response.ok) throw new UnreachableError();
    this.storage.hasSignedIn = true;
    return this.remember(parseVisitor(await response.json().catch(() => null)));
  }

  private async fetchVisitor(refreshToken: string | null): Promise<Visitor> {
    const response = await this.post(refreshToken === null ? {} : { refresh_token: refreshToken });
    if (refreshToken !== null && [400, 401, 403].includes(response.status)) {
      // The refresh token may be the reason; a new visitor without it tells.
      this.storage.forgetVisitor();
      return this.fetchVisitor(null);
    }
    if (response.status === 401 || response.status === 403) throw new RefusedError();
    if (!response.ok) throw new UnreachableError();
    return this.remember(parseVisitor(await response.json().catch(() => null)));
  }

  private async post(body: Readonly<Record<string, string>>): Promise<Response> {
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
  private async serverAnswers(): Promise<boolean> {
    try {
      await fetch(`${this.baseUrl}/healthz`, { mode: 'no-cors', credentials: 'omit', cache: 'no-store' });
      return true;
    } catch {
      return false;
    }
  }

  private remember(visitor: Visitor): Visitor {
    const changed = this.visitor !== null && this.visitor.visitorId !== visitor.visitorId;
    this.visitor = visitor;
    if (visitor.refreshToken !== null) this.storage.refreshToken = visitor.refreshToken;
    if (changed) this.onVisitorChanged();
    return visitor;
  }
}

function parseVisitor(raw: unknown): Visitor {
  if (!isRecord(raw) || typeof raw.token !== 'string') throw new UnreachableError();
  const expires = typeof raw.expires_at === 'string' ? Date.parse(raw.expires_at) : NaN;
  const shortest = Date.now() + SHORTEST_LIFE_MS + MARGIN_MS;
  return {
    visitorId: String(raw.visitor_id),
    token: raw.token,
    refreshToken: typeof raw.refresh_token === 'string' && raw.refresh_token !== '' ? raw.refresh_token : null,
    validUntil: Number.isNaN(expires) ? shortest : Math.max(expires, shortest),
  };
}
