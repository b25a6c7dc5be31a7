// Looks whether something new waits for a visitor who comes back, with one small request, so that a page view does not
// load the panel.
import { isRecord } from '../raw';
import { Session } from '../session';
import { Storage } from '../storage';
import type { Watch } from './part';

const EVERY_MS = 30_000;

export class NewsWatch implements Watch {
  private readonly storage: Storage;
  private readonly session: Session;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private stopped = false;

  constructor(
    baseUrl: string,
    identity: () => string | null,
    private readonly onNews: () => void,
  ) {
    this.storage = new Storage(baseUrl);
    this.session = new Session(baseUrl, this.storage, () => undefined, identity);
    document.addEventListener('visibilitychange', this.look);
    this.look();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    document.removeEventListener('visibilitychange', this.look);
  }

  private readonly look = (): void => {
    clearTimeout(this.timer);
    if (!document.hidden) void this.ask();
  };

  private async ask(): Promise<void> {
    const goesOn = await this.read().catch(() => true);
    if (!this.stopped && goesOn) this.timer = setTimeout(this.look, EVERY_MS);
  }

  /** Whether to look again. In a conversation that has ended nothing happens by itself. */
  private async read(): Promise<boolean> {
    const { results } = await this.session.read('conversations/');
    const newest: unknown = Array.isArray(results) ? results[0] : null;
    if (this.stopped || !isRecord(newest) || typeof newest.id !== 'string') return false;
    if (Number(newest.last_seq) <= this.storage.readSeq(newest.id)) return newest.closed_at === null;
    this.onNews();
    return false;
  }
}
