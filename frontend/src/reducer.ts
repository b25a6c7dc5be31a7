// The heart of the widget: a pure function (state, action) → state. A reload replays the stored events through it.
import type { Choice, ErrorEvent, FeedbackValue, Message, SentFile, ServerEvent, UnknownEvent } from './contract';
import { emptyRun, isRunEvent, runKey, sentencesOf, stepRun } from './runs';
import type { AnswerItem, Notice, NoticeItem, PendingItem, State, StoredItem } from './state';
import { initialState } from './state';

export type LocalAction =
  | { readonly type: 'local.queued'; readonly clientId: string; readonly text: string; readonly at: string; readonly files?: readonly SentFile[] }
  | { readonly type: 'local.failed'; readonly clientId: string; readonly text: string; readonly retryable: boolean }
  | { readonly type: 'local.retried'; readonly clientId: string }
  | { readonly type: 'local.discarded'; readonly clientId: string }
  | { readonly type: 'local.feedback'; readonly messageId: string; readonly value: FeedbackValue }
  | { readonly type: 'local.follow_ups'; readonly messageId: string; readonly choices: readonly Choice[] }
  | { readonly type: 'local.handover' }
  | { readonly type: 'local.typing_ended' }
  | { readonly type: 'local.reset' };

export type Action = ServerEvent | UnknownEvent | LocalAction;

type Of<T extends ServerEvent['type']> = Extract<ServerEvent, { type: T }>;

/** True when events are missing before this one, so that the log must be fetched again. */
export function hasGap(state: State, event: ServerEvent | UnknownEvent): boolean {
  return event.seq > state.lastSeq + 1;
}

/** Applies one action. Stored events already seen, or ahead of a gap, change nothing. */
export function reduce(state: State, action: Action): State {
  if (!('seq' in action)) return stepLocal(state, action);
  if (action.seq === 0) return step(state, action);
  if (action.seq !== state.lastSeq + 1) return state;
  return { ...step(state, action), lastSeq: action.seq };
}

function step(state: State, action: ServerEvent | UnknownEvent): State {
  if (isRunEvent(action)) return stepRun(state, action);
  if (changesNothing(action)) return state;
  switch (action.type) {
    case 'message.created':
      return addMessage(state, action);
    case 'handover.changed':
      return changeSpeaker(state, action);
    case 'address.left':
      return addNotice({ ...state, offersAddress: false }, action, { about: 'address', address: action.address });
    case 'conversation.closed':
      return close(state, action);
    case 'conversation.opened':
      return opened(state, action.conversation);
    case 'history':
      return withPage(state, action);
    case 'agent.typing':
      return { ...state, typing: action.agent_name };
    case 'ticket.changed':
      return addNotice(state, action, { about: 'ticket', status: action.status });
    case 'rating.asked':
      return addNotice(state, action, { about: 'rating', ticketId: action.ticket_id, text: action.text, score: null });
    case 'rating.given':
      return noteRating(state, action.ticket_id, action.score);
    case 'error':
      return addError(state, action);
    default:
      return ignored(action, state);
  }
}

function changesNothing(action: ServerEvent | UnknownEvent): action is Of<'conversation.continued' | 'pong'> | UnknownEvent {
  return ['conversation.continued', 'pong', 'unknown'].includes(action.type);
}

/** The page that a new connection begins with, or an earlier one that the visitor asked for. */
function withPage(state: State, page: Of<'history'>): State {
  const isFirst = state.lastSeq === 0;
  if (!isFirst && (state.earlierBefore === null || page.through >= state.earlierBefore)) return state;
  const speaker = page.speaker?.type === 'handover.changed' ? spokenBy(page.speaker) : {};
  const base: State = { ...afresh(state, state.conversation), ...speaker };
  const read = page.events.reduce((before, event) => step(before, event), base);
  const earlierBefore = page.earlier ? (page.events[0]?.seq ?? null) : null;
  if (isFirst) return { ...read, earlierBefore, lastSeq: page.through };
  const known = new Set(state.items.map((item) => item.key));
  // An answer that no number of an earlier page ends was taken back, or stands on the page after it.
  const above = read.items.filter((item) => !known.has(item.key) && !(item.kind === 'answer' && item.working));
  return { ...state, earlierBefore, items: [...above, ...state.items] };
}

function stepLocal(state: State, action: LocalAction): State {
  switch (action.type) {
    case 'local.queued':
      return { ...state, pending: [...state.pending, pendingItem(action)] };
    case 'local.failed':
      return changePending(state, action.clientId, { text: action.text, retryable: action.retryable });
    case 'local.retried':
      return changePending(state, action.clientId, null);
    case 'local.discarded':
      return withoutPending(state, action.clientId);
    case 'local.feedback':
      return { ...state, feedback: { ...state.feedback, [action.messageId]: action.value } };
    case 'local.follow_ups':
      return { ...state, items: state.items.map((item) => (item.kind === 'answer' && item.message?.id === action.messageId ? { ...item, choices: action.choices } : item)) };
    case 'local.handover':
      return { ...state, handoverAsked: true };
    case 'local.typing_ended':
      return { ...state, typing: null };
    case 'local.reset':
      return afresh(state, null);
    default:
      return ignored(action, state);
  }
}

/** A type left out above does not compile; one that arrives all the same changes nothing. */
function ignored(_action: never, state: State): State {
  return state;
}

function pendingItem(action: { clientId: string; text: string; at: string; files?: readonly SentFile[] }): PendingItem {
  const { clientId, text, at, files = [] } = action;
  return { kind: 'pending', key: messageKey(clientId), at, clientId, text, files, failure: null };
}

/** A confirmed message keeps the key of its pending form, so that the view does not draw it anew. */
function messageKey(id: string): string {
  return `message:${id}`;
}

function addMessage(state: State, event: Of<'message.created'>): State {
  const { message, seq } = event;
  if (message.author === 'bot') return addBotMessage(state, message, seq);
  const base = message.client_id === null ? state : withoutPending(state, message.client_id);
  const item: StoredItem = {
    kind: 'message',
    key: messageKey(message.client_id ?? message.id),
    seq,
    at: message.created_at,
    message,
  };
  const typing = message.author === 'agent' ? null : base.typing;
  return { ...base, typing, items: [...base.items, item] };
}

/** A bot message outside a stream, such as a draft that an agent approved; one that ended a stream is already there. */
function addBotMessage(state: State, message: Message, seq: number): State {
  const known = state.items.some(
    (item) => item.kind === 'answer' && (item.message?.id === message.id || item.key === runKey(message.run_id)),
  );
  if (known) return state;
  const item: AnswerItem = {
    ...emptyRun(message.run_id === null ? messageKey(message.id) : runKey(message.run_id), seq, message.created_at),
    working: false,
    sentences: sentencesOf(message),
    message,
    outcome: 'answered',
  };
  return { ...state, items: [...state.items, item] };
}

function spokenBy(event: Of<'handover.changed'>): Pick<State, 'speaker' | 'agentName' | 'offersAddress'> {
  return { speaker: event.state, agentName: event.agent_name, offersAddress: event.offer_address };
}

function changeSpeaker(state: State, event: Of<'handover.changed'>): State {
  const next: State = {
    ...state,
    ...spokenBy(event),
    handoverAsked: false,
    typing: event.state === 'agent' ? state.typing : null,
  };
  if (event.state === state.speaker && event.agent_name === state.agentName) return next;
  return addNotice(next, event, { about: 'handover', state: event.state, agentName: event.agent_name, text: event.text });
}

function close(state: State, event: Of<'conversation.closed'>): State {
  const ended: State = { ...state, speaker: 'bot', agentName: null, offersAddress: false, handoverAsked: false, typing: null };
  return addNotice({ ...ended, closedBy: event.by }, event, { about: 'closed', text: event.text });
}

/** Another conversation starts with nothing; what was not sent yet goes into it. */
function opened(state: State, conversation: string): State {
  if (state.conversation === null || state.conversation === conversation) return { ...state, conversation };
  return afresh(state, conversation);
}

function afresh(state: State, conversation: string | null): State {
  return { ...initialState, conversation, pending: state.pending, feedback: state.feedback };
}

function addNotice(state: State, event: { seq: number; at: string }, notice: Notice): State {
  // Frames outside the stored log all carry seq 0, so their place in the list tells them apart.
  const key = event.seq > 0 ? `notice:${event.seq}` : `notice:0:${state.items.length}`;
  const item: NoticeItem = { kind: 'notice', key, seq: event.seq, at: event.at, notice };
  return { ...state, items: [...state.items, item] };
}

function noteRating(state: State, ticketId: string, score: number): State {
  const items = state.items.map((item) =>
    item.kind === 'notice' && item.notice.about === 'rating' && item.notice.ticketId === ticketId
      ? { ...item, notice: { ...item.notice, score } }
      : item,
  );
  return { ...state, items };
}

function addError(state: State, event: ErrorEvent): State {
  const { client_id: clientId, text, retryable } = event;
  if (clientId !== null && state.pending.some((item) => item.clientId === clientId)) {
    return changePending(state, clientId, { text, retryable });
  }
  const last = state.items.at(-1);
  const repeated = last?.kind === 'notice' && last.notice.about === 'error' && last.notice.text === text;
  const settled: State = { ...state, handoverAsked: false, items: state.items.flatMap(endedRun(event)) };
  return repeated ? settled : addNotice(settled, event, { about: 'error', text });
}

/** A stored error ends the answer that was being written: what was shown stays, an empty answer goes. */
function endedRun(event: ErrorEvent): (item: StoredItem) => readonly StoredItem[] {
  return (item) => {
    if (event.seq === 0 || item.kind !== 'answer' || !item.working) return [item];
    if (event.run_id !== null && item.key !== runKey(event.run_id)) return [item];
    return item.sentences.length === 0 ? [] : [{ ...item, working: false, outcome: 'failed', offerHandover: true }];
  };
}

function changePending(state: State, clientId: string, failure: PendingItem['failure']): State {
  return {
    ...state,
    pending: state.pending.map((item) => (item.clientId === clientId ? { ...item, failure } : item)),
  };
}

function withoutPending(state: State, clientId: string): State {
  return { ...state, pending: state.pending.filter((item) => item.clientId !== clientId) };
}
