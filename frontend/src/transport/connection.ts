// Keeps one transport alive: connects, reconnects with backoff, renews the token, takes another way where the usual
// one is blocked, and leaves the connection to one of the browser's tabs.
import type { ClientFrame } from '../contract';
import { frames, isRecord } from '../contract';
import { RefusedError, SignedOutError } from '../session';
import type { Session } from '../session';
import type { Storage } from '../storage';
import { dateTag, strings } from '../strings';
import { backoff } from './backoff';
import { Tabs } from './tabs';
import type { Address, Ending, RestFactory, Source, Transport, TransportHandlers } from './transport';
import { Ways } from './ways';
import type { Way } from './ways';
import { WebSocketTransport } from './websocket';

export type ConnectionStatus = 'idle' | 'connecting' | 'online' | 'reconnecting' | 'refused' | 'signed_out';

export interface ConnectionHandlers {
  readonly onStatus: (status: ConnectionStatus) => void;
  /** The log starts again from the first event when `fresh`. */
  readonly onOpen: (fresh: boolean) => void;
  readonly onEvent: (raw: unknown) => void;
  readonly after: () => number;
}

// A connection that lives this long was a success; a shorter one still counts as a failure for the backoff.
const STABLE_MS = 5_000;
// Beside another way a WebSocket is tried after this long, then after twice as long, and so on.
const FIRST_PROBE_MS = 60_000;
const LAST_PROBE_MS = 16 * FIRST_PROBE_MS;

/** Loads what a connection over REST needs. Raises when it cannot be had. */
export type LoadRest = () => Promise<RestFactory>;

export class Connection {
  status: ConnectionStatus = 'idle';
  private transport: Transport | null = null;
  private conversation: string | null = null;
  private failures = 0;
  private probe: Transport | null = null;
  private probeMs = FIRST_PROBE_MS;
  private nextProbe = 0;
  private probeTimer: ReturnType<typeof setTimeout> | undefined;
  private readonly ways: Ways;
  private readonly tabs = new Tabs({ onChange: () => this.reconnect(), conversation: () => this.conversation });
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** Counts attempts, so that whatever an abandoned attempt still reports is ignored. */
  private attempt = 0;

  constructor(
    private readonly baseUrl: string,
    private readonly session: Session,
    storage: Storage,
    private readonly handlers: ConnectionHandlers,
    private readonly loadRest: LoadRest,
  ) {
    this.ways = new Ways(storage);
  }

  start(): void {
    if (this.status !== 'idle') return;
    this.setStatus('connecting');
    void this.connect();
  }

  stop(): void {
    this.abandon();
    this.tabs.leave();
    this.setStatus('idle');
  }

  /** Drops what is there and connects now: the network is back, or the log has a gap. */
  reconnect(): void {
    if (this.status === 'idle' || this.status === 'refused' || this.status === 'signed_out') return;
    this.abandon();
    this.setStatus('reconnecting');
    void this.connect();
  }

  /** As reconnect, where the network may be another one. */
  reconnectAnyWay(): void {
    this.ways.tryAgain();
    this.reconnect();
  }

  /** As reconnect, but after the usual pause, for a fault that may happen again at once. */
  reconnectLater(): void {
    if (this.status === 'online') this.ended('lost');
  }

  /** For another visitor: the conversation of the last one is not theirs. */
  forgetConversation(): void {
    this.conversation = null;
  }

  /** What the next hello names. */
  remember(conversation: string): void {
    this.conversation = conversation;
  }

  /** Goes on in another conversation, from its first event. */
  moveTo(conversation: string): void {
    this.remember(conversation);
    this.send(frames.hello(0, conversation, dateTag()?.slice(0, 2)));
  }

  /** The page says anew who the visitor is. */
  signInAgain(): void {
    this.session.expire();
    if (this.status === 'idle') return;
    this.abandon();
    this.setStatus('connecting');
    void this.connect();
  }

  /** False when there is no connection; the caller keeps the frame. */
  send(frame: ClientFrame): boolean {
    if (this.status !== 'online' || !this.transport) return false;
    this.transport.send(frame);
    return true;
  }

  private abandon(): void {
    this.attempt += 1;
    clearTimeout(this.timer);
    clearTimeout(this.probeTimer);
    this.probe?.close();
    this.probe = null;
    this.transport?.close();
    this.transport = null;
  }

  private async connect(): Promise<void> {
    const attempt = ++this.attempt;
    try {
      const token = await this.session.token();
      await this.tabs.join(`support-chat:${this.baseUrl}:${this.session.visitorId}`);
      if (attempt === this.attempt) await this.open(attempt, token);
    } catch (error) {
      if (attempt === this.attempt) this.failed(error);
    }
  }

  private failed(error: unknown): void {
    if (!(error instanceof SignedOutError)) {
      this.ended(error instanceof RefusedError ? 'refused' : error instanceof DOMException ? 'blocked' : 'lost');
      return;
    }
    this.abandon();
    this.tabs.leave();
    this.setStatus('signed_out');
  }

  private async open(attempt: number, token: string): Promise<void> {
    const { current } = this.ways;
    const way = this.tabs.leads ? current : 'tab';
    if (way === 'socket') {
      this.transport = new WebSocketTransport(this.address(token), this.handlersOf(attempt));
      return;
    }
    const connect = await this.loadRest();
    if (attempt !== this.attempt) return;
    const source: Source = { way, listen: (hear) => this.tabs.listen(hear), notSent: strings.notSent };
    this.transport = connect(this.address(token), this.handlersOf(attempt), source);
    if (way !== 'tab') this.probeLater(token);
  }

  private address(token: string): Address {
    return { baseUrl: this.baseUrl, token, after: this.handlers.after, conversation: this.conversation };
  }

  /** Looks now and then whether a WebSocket works by now. */
  private probeLater(token: string): void {
    // A connection that comes and goes does not put it off.
    this.nextProbe ||= Date.now() + this.probeMs;
    this.probeTimer = setTimeout(() => {
      this.probeMs = Math.min(2 * this.probeMs, LAST_PROBE_MS);
      this.nextProbe = 0;
      this.probe = new WebSocketTransport(this.address(token), {
        onOpen: () => undefined,
        onEvent: () => {
          this.ways.open();
          this.reconnect();
        },
        onEnd: () => this.probeLater(token),
      });
    }, this.nextProbe - Date.now());
  }

  private handlersOf(attempt: number): TransportHandlers {
    const current = (): boolean => attempt === this.attempt;
    return {
      onOpen: (fresh) => {
        if (current()) this.opened(fresh);
      },
      onEvent: (raw) => {
        if (current()) this.heard(raw);
      },
      onEnd: (ending) => {
        if (current()) this.ended(ending);
      },
    };
  }

  private heard(raw: unknown): void {
    const { conversation } = this;
    if (this.transport instanceof WebSocketTransport) this.socketWorks();
    this.handlers.onEvent(raw);
    if (!isRecord(raw)) return;
    // A stored event belongs to the conversation before, also where it moves this tab to another one.
    if (raw.type === 'conversation.opened') this.tabs.tell(this.conversation, null);
    else if (raw.type === 'agent.typing' || Number(raw.seq) > 0) this.tabs.tell(conversation, raw);
  }

  private socketWorks(): void {
    this.ways.open();
    this.probeMs = FIRST_PROBE_MS;
  }

  private opened(fresh: boolean): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.failures = 0;
    }, STABLE_MS);
    this.conversation = this.transport?.conversation ?? this.conversation;
    this.setStatus('online');
    this.handlers.onOpen(fresh);
  }

  private ended(ending: Ending): void {
    this.abandon();
    if (ending === 'refused') {
      this.tabs.leave();
      this.setStatus('refused');
      return;
    }
    if (ending === 'blocked') void this.noteBlocked(this.ways.current);
    // The server opens a socket before it refuses a token, so one that never opened says nothing about the token.
    if (ending === 'unauthorised') this.session.expire();
    const delay = ending === 'unauthorised' && this.failures === 0 ? 0 : backoff(this.failures);
    this.failures += 1;
    this.setStatus('reconnecting');
    this.timer = setTimeout(() => void this.connect(), delay);
  }

  /** A server that answers nothing at all says nothing about the way. */
  private async noteBlocked(way: Way): Promise<void> {
    if (await this.session.serverAnswers()) this.ways.blocked(way);
  }

  private setStatus(status: ConnectionStatus): void {
    if (status === this.status) return;
    this.status = status;
    this.handlers.onStatus(status);
  }
}
