// The heart of the widget: a pure function (state, action) → state. A reload replays the stored events through it.
import type { ErrorEvent, FeedbackValue, Message, Sentence, ServerEvent, UnknownEvent } from './contract';
import type { AnswerItem, Notice, NoticeItem, PendingItem, State, StoredItem } from './state';
import { initialState } from './state';

export type LocalAction =
  | { readonly type: 'local.queued'; readonly clientId: string; readonly text: string; readonly at: string }
  | { readonly type: 'local.failed'; readonly clientId: string; readonly text: string; readonly retryable: boolean }
  | { readonly type: 'local.retried'; readonly clientId: string }
  | { readonly type: 'local.discarded'; readonly clientId: string }
  | { readonly type: 'local.feedback'; readonly messageId: string; readonly value: FeedbackValue }
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
  switch (action.type) {
    case 'message.created':
      return addMessage(state, action);
    case 'run.started':
      return startRun(state, action);
    case 'run.status':
      return changeRun(state, action, (run) => ({ ...run, status: action.text }));
    case 'answer.sentence':
      return changeRun(state, action, (run) => withSentence(run, action));
    case 'answer.replaced':
      return replaceRun(state, action);
    case 'answer.completed':
      return changeRun(state, action, (run) => completed(run, action));
    case 'handover.changed':
      return changeSpeaker(state, action);
    case 'conversation.closed':
      return close(state, action);
    case 'conversation.opened':
      return opened(state, action.conversation);
    case 'conversation.continued':
      return state;
    case 'agent.typing':
      return { ...state, typing: action.agent_name };
    case 'ticket.changed':
      return addNotice(state, action, { about: 'ticket', status: action.status });
    case 'error':
      return addError(state, action);
    case 'unknown':
      return state;
    default:
      return ignored(action, state);
  }
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

function pendingItem(action: { clientId: string; text: string; at: string }): PendingItem {
  const { clientId, text, at } = action;
  return { kind: 'pending', key: messageKey(clientId), at, clientId, text, failure: null };
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

function runKey(runId: string | null): string {
  return `run:${runId ?? ''}`;
}

function emptyRun(key: string, seq: number, at: string): AnswerItem {
  return {
    kind: 'answer',
    key,
    seq,
    at,
    working: true,
    status: '',
    restarted: false,
    sentences: [],
    message: null,
    outcome: null,
    offerHandover: false,
    choices: [],
  };
}

interface RunEvent {
  readonly seq: number;
  readonly at: string;
  readonly run_id: string;
}

/** Changes the answer of a run, opening it when this is the first event of the run that is seen. */
function changeRun(state: State, event: RunEvent, change: (run: AnswerItem) => AnswerItem): State {
  const key = runKey(event.run_id);
  const known = state.items.find((item): item is AnswerItem => item.kind === 'answer' && item.key === key);
  if (!known) return { ...state, items: [...state.items, change(emptyRun(key, event.seq, event.at))] };
  if (known.message !== null) return state;
  return { ...state, items: state.items.map((item) => (item === known ? change(known) : item)) };
}

/** A run that starts again with another message in its question moves below that message. */
function startRun(state: State, event: Of<'run.started'>): State {
  const key = runKey(event.run_id);
  const known = state.items.find((item): item is AnswerItem => item.kind === 'answer' && item.key === key);
  if (known?.message !== null || known.sentences.length > 0) return changeRun(state, event, (run) => run);
  const others = state.items.filter((item) => item !== known);
  return { ...state, items: [...others, { ...known, seq: event.seq, at: event.at }] };
}

/** What was said so far is taken back. After a hand-over the bot says no more; otherwise it writes anew. */
function replaceRun(state: State, event: Of<'answer.replaced'>): State {
  if (event.reason === 'handed_over' || event.reason === 'closed') {
    const key = runKey(event.run_id);
    return { ...state, items: state.items.filter((item) => item.key !== key) };
  }
  const restarted = event.reason === 'restarted';
  return changeRun(state, event, (run) => ({ ...run, status: '', sentences: [], restarted }));
}

function withSentence(run: AnswerItem, event: Of<'answer.sentence'>): AnswerItem {
  const { text, form, number, citations } = event;
  const sentence: Sentence = { text, form, number, citations };
  const sentences = [...run.sentences.slice(0, event.index), sentence, ...run.sentences.slice(event.index + 1)];
  return { ...run, sentences };
}

function completed(run: AnswerItem, event: Of<'answer.completed'>): AnswerItem {
  return {
    ...run,
    seq: event.seq,
    working: false,
    status: '',
    restarted: false,
    sentences: sentencesOf(event.message),
    message: event.message,
    outcome: event.outcome,
    offerHandover: event.offer_handover || event.outcome === 'no_answer' || event.outcome === 'failed',
    choices: event.choices,
  };
}

function sentencesOf(message: Message): readonly Sentence[] {
  if (message.sentences.length > 0) return message.sentences;
  return message.text === '' ? [] : [{ text: message.text, form: 'text', number: null, citations: [] }];
}

function changeSpeaker(state: State, event: Of<'handover.changed'>): State {
  const next: State = {
    ...state,
    speaker: event.state,
    agentName: event.agent_name,
    handoverText: event.text,
    handoverAsked: false,
    typing: event.state === 'agent' ? state.typing : null,
  };
  if (event.state === state.speaker && event.agent_name === state.agentName) return next;
  return addNotice(next, event, { about: 'handover', state: event.state, agentName: event.agent_name });
}

function close(state: State, event: Of<'conversation.closed'>): State {
  const ended: State = { ...state, speaker: 'bot', agentName: null, handoverText: '', handoverAsked: false, typing: null };
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
