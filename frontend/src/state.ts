// The state of one conversation as the visitor sees it, and the questions the views ask of it.
import type { Choice, ClosedBy, FeedbackValue, HandoverState, Message, Outcome, Sentence, SentFile, TicketStatus } from './contract';

/** A message by the customer, an agent or the system. */
export interface MessageItem {
  readonly kind: 'message';
  readonly key: string;
  readonly seq: number;
  readonly at: string;
  readonly message: Message;
}

/** One run of the bot: from the first status line, through its checked sentences, to the finished message. */
export interface AnswerItem {
  readonly kind: 'answer';
  readonly key: string;
  readonly seq: number;
  readonly at: string;
  readonly working: boolean;
  readonly status: string;
  readonly restarted: boolean;
  readonly sentences: readonly Sentence[];
  readonly message: Message | null;
  readonly outcome: Outcome | null;
  readonly offerHandover: boolean;
  readonly choices: readonly Choice[];
}

export type Notice =
  | { readonly about: 'handover'; readonly state: HandoverState; readonly agentName: string | null; readonly text: string }
  | { readonly about: 'rating'; readonly ticketId: string; readonly text: string; readonly score: number | null }
  | { readonly about: 'address'; readonly address: string }
  | { readonly about: 'ticket'; readonly status: TicketStatus }
  | { readonly about: 'closed'; readonly text: string }
  | { readonly about: 'error'; readonly text: string };

/** A line between messages: who joined, what was closed, what went wrong. */
export interface NoticeItem {
  readonly kind: 'notice';
  readonly key: string;
  readonly seq: number;
  readonly at: string;
  readonly notice: Notice;
}

/** A message of the visitor that the server has not confirmed yet. */
export interface PendingItem {
  readonly kind: 'pending';
  readonly key: string;
  readonly at: string;
  readonly clientId: string;
  readonly text: string;
  readonly files: readonly SentFile[];
  /** Null while it is being sent. */
  readonly failure: Failure | null;
}

export interface Failure {
  readonly text: string;
  readonly retryable: boolean;
}

export type StoredItem = MessageItem | AnswerItem | NoticeItem;
export type Item = StoredItem | PendingItem;

export interface State {
  /** The conversation that all numbers belong to; null until the server has said which. */
  readonly conversation: string | null;
  readonly lastSeq: number;
  /** The first number that is here, where there are earlier messages on the server; else null. */
  readonly earlierBefore: number | null;
  readonly items: readonly StoredItem[];
  readonly pending: readonly PendingItem[];
  readonly speaker: HandoverState;
  readonly agentName: string | null;
  /** An address for the reply is wanted, and none is left yet. */
  readonly offersAddress: boolean;
  /** By whom the conversation has ended; what is written now begins another one. */
  readonly closedBy: ClosedBy | null;
  /** True from the visitor's click until the server answers it. */
  readonly handoverAsked: boolean;
  readonly typing: string | null;
  readonly feedback: Readonly<Record<string, FeedbackValue>>;
}

export const initialState: State = {
  conversation: null,
  lastSeq: 0,
  earlierBefore: null,
  items: [],
  pending: [],
  speaker: 'bot',
  agentName: null,
  offersAddress: false,
  closedBy: null,
  handoverAsked: false,
  typing: null,
  feedback: {},
};

/** What is shown, in order. Unconfirmed messages come last, because the server decides their place. */
export function timeline(state: State): readonly Item[] {
  return [...state.items, ...state.pending];
}

export function isEmpty(state: State): boolean {
  return state.items.length === 0 && state.pending.length === 0;
}

/** How many finished messages from the other side are newer than `readSeq`. */
export function unreadCount(state: State, readSeq: number): number {
  return state.items.filter((item) => item.seq > readSeq && isFromOtherSide(item)).length;
}

function isFromOtherSide(item: StoredItem): boolean {
  if (item.kind === 'answer') return !item.working && item.sentences.length > 0;
  return item.kind === 'message' && item.message.author === 'agent';
}

/** The run whose answer is being written; the visitor may stop it. */
export function workingRun(state: State): string | null {
  const found = state.items.findLast((item) => item.kind === 'answer' && item.working);
  return found ? found.key.slice('run:'.length) : null;
}

/** The answer that may offer a person: only the newest, so that history is not a wall of buttons. */
export function lastAnswerKey(state: State): string | null {
  return state.items.findLast((item) => item.kind === 'answer')?.key ?? null;
}

/** The visitor's last message, once the bot has answered it: it can be asked again in other words. */
export function editableKey(state: State): string | null {
  if (state.speaker !== 'bot' || state.closedBy !== null || state.pending.length > 0) return null;
  const last = state.items.findLast((item) => item.kind === 'message');
  const answered = state.items.findLast((item) => item.kind === 'answer');
  const isAnswered = last !== undefined && answered?.working === false && state.items.indexOf(answered) > state.items.indexOf(last);
  return isAnswered && last.message.author === 'customer' ? last.key : null;
}

/** `used` lasts from an own message after the answer until the next answer begins. */
export type ChoicesState = 'open' | 'used' | 'gone';

/** Whether the choices of an answer can be picked: of the newest one, while nobody but the bot speaks. */
export function choicesState(state: State, key: string): ChoicesState {
  if (state.speaker !== 'bot' || key !== lastAnswerKey(state)) return 'gone';
  const after = state.items.slice(state.items.findIndex((item) => item.key === key) + 1);
  if (after.some((item) => item.kind === 'message' && item.message.author === 'agent')) return 'gone';
  if (state.handoverAsked || state.pending.some((item) => item.failure === null)) return 'used';
  // A question whose answer failed may be asked again.
  const last = after.findLast((item) => item.kind === 'message' || (item.kind === 'notice' && item.notice.about === 'error'));
  return last?.kind === 'message' && last.message.author === 'customer' ? 'used' : 'open';
}

/** The message of the newest answer, if what may be asked next is not known and could be picked; else null. */
export function awaitsFollowUps(state: State): string | null {
  const last = state.items.findLast((item) => item.kind === 'answer');
  if (last?.outcome !== 'answered' || last.choices.length > 0 || last.offerHandover) return null;
  return choicesState(state, last.key) === 'open' ? (last.message?.id ?? null) : null;
}

/** The number a step is shown with, counted as the list of the browser counts; null for anything else. */
export function stepNumber(sentences: readonly Sentence[], index: number): number | null {
  const sentence = sentences[index];
  if (sentence?.form !== 'step') return null;
  return sentence.number ?? (stepNumber(sentences, index - 1) ?? 0) + 1;
}
