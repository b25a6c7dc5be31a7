// What the rest of the widget may know about a connection: frames go in, raw events and an ending come out.
import type { ClientFrame } from '../contract';

/** Why a connection ended. Lost: try again. Unauthorised: renew the token first. Refused: never try again. */
export type Ending = 'lost' | 'unauthorised' | 'refused';

export interface TransportHandlers {
  /** `fresh` means that the events start again from the first one. */
  readonly onOpen: (fresh: boolean) => void;
  readonly onEvent: (raw: unknown) => void;
  /** Called exactly once, and not after close(). */
  readonly onEnd: (ending: Ending) => void;
}

/** What a transport needs to know when it connects. */
export interface Address {
  readonly baseUrl: string;
  readonly token: string;
  /** The last sequence number the visitor has; read anew whenever it is sent. */
  readonly after: () => number;
  /** The conversation, where it is known. */
  readonly conversation: string | null;
}

export interface Transport {
  send(frame: ClientFrame): void;
  /** Ends the connection silently. */
  close(): void;
}
