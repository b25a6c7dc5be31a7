// The wire: every server event and client frame as a tagged union, and the parser that turns raw JSON into it.
// tests/contracts/realtime.json is the authority; contract.test.ts asserts this file against it.
import { parseChoices, parseMessage, parseSentence } from './message';
import type { Choice, Message, Sentence } from './message';
import { MalformedError, isRecord, list, number, oneOf, optionalText, text } from './raw';
import type { Raw } from './raw';

export { isRecord } from './raw';
export { parseMessage } from './message';
export type { Author, Choice, Citation, Form, Kind, Message, Sentence, SentFile } from './message';
export { AUTHORS, FORMS, KINDS } from './message';

export const SUBPROTOCOL = 'supportbot.v1';
export const TOKEN_PREFIX = 'token.';

export const RUN_STATUSES = ['searching', 'writing'] as const;
export const OUTCOMES = ['answered', 'no_answer', 'handed_over', 'failed', 'small_talk', 'asked_back', 'refused', 'stopped'] as const;
export const REPLACED_REASONS = ['restarted', 'model_failed', 'handed_over', 'closed', 'stopped'] as const;
export const HANDOVER_STATES = ['bot', 'waiting', 'agent'] as const;
export const CLOSED_BY = ['customer', 'agent', 'time'] as const;
export const TICKET_STATUSES = [
  'new',
  'open',
  'pending',
  'on_hold',
  'solved',
  'closed',
  'reopened',
] as const;

export type RunStatus = (typeof RUN_STATUSES)[number];
export type Outcome = (typeof OUTCOMES)[number];
export type ReplacedReason = (typeof REPLACED_REASONS)[number];
export type HandoverState = (typeof HANDOVER_STATES)[number];
export type ClosedBy = (typeof CLOSED_BY)[number];
export type TicketStatus = (typeof TICKET_STATUSES)[number];

/** `seq` counts stored events from 1 without a gap; 0 marks a frame that is not stored. */
interface Stamp {
  readonly seq: number;
  readonly at: string;
}

export interface ErrorEvent extends Stamp {
  readonly type: 'error';
  readonly code: string;
  readonly text: string;
  readonly client_id: string | null;
  /** The run that ended with it; null when it answers a frame. */
  readonly run_id: string | null;
  readonly retryable: boolean;
}

export type ServerEvent =
  | (Stamp & { readonly type: 'message.created'; readonly message: Message })
  | (Stamp & { readonly type: 'run.started'; readonly run_id: string; readonly message_id: string })
  | (Stamp & { readonly type: 'run.status'; readonly run_id: string; readonly status: RunStatus; readonly text: string })
  | (Stamp & Sentence & { readonly type: 'answer.sentence'; readonly run_id: string; readonly index: number })
  | (Stamp & { readonly type: 'answer.replaced'; readonly run_id: string; readonly reason: ReplacedReason })
  | (Stamp & {
      readonly type: 'answer.completed';
      readonly run_id: string;
      readonly outcome: Outcome;
      readonly offer_handover: boolean;
      readonly choices: readonly Choice[];
      readonly message: Message;
    })
  | (Stamp & {
      readonly type: 'handover.changed';
      readonly state: HandoverState;
      readonly agent_name: string | null;
      readonly text: string;
      /** Nobody is there: the visitor may leave an address for the reply. */
      readonly offer_address: boolean;
    })
  /** The visitor has left an address, of which this much is shown. */
  | (Stamp & { readonly type: 'address.left'; readonly address: string })
  | (Stamp & { readonly type: 'conversation.closed'; readonly by: ClosedBy; readonly text: string })
  /** The visitor has written after the end: what they wrote stands in this conversation. */
  | (Stamp & { readonly type: 'conversation.continued'; readonly conversation: string })
  /** The answer to hello: which conversation all numbers from here on belong to. */
  | (Stamp & { readonly type: 'conversation.opened'; readonly conversation: string })
  | (Stamp & { readonly type: 'agent.typing'; readonly agent_name: string })
  /** The answer to ping. */
  | (Stamp & { readonly type: 'pong' })
  | (Stamp & { readonly type: 'ticket.changed'; readonly ticket_id: string; readonly status: TicketStatus })
  /** A ticket that a person worked on is done: the visitor may say how it went, once. */
  | (Stamp & { readonly type: 'rating.asked'; readonly ticket_id: string; readonly text: string })
  | (Stamp & { readonly type: 'rating.given'; readonly ticket_id: string; readonly score: number })
  | HistoryPage
  | ErrorEvent;

/** A page of stored events, from the end of the log: all up to number `through` that still matter. */
export interface HistoryPage extends Stamp {
  readonly type: 'history';
  readonly events: readonly (ServerEvent | UnknownEvent)[];
  readonly through: number;
  readonly earlier: boolean;
  /** Who spoke before the page, where that was not the bot from the start. */
  readonly speaker: ServerEvent | UnknownEvent | null;
}

/** A stored event of a later server. It counts for `seq` and changes nothing else. */
export interface UnknownEvent extends Stamp {
  readonly type: 'unknown';
}

export type FeedbackValue = 'up' | 'down';

export type ClientFrame =
  | { readonly type: 'hello'; readonly after?: number; readonly last?: number; readonly conversation?: string; readonly lang?: string }
  | { readonly type: 'earlier'; readonly before: number; readonly last: number }
  | { readonly type: 'message'; readonly client_id: string; readonly text: string; readonly files?: readonly string[] }
  | { readonly type: 'feedback'; readonly message_id: string; readonly value: FeedbackValue; readonly comment?: string }
  | { readonly type: 'handover' }
  | { readonly type: 'rating'; readonly score: number; readonly comment?: string }
  | { readonly type: 'typing' }
  | { readonly type: 'ping' }
  | { readonly type: 'stop'; readonly run_id: string }
  | { readonly type: 'close' };

export { PAGE_MESSAGES, frames } from './frames';

type EventType = ServerEvent['type'];
type Body<T extends EventType> = Omit<Extract<ServerEvent, { type: T }>, keyof Stamp | 'type'>;

/** One reader for every event type: leaving one out does not compile. */
const READERS: { readonly [T in EventType]: (raw: Raw) => Body<T> } = {
  'message.created': (raw) => ({ message: parseMessage(raw.message) }),
  'run.started': (raw) => ({ run_id: text(raw, 'run_id'), message_id: text(raw, 'message_id') }),
  'run.status': (raw) => ({
    run_id: text(raw, 'run_id'),
    status: oneOf(raw, 'status', RUN_STATUSES, 'searching'),
    text: text(raw, 'text'),
  }),
  'answer.sentence': (raw) => ({ run_id: text(raw, 'run_id'), index: number(raw, 'index'), ...parseSentence(raw) }),
  'answer.replaced': (raw) => ({
    run_id: text(raw, 'run_id'),
    reason: oneOf(raw, 'reason', REPLACED_REASONS, 'restarted'),
  }),
  'answer.completed': (raw) => ({
    run_id: text(raw, 'run_id'),
    outcome: oneOf(raw, 'outcome', OUTCOMES, 'answered'),
    offer_handover: raw.offer_handover === true,
    choices: parseChoices(raw),
    message: parseMessage(raw.message),
  }),
  'handover.changed': (raw) => ({
    state: oneOf(raw, 'state', HANDOVER_STATES, 'bot'),
    agent_name: optionalText(raw, 'agent_name'),
    text: optionalText(raw, 'text') ?? '',
    offer_address: raw.offer_address === true,
  }),
  'address.left': (raw) => ({ address: text(raw, 'address') }),
  'conversation.closed': (raw) => ({ by: oneOf(raw, 'by', CLOSED_BY, 'agent'), text: optionalText(raw, 'text') ?? '' }),
  'conversation.continued': (raw) => ({ conversation: text(raw, 'conversation') }),
  'conversation.opened': (raw) => ({ conversation: text(raw, 'conversation') }),
  'agent.typing': (raw) => ({ agent_name: optionalText(raw, 'agent_name') ?? '' }),
  pong: () => ({}),
  'ticket.changed': (raw) => ({
    ticket_id: text(raw, 'ticket_id'),
    status: oneOf(raw, 'status', TICKET_STATUSES, 'open'),
  }),
  'rating.asked': (raw) => ({ ticket_id: text(raw, 'ticket_id'), text: optionalText(raw, 'text') ?? '' }),
  'rating.given': (raw) => ({ ticket_id: text(raw, 'ticket_id'), score: number(raw, 'score') }),
  history: (raw) => ({
    events: list(raw, 'events').flatMap((each) => parseEvent(each) ?? []),
    through: number(raw, 'through'),
    earlier: raw.earlier === true,
    speaker: parseEvent(raw.speaker),
  }),
  error: (raw) => ({
    code: text(raw, 'code'),
    text: text(raw, 'text'),
    client_id: optionalText(raw, 'client_id'),
    run_id: optionalText(raw, 'run_id'),
    retryable: raw.retryable === true,
  }),
};

function isEventType(value: unknown): value is EventType {
  return typeof value === 'string' && Object.hasOwn(READERS, value);
}

/**
 * Raw JSON → event. A type this client does not know, or a known one it cannot read, becomes `unknown`, so that its
 * `seq` still counts; something that is no event at all becomes null.
 */
export function parseEvent(raw: unknown): ServerEvent | UnknownEvent | null {
  if (!isRecord(raw) || typeof raw.seq !== 'number' || typeof raw.type !== 'string') return null;
  const stamp: Stamp = { seq: raw.seq, at: typeof raw.at === 'string' ? raw.at : '' };
  if (isEventType(raw.type)) {
    try {
      // The reader of a type returns the body of that type; a mapped lookup loses that link, so it is restated here.
      return { ...stamp, type: raw.type, ...READERS[raw.type](raw) } as ServerEvent;
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
    }
  }
  return { ...stamp, type: 'unknown' };
}
