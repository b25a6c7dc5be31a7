// What the browser remembers between visits: the refresh token, the outbox, how far the visitor has read.
import type { SentFile } from './contract';
import { newId } from './ids';
import type { Failure } from './state';

/** A message kept until the server confirms it, so that a reload does not lose it. */
export interface OutboxEntry {
  readonly clientId: string;
  readonly text: string;
  readonly at: string;
  readonly files?: readonly SentFile[];
  readonly failure: Failure | null;
}

/** The part of localStorage that is used; a Map serves where storage is switched off. */
export interface KeyValue {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

const prefixOf = (baseUrl: string): string => `support-chat:${baseUrl}:`;

/** What a visitor has left here: nothing, a conversation to find, or words that wait to be sent. */
export function traceOf(baseUrl: string, area: KeyValue | null = safely(() => localStorage)): 'none' | 'returning' | 'unsent' {
  const has = (key: string): boolean => safely(() => area?.getItem(prefixOf(baseUrl) + key) ?? null) !== null;
  if (has('outbox')) return 'unsent';
  return has('refresh') || has('signed-in') ? 'returning' : 'none';
}

/** Null where the browser forbids its storage. */
function safely<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}

export class Storage {
  private readonly prefix: string;

  /** Keys carry the server's address, so that two servers on one site keep apart. */
  constructor(
    baseUrl: string,
    private readonly area: KeyValue = browserArea('localStorage'),
    private readonly tab: KeyValue = browserArea('sessionStorage'),
  ) {
    this.prefix = prefixOf(baseUrl);
  }

  /** The short-lived token, as text, for the pages that this tab opens next. */
  get visitor(): string | null {
    return this.read('visitor', this.tab);
  }

  set visitor(text: string | null) {
    this.write('visitor', text, this.tab);
  }

  /** What the tab has found of the way to the server; null for the usual one. */
  get way(): 'stream' | 'poll' | null {
    const way = this.read('way', this.tab);
    return way === 'stream' || way === 'poll' ? way : null;
  }

  set way(way: 'stream' | 'poll' | null) {
    this.write('way', way, this.tab);
  }

  get refreshToken(): string | null {
    return this.read('refresh');
  }

  set refreshToken(token: string | null) {
    this.write('refresh', token);
  }

  /** How far the visitor has read in a conversation; 0 for any but the last one. */
  readSeq(conversation: string | null): number {
    const [known, seq] = (this.read('read') ?? '').split(' ');
    return known === (conversation ?? '') ? Number(seq ?? 0) : 0;
  }

  setReadSeq(conversation: string | null, seq: number): void {
    this.write('read', `${conversation ?? ''} ${seq}`);
  }

  /** Whether a customer who has signed in has chatted here. */
  get hasSignedIn(): boolean {
    return this.read('signed-in') !== null;
  }

  set hasSignedIn(value: boolean) {
    this.write('signed-in', value ? '1' : null);
  }

  /** Tells this browser apart: a site that takes an identity once takes it again from here. */
  get session(): string {
    const kept = this.read('session');
    if (kept !== null) return kept;
    const made = newId();
    this.write('session', made);
    return made;
  }

  /** Whether a page's question for an address was answered, or skipped. */
  get wasAsked(): boolean {
    return this.read('asked') !== null;
  }

  set wasAsked(value: boolean) {
    this.write('asked', value ? '1' : null);
  }

  /** Whether the visitor has turned the sound off. */
  get isMuted(): boolean {
    return this.read('muted') !== null;
  }

  set isMuted(value: boolean) {
    this.write('muted', value ? '1' : null);
  }

  /** True for the first tab that says so. */
  takeTurn(mark: string): boolean {
    if (this.read('sounded') === mark) return false;
    this.write('sounded', mark);
    return true;
  }

  /** For a refresh token the server no longer takes: the next visitor starts with an empty conversation. */
  forgetVisitor(): void {
    this.visitor = null;
    this.write('refresh', null);
    this.write('asked', null);
    this.write('read', null);
    this.write('session', null);
  }

  get outbox(): readonly OutboxEntry[] {
    try {
      const value: unknown = JSON.parse(this.read('outbox') ?? '[]');
      return Array.isArray(value) ? value.filter(isOutboxEntry) : [];
    } catch {
      return [];
    }
  }

  /** Adds or replaces the entry of one client id. Reads first: another tab may have written. */
  keep(entry: OutboxEntry): void {
    this.writeOutbox([...this.outbox.filter((each) => each.clientId !== entry.clientId), entry]);
  }

  drop(clientId: string): void {
    const rest = this.outbox.filter((each) => each.clientId !== clientId);
    if (rest.length !== this.outbox.length) this.writeOutbox(rest);
  }

  private writeOutbox(entries: readonly OutboxEntry[]): void {
    this.write('outbox', entries.length === 0 ? null : JSON.stringify(entries));
  }

  private read(key: string, area = this.area): string | null {
    return safely(() => area.getItem(this.prefix + key));
  }

  private write(key: string, value: string | null, area = this.area): void {
    try {
      if (value === null) area.removeItem(this.prefix + key);
      else area.setItem(this.prefix + key, value);
    } catch {
      // Storage that is full or forbidden costs the memory between visits, never the chat.
    }
  }
}

function isOutboxEntry(value: unknown): value is OutboxEntry {
  if (typeof value !== 'object' || value === null) return false;
  const entry = value as Partial<Record<keyof OutboxEntry, unknown>>;
  return typeof entry.clientId === 'string' && typeof entry.text === 'string' && typeof entry.at === 'string';
}

/** One of the browser's areas, or memory where it forbids them (private windows, sandboxed frames). */
export function browserArea(name: 'localStorage' | 'sessionStorage'): KeyValue {
  try {
    const probe = 'support-chat:probe';
    const area = window[name];
    area.setItem(probe, '1');
    area.removeItem(probe);
    return area;
  } catch {
    return memoryArea();
  }
}

export function memoryArea(): KeyValue {
  const map = new Map<string, string>();
  return {
    getItem: (key) => map.get(key) ?? null,
    setItem: (key, value) => void map.set(key, value),
    removeItem: (key) => void map.delete(key),
  };
}
