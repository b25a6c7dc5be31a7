// The usual transport: one WebSocket, the token in the subprotocol so that no log of URLs holds it.
import type { ClientFrame } from '../contract';
import { SUBPROTOCOL, TOKEN_PREFIX, frames } from '../contract';
import { dateTag } from '../strings';
import type { Address, Ending, Transport, TransportHandlers } from './transport';

const CLOSE_UNAUTHORISED = 4401;
const CLOSE_REFUSED = 4403;

export class WebSocketTransport implements Transport {
  private readonly socket: WebSocket;
  private closed = false;

  /** Raises SyntaxError when the token cannot stand in a subprotocol; the caller treats it as a failed connection. */
  constructor(address: Address, handlers: TransportHandlers) {
    const url = `${address.baseUrl.replace(/^http/, 'ws')}/ws/chat/`;
    this.socket = new WebSocket(url, [SUBPROTOCOL, TOKEN_PREFIX + address.token]);
    this.socket.onopen = () => {
      this.send(frames.hello(address.after(), address.conversation, dateTag()?.slice(0, 2)));
      handlers.onOpen(false);
    };
    this.socket.onmessage = (message: MessageEvent<unknown>) => {
      const raw = parseJson(message.data);
      if (raw !== undefined && !this.closed) handlers.onEvent(raw);
    };
    this.socket.onclose = (event) => {
      if (this.closed) return;
      this.closed = true;
      handlers.onEnd(endingOf(event.code));
    };
  }

  send(frame: ClientFrame): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }

  close(): void {
    this.closed = true;
    this.socket.close();
  }
}

function endingOf(code: number): Ending {
  if (code === CLOSE_UNAUTHORISED) return 'unauthorised';
  return code === CLOSE_REFUSED ? 'refused' : 'lost';
}

function parseJson(data: unknown): unknown {
  if (typeof data !== 'string') return undefined;
  try {
    return JSON.parse(data) as unknown;
  } catch {
    return undefined;
  }
}
