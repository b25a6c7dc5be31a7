// The usual transport: one WebSocket, the token in the subprotocol so that no log of URLs holds it.
import type { ClientFrame } from '../contract';
import { SUBPROTOCOL, TOKEN_PREFIX, frames } from '../contract';
import { dateTag } from '../strings';
import type { Address, Ending, Transport, TransportHandlers } from './transport';

const CLOSE_UNAUTHORISED = 4401;
const CLOSE_REFUSED = 4403;
const CLOSE_CUT = 1006;
// A socket that does not open, or a server that does not answer, in this time is given up.
const ANSWER_MS = 10_000;
// A quiet socket is asked for a sign of life this often. Proxies close what is quiet for a minute.
const PING_MS = 25_000;
// A socket that is cut this soon did not work.
const SHORT_MS = 3_000;

export class WebSocketTransport implements Transport {
  private readonly socket: WebSocket;
  private readonly began = Date.now();
  private heard = false;
  private closed = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** Raises SyntaxError when the token cannot stand in a subprotocol; the caller treats it as a failed connection. */
  constructor(address: Address, private readonly handlers: TransportHandlers) {
    const url = `${address.baseUrl.replace(/^http/, 'ws')}/ws/chat/`;
    this.socket = new WebSocket(url, [SUBPROTOCOL, TOKEN_PREFIX + address.token]);
    this.expectAnswer();
    this.socket.onopen = () => {
      this.send(frames.hello(address.after(), address.conversation, dateTag()?.slice(0, 2)));
      this.expectAnswer();
      handlers.onOpen(false);
    };
    this.socket.onmessage = (message: MessageEvent<unknown>) => this.hear(message.data);
    this.socket.onclose = ({ code }) => this.end(this.endingOf(code));
  }

  send(frame: ClientFrame): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.socket.close();
  }

  private hear(data: unknown): void {
    if (this.closed) return;
    this.heard = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ping(), PING_MS);
    const raw = parseJson(data);
    if (raw !== undefined) this.handlers.onEvent(raw);
  }

  private ping(): void {
    this.send(frames.ping());
    this.expectAnswer();
  }

  private expectAnswer(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.end(this.heard ? 'lost' : 'blocked'), ANSWER_MS);
  }

  private end(ending: Ending): void {
    if (this.closed) return;
    this.close();
    this.handlers.onEnd(ending);
  }

  private endingOf(code: number): Ending {
    if (code === CLOSE_UNAUTHORISED) return 'unauthorised';
    if (code === CLOSE_REFUSED) return 'refused';
    return code === CLOSE_CUT && (!this.heard || Date.now() - this.began < SHORT_MS) ? 'blocked' : 'lost';
  }
}

function parseJson(data: unknown): unknown {
  if (typeof data !== 'string') return undefined;
  try {
    return JSON.parse(data) as unknown;
  } catch {
    return undefined;
  }
}
