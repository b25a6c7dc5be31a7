// The wire: every server event and client frame as a tagged union, and the parser that turns raw JSON into it.
// tests/contracts/realtime.json is the authority; contract.test.ts asserts this file against it.
import { MalformedError, isRecord, list, number, oneOf, optionalText, record, text, texts } from './raw';
import type { Raw } from './raw';

export { isRecord } from './raw';

export const SUBPROTOCOL = 'supportbot.v1';
export const TOKEN_PREFIX = 'token.';

export const FORMS = ['text', 'item', 'step'] as const;
export const KINDS = ['passage', 'curated'] as const;
export const AUTHORS = ['customer', 'bot', 'agent', 'system'] as const;
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

export type Form = (typeof FORMS)[number];
export type Kind = (typeof KINDS)[number];
export type Author = (typeof AUTHORS)[number];
export type RunStatus = (typeof RUN_STATUSES)[number];
export type Outcome = (typeof OUTCOMES)[number];
export type ReplacedReason = (typeof REPLACED_REASONS)[number];
export type HandoverState = (typeof HANDOVER_STATES)[number];
export type ClosedBy = (typeof CLOSED_BY)[number];
export type TicketStatus = (typeof TICKET_STATUSES)[number];

/** A passage as it stood when the answer was written. `n` is its number within one answer. */
export interface Citation {
  readonly n: number;
  /** What is cited: a passage of a document, or what the team wrote. */
  readonly kind: Kind;
  readonly passage_id: string;
  readonly document_id: string;
  readonly title: string;
  readonly heading: readonly string[];
  readonly page: number | null;
  readonly quote: string;
  /** The texts of those cells of the quoted table row that the sentence uses. */
  readonly cells: readonly string[];
  /** Null in a page of history; it is fetched when somebody opens the source. */
  readonly passage: string | null;
  readonly version: number;
  /** A calendar date, `2026-03-01`, or null when the version has no start date. */
  readonly effective_from: string | null;
  readonly updated_at: string;
}

/** Neighbouring items are one list; neighbouring steps are one numbered list. */
export interface Sentence {
  readonly text: string;
  readonly form: Form;
  /** What a step is numbered with; null counts on from the step before. */
  readonly number: number | null;
  readonly citations: readonly Citation[];
}

/** A question the visitor may ask with one click: `label` is on the button, `text` is what is sent. */
export interface Choice {
  readonly label: string;
  readonly text: string;
}

export interface Message {
  readonly id: string;
  readonly author: Author;
  readonly text: string;
  readonly created_at: string;
  readonly client_id: string | null;
  readonly agent_name: string | null;
  readonly run_id: string | null;
  readonly sentences: readonly Sentence[];
}

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
  | { readonly type: 'hello'; readonly after?: number; readonly last?: number; readonly conversation?: string }
  | { readonly type: 'earlier'; readonly before: number; readonly last: number }
  | { readonly type: 'message'; readonly client_id: string; readonly text: string }
  | { readonly type: 'feedback'; readonly message_id: string; readonly value: FeedbackValue; readonly comment?: string }
  | { readonly type: 'handover' }
  | { readonly type: 'rating'; readonly score: number; readonly comment?: string }
  | { readonly type: 'typing' }
  | { readonly type: 'stop'; readonly run_id: string }
  | { readonly type: 'close' };

export { PAGE_MESSAGES, frames } from './frames';

const MOST_CHOICES = 4;

function parseCitation(value: unknown): Citation {
  const raw = record(value);
  return {
    n: number(raw, 'n'),
    kind: oneOf(raw, 'kind', KINDS, 'passage'),
    passage_id: text(raw, 'passage_id'),
    document_id: text(raw, 'document_id'),
    title: text(raw, 'title'),
    heading: texts(raw, 'heading'),
    page: typeof raw.page === 'number' ? raw.page : null,
    quote: text(raw, 'quote'),
    cells: texts(raw, 'cells'),
    passage: optionalText(raw, 'passage'),
    version: number(raw, 'version'),
    effective_from: optionalText(raw, 'effective_from'),
    updated_at: text(raw, 'updated_at'),
  };
}

function parseSentence(value: unknown): Sentence {
  const raw = record(value);
  return {
    text: text(raw, 'text'),
    form: oneOf(raw, 'form', FORMS, 'text'),
    number: Number.isInteger(raw.number) ? number(raw, 'number') : null,
    citations: list(raw, 'citations').map(parseCitation),
  };
}

/** Choices are an extra: one that cannot be read is left out, and the answer stays. */
function parseChoices(raw: Raw): readonly Choice[] {
  const choices = list(raw, 'choices').flatMap((value) => {
    if (!isRecord(value) || typeof value.label !== 'string' || typeof value.text !== 'string') return [];
    const choice = { label: value.label.trim(), text: value.text.trim() };
    return choice.label === '' || choice.text === '' ? [] : [choice];
  });
  return choices.slice(0, MOST_CHOICES);
}

export function parseMessage(value: unknown): Message {
  const raw = record(value);
  return {
    id: text(raw, 'id'),
    author: oneOf(raw, 'author', AUTHORS, 'system'),
    text: text(raw, 'text'),
    created_at: text(raw, 'created_at'),
    client_id: optionalText(raw, 'client_id'),
    agent_name: optionalText(raw, 'agent_name'),
    run_id: optionalText(raw, 'run_id'),
    sentences: list(raw, 'sentences').map(parseSentence),
  };
}

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
