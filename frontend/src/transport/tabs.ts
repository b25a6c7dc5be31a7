// One connection for all tabs of a browser: the tab that holds the lock has it, and tells the others what it hears.
// Without Web Locks, as on pages over plain http, each tab has its own.
import { isRecord } from '../raw';
import type { HearTab } from './transport';

// How long the tab that leads may take to say that it is there. A tab in the background of a phone sleeps.
const ANSWER_MS = 1_500;
const LOOK_MS = 20_000;

export interface TabsHandlers {
  /** Who has the connection is decided anew: connect again. */
  readonly onChange: () => void;
  /** The conversation of this tab; null before it is known. */
  readonly conversation: () => string | null;
}

export class Tabs {
  leads = true;
  private name = '';
  private channel: BroadcastChannel | null = null;
  private release: (() => void) | null = null;
  private queue: AbortController | null = null;
  private hear: HearTab | null = null;
  private answered: ((conversation: string | null) => void) | null = null;
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly handlers: TabsHandlers) {}

  /** Finds out whether this tab leads those of the visitor. */
  async join(name: string): Promise<void> {
    if (!('locks' in navigator) || typeof BroadcastChannel !== 'function') return;
    if (name !== this.name) this.enter(name);
    if (this.release) return;
    this.leads = await this.hold({ ifAvailable: true });
    if (this.leads || name !== this.name) return;
    const theirs = await this.ask();
    if (name !== this.name) return;
    const own = this.handlers.conversation();
    // A tab that sleeps is of no use, and one in another conversation hears other events.
    const isElsewhere = own !== null && typeof theirs === 'string' && own !== theirs;
    if (theirs !== undefined && !isElsewhere) {
      this.wait();
      return;
    }
    this.queue?.abort();
    this.queue = null;
    this.leads = isElsewhere || (await this.hold({ steal: true }));
  }

  /** Tells the other tabs of a stored event, of who types, or with null that there is a new connection. */
  tell(conversation: string | null, raw: unknown): void {
    if (this.release) this.channel?.postMessage({ kind: 'event', conversation, raw });
  }

  listen(hear: HearTab): () => void {
    this.hear = hear;
    return () => {
      if (this.hear === hear) this.hear = null;
    };
  }

  leave(): void {
    this.name = '';
    this.leads = true;
    this.stopLooking();
    this.queue?.abort();
    this.queue = null;
    this.release?.();
    this.release = null;
    this.channel?.close();
    this.channel = null;
  }

  private enter(name: string): void {
    this.leave();
    this.name = name;
    this.channel = new BroadcastChannel(name);
    this.channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (isRecord(data)) this.receive(data);
    };
  }

  private receive(told: Readonly<Record<string, unknown>>): void {
    const conversation = typeof told.conversation === 'string' ? told.conversation : null;
    if (told.kind === 'ask' && this.release) this.channel?.postMessage({ kind: 'here', conversation: this.handlers.conversation() });
    else if (told.kind === 'here') this.answered?.(conversation);
    else if (told.kind === 'event') this.hear?.(conversation, told.raw);
  }

  /** The conversation of the tab that leads; undefined when it does not answer. */
  private ask(): Promise<string | null | undefined> {
    return new Promise((resolve) => {
      const done = (conversation?: string | null): void => {
        clearTimeout(timer);
        this.answered = null;
        resolve(conversation);
      };
      const timer = setTimeout(done, ANSWER_MS);
      this.answered = done;
      this.channel?.postMessage({ kind: 'ask' });
    });
  }

  /** Waits for the lock, and looks now and then whether the tab that has it is awake. */
  private wait(): void {
    if (!this.queue) {
      this.queue = new AbortController();
      void this.hold({ signal: this.queue.signal }).then((held) => {
        if (held) this.changed();
      });
    }
    this.stopLooking();
    this.timer = setInterval(this.look, LOOK_MS);
    document.addEventListener('visibilitychange', this.look);
  }

  private stopLooking(): void {
    clearInterval(this.timer);
    document.removeEventListener('visibilitychange', this.look);
  }

  private readonly look = (): void => {
    if (document.hidden || this.release) return;
    const name = this.name;
    void this.ask().then((theirs) => {
      if (theirs === undefined && name === this.name && !this.release) this.changed();
    });
  };

  private changed(): void {
    this.stopLooking();
    this.leads = this.release !== null;
    if (this.leads) this.queue = null;
    this.handlers.onChange();
  }

  /** Whether the lock was given; it is held until leave(), or until another tab takes it. */
  private hold(options: LockOptions): Promise<boolean> {
    const { name } = this;
    let ours: (() => void) | null = null;
    return new Promise((resolve) => {
      const held = navigator.locks.request(name, options, (lock) => {
        const isWanted = lock !== null && name === this.name;
        resolve(isWanted);
        return isWanted ? new Promise<void>((release) => (this.release = ours = release)) : undefined;
      });
      held.catch(() => {
        resolve(false);
        if (ours === null || this.release !== ours) return;
        // Another tab did not hear this one, and has the connection now.
        this.release = null;
        this.changed();
      });
    });
  }
}
