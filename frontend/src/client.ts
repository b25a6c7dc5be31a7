// The conversation without a face: state, outbox and connection, moved by what the visitor does and the server says.
import type { Choice, Citation, ClientFrame, FeedbackValue, SentFile } from './contract';
import { newId } from './ids';
import { frames, parseEvent } from './contract';
import { Earlier } from './earlier';
import { hasGap, reduce } from './reducer';
import type { Action } from './reducer';
import { Session, UnreachableError } from './session';
import { initialState, workingRun } from './state';
import type { State } from './state';
import { Storage } from './storage';
import type { OutboxEntry } from './storage';
import { strings } from './strings';
import { Connection } from './transport/connection';
import type { ConnectionStatus, LoadRest } from './transport/connection';

// Silence this long after a message was sent means a dead socket that the browser has not noticed.
const CONFIRM_MS = 10_000;
const TYPING_SHOWN_MS = 5_000;
const TYPING_SENT_MS = 3_000;
// An unsent message older than this is not sent by itself: the visitor may have moved on.
const OUTBOX_FRESH_MS = 60 * 60 * 1000;
// A phone that slept longer than this may hold a dead socket.
const SLEEP_MS = 60_000;

export type Listener = () => void;

export class ChatClient {
  state: State = initialState;
  readonly storage: Storage;
  readonly earlier: Earlier;
  readonly session: Session;
  private readonly connection: Connection;
  private readonly waiting: ClientFrame[] = [];
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();
  private typingSentAt = 0;
  private hiddenAt = 0;
  private startsOver = false;

  constructor(
    baseUrl: string,
    private readonly onChange: Listener,
    identity: () => string | null,
    loadRest: LoadRest,
    prove?: (refusal: Response) => Promise<string>,
  ) {
    this.storage = new Storage(baseUrl);
    this.session = new Session(baseUrl, this.storage, () => {
      this.connection.forgetConversation();
      this.dispatch({ type: 'local.reset' });
    }, identity, prove);
    this.earlier = new Earlier(this.session);
    const handlers = {
      onStatus: this.onChange,
      onOpen: (fresh: boolean) => this.opened(fresh),
      onEvent: (raw: unknown) => this.receive(raw),
      after: () => this.lastSeen(),
    };
    this.connection = new Connection(baseUrl, this.session, this.storage, handlers, loadRest);
    this.restoreOutbox();
  }

  get status(): ConnectionStatus {
    return this.connection.status;
  }

  start(): void {
    window.addEventListener('online', this.wentOnline);
    window.addEventListener('offline', this.wentOffline);
    document.addEventListener('visibilitychange', this.visibilityChanged);
    this.connection.start();
  }

  stop(): void {
    window.removeEventListener('online', this.wentOnline);
    window.removeEventListener('offline', this.wentOffline);
    document.removeEventListener('visibilitychange', this.visibilityChanged);
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
    this.connection.stop();
  }

  send(text: string, files: readonly SentFile[] = []): void {
    const entry: OutboxEntry = { clientId: newId(), text, files, at: new Date().toISOString(), failure: null };
    this.storage.keep(entry);
    this.dispatch({ type: 'local.queued', ...entry });
    this.deliver(entry);
  }

  /** Sends a failed message again under the same client id: the server answers it once, however often it arrives. */
  retry(clientId: string): void {
    const item = this.state.pending.find((each) => each.clientId === clientId);
    if (!item) return;
    const again: OutboxEntry = { clientId, text: item.text, files: item.files, at: new Date().toISOString(), failure: null };
    this.storage.keep(again);
    this.dispatch({ type: 'local.retried', clientId });
    this.deliver(again);
  }

  discard(clientId: string): void {
    this.storage.drop(clientId);
    this.dispatch({ type: 'local.discarded', clientId });
  }

  /** Ends the answer that is being written; what is shown of it stays. */
  stopAnswer(): void {
    const run = workingRun(this.state);
    if (run !== null) this.sendOrWait(frames.stop(run));
  }

  askForPerson(): void {
    if (this.state.handoverAsked || this.state.speaker !== 'bot') return;
    this.dispatch({ type: 'local.handover' });
    this.sendOrWait(frames.handover());
  }

  /** Ends the conversation; what is written after that begins another one. */
  end(): void {
    if (this.state.closedBy === null) this.sendOrWait(frames.close());
  }

  /** The page says anew who the visitor is. */
  signInAgain(): void {
    this.connection.signInAgain();
  }

  rateSupport(score: number): void {
    this.sendOrWait(frames.rating(score));
  }

  rate(messageId: string, value: FeedbackValue, comment = ''): void {
    this.dispatch({ type: 'local.feedback', messageId, value });
    this.sendOrWait(frames.feedback(messageId, value, comment));
  }

  /** Starts over as a new visitor: nobody reads on here, or on another device, what was said. */
  async forget(): Promise<void> {
    this.connection.stop();
    try {
      await this.session.forget();
      for (const { clientId } of this.state.pending) this.discard(clientId);
      this.connection.forgetConversation();
      this.dispatch({ type: 'local.reset' });
    } catch {
      const problem = { code: 'not_forgotten', text: strings.forgetFailed, client_id: null, run_id: null, retryable: true };
      this.dispatch({ seq: 0, at: new Date().toISOString(), type: 'error', ...problem });
    }
    this.connection.start();
  }

  loadEarlier(): void {
    if (this.state.earlierBefore !== null) this.connection.send(frames.earlier(this.state.earlierBefore));
  }

  /** A request about this conversation. Raises UnreachableError. */
  post(path: string, body: Readonly<Record<string, string>>): Promise<Response> {
    return this.request('POST', `conversations/${this.state.conversation}/${path}/`, body);
  }

  /** Any request of the visitor's. Raises UnreachableError. */
  request(method: string, path: string, body?: Readonly<Record<string, string>>): Promise<Response> {
    return this.session.request(method, path, body);
  }

  /** Shows below an answer what may be asked next. */
  offer(messageId: string, choices: readonly Choice[]): void {
    this.dispatch({ type: 'local.follow_ups', messageId, choices });
  }

  /** A valid token, for what is sent by other means. */
  token(): Promise<string> {
    return this.session.token();
  }

  /** The passage of a citation of a message that came without it. Raises when it cannot be had. */
  async passageOf(messageId: string | null, citation: Citation): Promise<string> {
    const path = `messages/${encodeURIComponent(messageId ?? '')}/passages/${encodeURIComponent(citation.passage_id)}/`;
    const { passage } = await this.session.read(path);
    if (typeof passage !== 'string') throw new UnreachableError();
    return passage;
  }

  /** Tells a waiting or talking agent that the visitor types, at most every few seconds. */
  typing(): void {
    const now = Date.now();
    if (this.state.speaker === 'bot' || now - this.typingSentAt < TYPING_SENT_MS) return;
    this.typingSentAt = now;
    this.connection.send(frames.typing());
  }

  private restoreOutbox(): void {
    for (const entry of this.storage.outbox) {
      const { clientId } = entry;
      const stale = Date.now() - Date.parse(entry.at) > OUTBOX_FRESH_MS;
      const failure = entry.failure ?? (stale ? { text: strings.notSent, retryable: true } : null);
      this.state = reduce(this.state, { type: 'local.queued', ...entry });
      if (failure) this.state = reduce(this.state, { type: 'local.failed', clientId, ...failure });
    }
  }

  private dispatch(action: Action): void {
    const before = this.state;
    this.state = reduce(before, action);
    if (this.state !== before) this.onChange();
  }

  private opened(fresh: boolean): void {
    if (fresh) this.dispatch({ type: 'local.reset' });
    for (const item of this.state.pending) if (!item.failure) this.deliver(item);
    for (const frame of this.waiting.splice(0)) this.connection.send(frame);
  }

  private deliver({ clientId, text, files }: Pick<OutboxEntry, 'clientId' | 'text' | 'files'>): void {
    if (!this.connection.send(frames.message(clientId, text, files))) return;
    this.after(`confirm:${clientId}`, CONFIRM_MS, () => {
      this.startsOver = true;
      this.connection.reconnectLater();
    });
  }

  /**
   * The last event seen, for hello. After a message that nobody confirmed the log is read from its start: the server
   * may be on another conversation, whose numbers this one would take for old.
   */
  private lastSeen(): number {
    if (this.startsOver) this.dispatch({ type: 'local.reset' });
    this.startsOver = false;
    return this.state.lastSeq;
  }

  private sendOrWait(frame: ClientFrame): void {
    if (!this.connection.send(frame)) this.waiting.push(frame);
  }

  private receive(raw: unknown): void {
    const event = parseEvent(raw);
    if (!event) return;
    if (hasGap(this.state, event)) {
      this.connection.reconnectLater();
      return;
    }
    if (event.type === 'conversation.opened') this.connection.remember(event.conversation);
    this.dispatch(event);
    for (const each of event.type === 'history' ? event.events : [event]) {
      if (each.type === 'message.created') this.confirmed(each.message.client_id);
      if (each.type === 'conversation.continued') this.moveTo(each.conversation);
    }
    if (event.type === 'error') this.failed(event.client_id);
    if (event.type === 'agent.typing') {
      this.after('typing', TYPING_SHOWN_MS, () => this.dispatch({ type: 'local.typing_ended' }));
    }
  }

  /** From here on numbers are those of the other conversation, even where the connection is lost before it is opened. */
  private moveTo(conversation: string): void {
    this.dispatch({ seq: 0, at: new Date().toISOString(), type: 'conversation.opened', conversation });
    this.connection.moveTo(conversation);
  }

  private confirmed(clientId: string | null): void {
    if (clientId === null) return;
    this.clear(`confirm:${clientId}`);
    this.storage.drop(clientId);
  }

  private failed(clientId: string | null): void {
    const item = this.state.pending.find((each) => each.clientId === clientId);
    if (!item) return;
    this.clear(`confirm:${item.clientId}`);
    this.storage.keep({ clientId: item.clientId, text: item.text, files: item.files, at: item.at, failure: item.failure });
  }

  private after(name: string, delay: number, run: () => void): void {
    this.clear(name);
    this.timers.set(name, setTimeout(run, delay));
  }

  private clear(name: string): void {
    clearTimeout(this.timers.get(name));
    this.timers.delete(name);
  }

  /** A socket takes long to notice; what is sent meanwhile waits. */
  private readonly wentOffline = (): void => {
    this.connection.reconnectLater();
    this.onChange();
  };

  private readonly wentOnline = (): void => this.connection.reconnectAnyWay();

  private readonly visibilityChanged = (): void => {
    if (document.hidden) {
      this.hiddenAt = Date.now();
      return;
    }
    const slept = this.hiddenAt > 0 && Date.now() - this.hiddenAt > SLEEP_MS;
    if (this.status === 'reconnecting' || slept) this.connection.reconnect();
  };
}
