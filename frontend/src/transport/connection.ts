// Keeps one transport alive: connects, reconnects with backoff, renews the token, falls back from WebSocket to REST.
import type { ClientFrame } from '../contract';
import { frames } from '../contract';
import { RefusedError, SignedOutError } from '../session';
import type { Session } from '../session';
import { dateTag } from '../strings';
import { backoff } from './backoff';
import { RestTransport } from './rest';
import type { Ending, Transport, TransportHandlers } from './transport';
import { WebSocketTransport } from './websocket';

export type ConnectionStatus = 'idle' | 'connecting' | 'online' | 'reconnecting' | 'refused' | 'signed_out';

export interface ConnectionHandlers {
  readonly onStatus: (status: ConnectionStatus) => void;
  /** The log starts again from the first event when `fresh`. */
  readonly onOpen: (fresh: boolean) => void;
  readonly onEvent: (raw: unknown) => void;
  readonly after: () => number;
}

const SOCKET_FAILURES_BEFORE_REST = 3;
// A connection that lives this long was a success; a shorter one still counts as a failure for the backoff.
const STABLE_MS = 5_000;
// A socket that neither opens nor fails (a proxy that swallows the upgrade) is given up after this.
const OPENING_MS = 10_000;

export class Connection {
  status: ConnectionStatus = 'idle';
  private transport: Transport | null = null;
  private conversation: string | null = null;
  private failures = 0;
  private socketFailures = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** Counts attempts, so that whatever an abandoned attempt still reports is ignored. */
  private attempt = 0;

  constructor(
    private readonly baseUrl: string,
    private readonly session: Session,
    private readonly handlers: ConnectionHandlers,
  ) {}

  start(): void {
    if (this.status !== 'idle') return;
    this.setStatus('connecting');
    void this.connect();
  }

  stop(): void {
    this.abandon();
    this.setStatus('idle');
  }

  /** Drops what is there and connects now: the network is back, or the log has a gap. */
  reconnect(): void {
    if (this.status === 'idle' || this.status === 'refused' || this.status === 'signed_out') return;
    this.abandon();
    // The network may have changed, so a WebSocket gets one more chance.
    this.socketFailures = Math.min(this.socketFailures, SOCKET_FAILURES_BEFORE_REST - 1);
    this.setStatus('reconnecting');
    void this.connect();
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
    this.transport?.close();
    this.transport = null;
  }

  private async connect(): Promise<void> {
    const attempt = ++this.attempt;
    try {
      const token = await this.session.token();
      if (attempt === this.attempt) this.open(attempt, token);
    } catch (error) {
      if (attempt === this.attempt) this.failed(error);
    }
  }

  private failed(error: unknown): void {
    if (!(error instanceof SignedOutError)) {
      this.ended(error instanceof RefusedError ? 'refused' : 'lost');
      return;
    }
    this.abandon();
    this.setStatus('signed_out');
  }

  private open(attempt: number, token: string): void {
    const address = {
      baseUrl: this.baseUrl,
      token,
      after: this.handlers.after,
      conversation: this.conversation,
    };
    if (this.socketFailures >= SOCKET_FAILURES_BEFORE_REST) {
      this.transport = new RestTransport(address, this.handlersOf(attempt, false));
      return;
    }
    // Counted before the attempt and forgiven when it opens, which also covers a constructor that raises.
    this.socketFailures += 1;
    this.timer = setTimeout(() => this.ended('lost'), OPENING_MS);
    this.transport = new WebSocketTransport(address, this.handlersOf(attempt, true));
  }

  private handlersOf(attempt: number, isSocket: boolean): TransportHandlers {
    const current = (): boolean => attempt === this.attempt;
    return {
      onOpen: (fresh) => {
        if (current()) this.opened(fresh, isSocket);
      },
      onEvent: (raw) => {
        if (current()) this.handlers.onEvent(raw);
      },
      onEnd: (ending) => {
        if (current()) this.ended(ending);
      },
    };
  }

  private opened(fresh: boolean, isSocket: boolean): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.failures = 0;
    }, STABLE_MS);
    if (isSocket) this.socketFailures = 0;
    if (this.transport instanceof RestTransport) this.conversation = this.transport.conversation;
    this.setStatus('online');
    this.handlers.onOpen(fresh);
  }

  private ended(ending: Ending): void {
    this.abandon();
    if (ending === 'refused') {
      this.setStatus('refused');
      return;
    }
    // The server opens a socket before it refuses a token, so one that never opened says nothing about the token.
    if (ending === 'unauthorised') this.session.expire();
    const delay = ending === 'unauthorised' && this.failures === 0 ? 0 : backoff(this.failures);
    this.failures += 1;
    this.setStatus('reconnecting');
    this.timer = setTimeout(() => void this.connect(), delay);
  }

  private setStatus(status: ConnectionStatus): void {
    if (status === this.status) return;
    this.status = status;
    this.handlers.onStatus(status);
  }
}
