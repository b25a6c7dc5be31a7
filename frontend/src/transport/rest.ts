// Where no WebSocket is to be had: requests out, events in as a stream, as a long poll, or from the tab that has the
// connection. Same frames, same events. A file of its own, loaded where it is needed.
import type { ClientFrame, ErrorEvent } from '../contract';
import { PAGE_MESSAGES } from '../frames';
import { isRecord } from '../raw';
import { eventsOf } from './sse';
import type { Address, Ending, Source, Transport, TransportHandlers } from './transport';

/** A request that ended the connection, with the way it ended. */
class EndedError extends Error {
  constructor(readonly ending: Ending) {
    super(ending);
  }
}

// A server that answers at once and empty must not be asked in a tight loop.
const SHORTEST_MS = 1_000;
// A stream's first bytes come at once, and the proof that nothing holds them back a second later.
const PROOF_MS = 6_000;
// The server sends a sign of life each 15 seconds.
const SILENT_MS = 40_000;

export class RestTransport implements Transport {
  conversation: string | null;
  private readonly abort = new AbortController();
  /** Of the events of one conversation. */
  private receiving = new AbortController();
  private unlisten: () => void = () => undefined;
  private wake: () => void = () => undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly address: Address,
    private readonly handlers: TransportHandlers,
    private readonly source: Source,
  ) {
    this.conversation = address.conversation;
    void this.run();
  }

  send(frame: ClientFrame): void {
    void this.deliver(frame).catch((error: unknown) => this.end(error));
  }

  close(): void {
    clearTimeout(this.timer);
    this.unlisten();
    this.abort.abort();
    this.receiving.abort();
    this.wake();
  }

  private async run(): Promise<void> {
    try {
      const fresh = this.conversation === null;
      this.conversation ??= await this.openConversation();
      if (this.abort.signal.aborted) return;
      this.handlers.onOpen(fresh);
      if (this.source.way === 'tab') this.unlisten = this.source.listen((conversation, raw) => this.hear(conversation, raw));
      let begun: string | null = null;
      for (;;) {
        const conversation = this.conversation;
        if (conversation === begun) await this.receive(conversation);
        else await this.begin(conversation);
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

  /** Events of the conversation until there is nothing more to read from this request, or the conversation changes. */
  private async receive(conversation: string): Promise<void> {
    const receiving = (this.receiving = new AbortController());
    const started = Date.now();
    let told = 0;
    try {
      if (this.source.way === 'stream') await this.stream(conversation, receiving.signal);
      else told = await this.poll(conversation, receiving.signal);
    } catch (error) {
      if (!receiving.signal.aborted || this.abort.signal.aborted) throw error;
    }
    clearTimeout(this.timer);
    if (this.abort.signal.aborted) throw new EndedError('lost');
    if (receiving.signal.aborted) return;
    if (this.source.way === 'tab') await new Promise<void>((resolve) => (this.wake = resolve));
    else if (told === 0) await new Promise((resolve) => setTimeout(resolve, SHORTEST_MS - (Date.now() - started)));
  }

  private eventsPath(conversation: string): string {
    return `conversations/${conversation}/events/?after=${this.address.after()}`;
  }

  private async poll(conversation: string, signal: AbortSignal): Promise<number> {
    const wait = this.source.way === 'tab' ? '&wait=0' : '';
    const response = await this.request('GET', this.eventsPath(conversation) + wait, { signal });
    if (!response.ok) throw new EndedError('lost');
    const raw: unknown = await response.json();
    const events: readonly unknown[] = isRecord(raw) && Array.isArray(raw.events) ? raw.events : [];
    for (const event of events) this.tell(conversation, event);
    return events.length;
  }

  /** Raises EndedError, “blocked” where a proxy holds the stream back. */
  private async stream(conversation: string, signal: AbortSignal): Promise<void> {
    let isProven = false;
    this.expect(PROOF_MS, 'blocked');
    const response = await this.request('GET', this.eventsPath(conversation), { signal, accept: 'text/event-stream' });
    if (!response.ok) throw new EndedError('lost');
    if (!response.body || !response.headers.get('Content-Type')?.includes('event-stream')) throw new EndedError('blocked');
    for await (const piece of eventsOf(response.body)) {
      isProven ||= piece === 'open';
      if (isProven) this.expect(SILENT_MS, 'lost');
      if (typeof piece === 'object') this.tell(conversation, piece);
    }
    if (!isProven) throw new EndedError('blocked');
  }

  /** Ends the connection unless the next piece comes in time. */
  private expect(ms: number, ending: Ending): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.end(new EndedError(ending)), ms);
  }

  /** What the tab that has the connection tells. What is missing before an event is read over REST. */
  private hear(conversation: string | null, raw: unknown): void {
    if (raw === null) this.wake();
    if (conversation !== this.conversation || !isRecord(raw)) return;
    if (raw.seq === 0 || raw.seq === this.address.after() + 1) this.tell(conversation, raw);
    else if (Number(raw.seq) > this.address.after()) this.wake();
  }

  private async json(method: string, path: string, body?: Readonly<Record<string, string | number>>): Promise<unknown> {
    const response = await this.request(method, path, { ...(body && { body }) });
    return response.ok ? await response.json() : null;
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
        const response = await this.request('POST', `conversations/${this.conversation}/messages/`, { body });
        if (!response.ok) this.handlers.onEvent(await this.errorEvent(response, frame.client_id));
        return;
      }
      case 'earlier':
        await this.page(this.conversation, `&before=${frame.before}`);
        return;
      case 'typing':
      case 'handover':
      case 'rating':
      case 'stop':
      case 'close':
        return this.act(frame);
      case 'feedback': {
        const { message_id: id, value, comment } = frame;
        const body = comment === undefined ? { value } : { value, comment };
        await this.request('POST', `messages/${id}/feedback/`, { body });
        return;
      }
      case 'hello':
        this.conversation = frame.conversation ?? this.conversation;
        // What was waited for is of the conversation before.
        this.receiving.abort();
        this.wake();
        return;
      case 'ping':
        return;
    }
  }

  /** What has an address of its own, named as the frame is. */
  private async act({ type, ...body }: Extract<ClientFrame, { type: 'handover' | 'rating' | 'stop' | 'close' | 'typing' }>): Promise<void> {
    const response = await this.request('POST', `conversations/${this.conversation}/${type}/`, { body });
    if (!response.ok && type !== 'typing') this.handlers.onEvent(await this.errorEvent(response, null));
  }

  private async request(
    method: string,
    path: string,
    { body, signal = this.abort.signal, accept = 'application/json' }: { body?: Readonly<Record<string, unknown>>; signal?: AbortSignal; accept?: string } = {},
  ): Promise<Response> {
    const response = await fetch(`${this.address.baseUrl}/api/v1/${path}`, {
      method,
      headers: {
        Accept: accept,
        Authorization: `Bearer ${this.address.token}`,
        ...(body && { 'Content-Type': 'application/json' }),
      },
      credentials: 'omit',
      signal,
      ...(body && { body: JSON.stringify(body) }),
    });
    if (response.status === 401) throw new EndedError('unauthorised');
    if (response.status === 403) throw new EndedError('refused');
    return response;
  }

  private end(error: unknown): void {
    if (this.abort.signal.aborted) return;
    this.close();
    this.handlers.onEnd(error instanceof EndedError ? error.ending : 'lost');
  }

  /** A refused request as the error event the WebSocket would have sent. */
  private async errorEvent(response: Response, clientId: string | null): Promise<ErrorEvent> {
    const raw: unknown = await response.json().catch(() => null);
    const said = isRecord(raw) ? (raw.text ?? raw.detail) : null;
    return {
      seq: 0,
      type: 'error',
      at: new Date().toISOString(),
      code: isRecord(raw) && typeof raw.code === 'string' ? raw.code : `http_${response.status}`,
      text: typeof said === 'string' ? said : this.source.notSent,
      client_id: clientId,
      run_id: null,
      retryable: response.status === 429 || response.status >= 500,
    };
  }
}
