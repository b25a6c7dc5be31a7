// The answer of a run while it is written: what each event of the run does to it.
import type { Message, Sentence, ServerEvent, UnknownEvent } from './contract';
import type { AnswerItem, State } from './state';

type Of<T extends ServerEvent['type']> = Extract<ServerEvent, { type: T }>;
type RunEvent = Of<'run.started' | 'run.status' | 'answer.sentence' | 'answer.replaced' | 'answer.completed'>;

export function isRunEvent(event: ServerEvent | UnknownEvent): event is RunEvent {
  return event.type.startsWith('run.') || event.type.startsWith('answer.');
}

export function stepRun(state: State, event: RunEvent): State {
  switch (event.type) {
    case 'run.started':
      return startRun(state, event);
    case 'run.status':
      return changeRun(state, event, (run) => ({ ...run, status: event.text }));
    case 'answer.sentence':
      return changeRun(state, event, (run) => withSentence(run, event));
    case 'answer.replaced':
      return replaceRun(state, event);
    case 'answer.completed':
      return changeRun(state, event, (run) => completed(run, event));
  }
}

export function runKey(runId: string | null): string {
  return `run:${runId ?? ''}`;
}

export function emptyRun(key: string, seq: number, at: string): AnswerItem {
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
  // Nothing of it was shown; that it was stopped is.
  if (event.reason === 'stopped') return changeRun(state, event, (run) => ({ ...run, status: '', working: false, restarted: false, outcome: 'stopped' }));
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

export function sentencesOf(message: Message): readonly Sentence[] {
  if (message.sentences.length > 0) return message.sentences;
  return message.text === '' ? [] : [{ text: message.text, form: 'text', number: null, citations: [] }];
}
