// The fallback where WebSockets are blocked: requests out, a long poll in. Same frames, same events.
import type { ClientFrame, ErrorEvent } from '../contract';
import { PAGE_MESSAGES, isRecord } from '../contract';
import { strings } from '../strings';
import type { Address, Ending, Transport, TransportHandlers } from './transport';

/** A request that ended the connection, with the way it ended. */
class EndedError extends Error {
  constructor(readonly ending: Ending) {
    super(ending);
  }
}

// A server that answers the long poll at once and empty must not be asked in a tight loop.
const SHORTEST_POLL_MS = 1_000;

export class RestTransport implements Transport {
  conversation: string | null;
  private readonly abort = new AbortController();

  constructor(
    private readonly address: Address,
    private readonly handlers: TransportHandlers,
  ) {
    this.conversation = address.conversation;
    void this.run();
  }

  send(frame: ClientFrame): void {
    void this.deliver(frame).catch((error: unknown) => this.end(error));
  }

  close(): void {
    this.abort.abort();
  }

  private async run(): Promise<void> {
    try {
      const fresh = this.conversation === null;
      this.conversation ??= await this.openConversation();
      if (this.abort.signal.aborted) return;
      this.handlers.onOpen(fresh);
      let begun: string | null = null;
      for (;;) {
        const conversation = this.conversation;
        await (conversation === begun ? this.poll(conversation) : this.begin(conversation));
        begun = conversation;
      }
    } catch (error) {
      this.end(error);
    }
  }

  /** As the WebSocket answers a hello. */
  private async begin(conversation: string): Promise<void> {
    const fromTheEnd = this.address.after() === 0;
    this.handlers.onEvent({ seq: 0, type: 'conversation.opened', at: new Date().toISOString(), conversation });
    if (fromTheEnd) await this.page(conversation, '');
  }

  /** The visitor's newest conversation, which the WebSocket would go on with too; else a new one. */
  private async openConversation(): Promise<string> {
    const listed = await this.json('GET', 'conversations/');
    const newest: unknown = isRecord(listed) && Array.isArray(listed.results) ? listed.results[0] : null;
    const raw = isRecord(newest) ? newest : await this.json('POST', 'conversations/', {});
    if (!isRecord(raw) || typeof raw.id !== 'string') throw new EndedError('lost');
    return raw.id;
  }

  private async json(method: string, path: string, body?: Readonly<Record<string, string | number>>): Promise<unknown> {
    const response = await this.request(method, path, body);
    return response.ok ? await response.json() : null;
  }

  private async poll(conversation: string): Promise<void> {
    const started = Date.now();
    const response = await this.request('GET', `conversations/${conversation}/events/?after=${this.address.after()}`);
    if (!response.ok) throw new EndedError('lost');
    const raw: unknown = await response.json();
    const events: readonly unknown[] = isRecord(raw) && Array.isArray(raw.events) ? raw.events : [];
    for (const event of events) this.tell(conversation, event);
    const rest = SHORTEST_POLL_MS - (Date.now() - started);
    if (events.length === 0 && rest > 0) await new Promise((resolve) => setTimeout(resolve, rest));
  }

  /** The last page of the log, or the one before a number. */
  private async page(conversation: string | null, before: string): Promise<void> {
    const raw = await this.json('GET', `conversations/${conversation}/history/?last=${PAGE_MESSAGES}${before}`);
    if (isRecord(raw)) this.tell(conversation, { seq: 0, type: 'history', at: '', ...raw });
  }

  /** What comes late, after another conversation was begun, is not told: its numbers are none of that one's. */
  private tell(conversation: string | null, event: unknown): void {
    if (conversation === this.conversation && !this.abort.signal.aborted) this.handlers.onEvent(event);
  }

  private async deliver(frame: ClientFrame): Promise<void> {
    switch (frame.type) {
      case 'message': {
        const body = { text: frame.text, client_id: frame.client_id, files: frame.files };
        const response = await this.request('POST', `conversations/${this.conversation}/messages/`, body);
        if (!response.ok) this.handlers.onEvent(await errorEvent(response, frame.client_id));
        return;
      }
      case 'earlier':
        await this.page(this.conversation, `&before=${frame.before}`);
        return;
      case 'handover':
      case 'rating':
      case 'stop':
      case 'close':
        return this.act(frame);
      case 'feedback': {
        const { message_id: id, value, comment } = frame;
        await this.request('POST', `messages/${id}/feedback/`, comment === undefined ? { value } : { value, comment });
        return;
      }
      case 'hello':
        // The next poll begins with it.
        this.conversation = frame.conversation ?? this.conversation;
        return;
      case 'typing':
        return;
    }
  }

  /** What has an address of its own, named as the frame is. */
  private async act({ type, ...body }: Extract<ClientFrame, { type: 'handover' | 'rating' | 'stop' | 'close' }>): Promise<void> {
    const response = await this.request('POST', `conversations/${this.conversation}/${type}/`, body);
    if (!response.ok) this.handlers.onEvent(await errorEvent(response, null));
  }

  private async request(method: string, path: string, body?: Readonly<Record<string, unknown>>): Promise<Response> {
    const response = await fetch(`${this.address.baseUrl}/api/v1/${path}`, {
      method,
      headers: {
        Accept: 'application/json',
        Authorization: `Bearer ${this.address.token}`,
        ...(body && { 'Content-Type': 'application/json' }),
      },
      credentials: 'omit',
      signal: this.abort.signal,
      ...(body && { body: JSON.stringify(body) }),
    });
    if (response.status === 401) throw new EndedError('unauthorised');
    if (response.status === 403) throw new EndedError('refused');
    return response;
  }

  private end(error: unknown): void {
    if (this.abort.signal.aborted) return;
    this.abort.abort();
    this.handlers.onEnd(error instanceof EndedError ? error.ending : 'lost');
  }
}

/** A refused request as the error event the WebSocket would have sent. */
async function errorEvent(response: Response, clientId: string | null): Promise<ErrorEvent> {
  const raw: unknown = await response.json().catch(() => null);
  const said = isRecord(raw) ? (raw.text ?? raw.detail) : null;
  return {
    seq: 0,
    type: 'error',
    at: new Date().toISOString(),
    code: isRecord(raw) && typeof raw.code === 'string' ? raw.code : `http_${response.status}`,
    text: typeof said === 'string' ? said : strings.notSent,
    client_id: clientId,
    run_id: null,
    retryable: response.status === 429 || response.status >= 500,
  };
}
