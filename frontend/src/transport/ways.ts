// What gets through from this browser to the server. It is found out, never guessed, and the tab keeps it.
import type { Storage } from '../storage';

/** Best first. */
export const WAYS = ['socket', 'stream', 'poll'] as const;
export type Way = (typeof WAYS)[number];

// One socket that fails beside a server that answers may be bad luck.
const FAILED_SOCKETS = 2;

export class Ways {
  private failed = 0;

  constructor(private readonly storage: Storage) {}

  get current(): Way {
    return this.storage.way ?? 'socket';
  }

  /** Nothing came this way although the server answers other requests: the next connection takes the next way. */
  blocked(way: Way): void {
    if (way !== this.current) return;
    this.failed += 1;
    if (way === 'poll' || (way === 'socket' && this.failed < FAILED_SOCKETS)) return;
    this.failed = 0;
    this.storage.way = way === 'socket' ? 'stream' : 'poll';
  }

  /** A WebSocket works. */
  open(): void {
    this.failed = 0;
    if (this.storage.way !== null) this.storage.way = null;
  }

  /** The network may be another one: a WebSocket is tried once. */
  tryAgain(): void {
    if (this.current === 'socket') return;
    this.storage.way = null;
    this.failed = FAILED_SOCKETS - 1;
  }
}
