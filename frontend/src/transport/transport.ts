// What the rest of the widget may know about a connection: frames go in, raw events and an ending come out.
import type { ClientFrame } from '../contract';
import type { Way } from './ways';

/**
 * Why a connection ended. Lost: try again. Blocked: nothing came through; try again, perhaps another way. Unauthorised:
 * renew the token first. Refused: never try again.
 */
export type Ending = 'lost' | 'blocked' | 'unauthorised' | 'refused';

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
  /** The conversation, where the transport itself has found it. */
  readonly conversation?: string | null;
  send(frame: ClientFrame): void;
  /** Ends the connection silently. */
  close(): void;
}

/** What another tab hears of a conversation; null when it has connected anew. */
export type HearTab = (conversation: string | null, raw: unknown) => void;

/** Where the events of a connection over REST come from: a request of its own, or the tab that has the connection. */
export interface Source {
  readonly way: Exclude<Way, 'socket'> | 'tab';
  /** Hears the other tab until the returned function is called. */
  readonly listen: (hear: HearTab) => () => void;
  /** What a message that was refused without a word says. */
  readonly notSent: string;
}

/** Made by a file of its own, which is loaded where it is needed. */
export type RestFactory = (address: Address, handlers: TransportHandlers, source: Source) => Transport;
