// The reducer against the contract's own log, and against the ways a log can arrive.
import { describe, expect, it } from 'vitest';
import type { Message, ServerEvent } from './contract';
import { hasGap, reduce } from './reducer';
import type { Action } from './reducer';
import { choicesState, initialState, isEmpty, lastAnswerKey, timeline, unreadCount } from './state';
import type { State } from './state';
import { citation, events, message, storedLog } from './testing/contract';

const AT = '2026-11-21T10:00:00Z';

function play(actions: readonly Action[], from: State = initialState): State {
  return actions.reduce(reduce, from);
}

const asked = { type: 'message.created', message: message({ client_id: 'c-1' }) };
const started = { type: 'run.started', run_id: 'r', message_id: 'm-1' };
const searching = { type: 'run.status', run_id: 'r', status: 'searching', text: 'Searching the documents' };
const sentence = (index: number, text: string) => ({ type: 'answer.sentence', run_id: 'r', index, text, citations: [citation()] });
const completed = (outcome = 'answered', text = 'One.') => ({
  type: 'answer.completed',
  run_id: 'r',
  outcome,
  offer_handover: false,
  message: message({ id: 'm-2', author: 'bot', text, run_id: 'r' }),
});

function answerOf(state: State) {
  const item = state.items.find((each) => each.kind === 'answer');
  if (item?.kind !== 'answer') throw new Error('no answer');
  return item;
}

describe('the log of the contract', () => {
  // A page is for a log that is empty or has earlier messages; it has tests of its own in history.test.ts.
  const changing = events.map((event, index) => [event.type, index] as const).filter(([type]) => !['history', 'pong'].includes(type));

  it.each(changing)('changes the state at %s (event %i)', (_, index) => {
    const before = play(events.slice(0, index));
    const event = events[index] as ServerEvent;
    expect(reduce(before, event)).not.toBe(before);
    expect(reduce(before, { type: 'unknown', seq: event.seq, at: event.at }).items).toBe(before.items);
  });

  it('ends with the answer, the agent and the last number', () => {
    const state = play(events);
    expect(state.lastSeq).toBe(25);
    expect(state.speaker).toBe('bot');
    expect(answerOf(state)).toMatchObject({ working: false, outcome: 'answered', restarted: false });
    expect(answerOf(state).sentences.map((each) => each.text)).toEqual(['Sealed food can be returned within 14 days.']);
    expect(state.items.map((item) => item.kind)).toEqual([
      ...['message', 'answer', 'notice', 'notice', 'message', 'notice', 'notice'],
      ...['answer', 'answer', 'notice', 'notice', 'notice', 'notice'],
    ]);
  });

  it('gives the same state when half of it is replayed', () => {
    const half = play(events.slice(0, 6));
    expect(play(events.filter((event) => event.seq > 0), half)).toEqual(play(events.filter((event) => event.seq > 0)));
  });
});

describe('sequence numbers', () => {
  it('ignores an event that was seen', () => {
    const state = play(storedLog(asked));
    expect(play(storedLog(asked), state)).toBe(state);
  });

  it('does not apply an event beyond a gap', () => {
    const [first, , third] = storedLog(asked, started, searching);
    const state = play([first as ServerEvent]);
    expect(hasGap(state, third as ServerEvent)).toBe(true);
    expect(reduce(state, third as ServerEvent)).toBe(state);
  });

  it('counts an unknown event', () => {
    expect(reduce(initialState, { type: 'unknown', seq: 1, at: AT })).toEqual({ ...initialState, lastSeq: 1 });
  });
});

describe('an answer', () => {
  it('shows its status before the first sentence', () => {
    expect(answerOf(play(storedLog(asked, started, searching)))).toMatchObject({ working: true, status: 'Searching the documents', sentences: [] });
  });

  it('grows by sentences', () => {
    const state = play(storedLog(asked, started, sentence(0, 'One.'), sentence(1, 'Two.')));
    expect(answerOf(state).sentences.map((each) => each.text)).toEqual(['One.', 'Two.']);
  });

  it('drops its sentences when it is replaced, and says so when it starts again', () => {
    const log = (reason: string) => storedLog(asked, started, sentence(0, 'One.'), { type: 'answer.replaced', run_id: 'r', reason });
    expect(answerOf(play(log('restarted')))).toMatchObject({ sentences: [], restarted: true, working: true });
    expect(answerOf(play(log('model_failed')))).toMatchObject({ sentences: [], restarted: false });
  });

  it('goes when a person takes over', () => {
    const replaced = { type: 'answer.replaced', run_id: 'r', reason: 'handed_over' };
    expect(play(storedLog(asked, started, sentence(0, 'One.'), replaced)).items.map((item) => item.kind)).toEqual(['message']);
  });

  it.each(['no_answer', 'failed'])('offers a person after %s', (outcome) => {
    expect(answerOf(play(storedLog(asked, started, completed(outcome)))).offerHandover).toBe(true);
  });

  it('keeps the text of a message without sentences', () => {
    expect(answerOf(play(storedLog(asked, started, completed()))).sentences).toEqual([{ text: 'One.', form: 'text', number: null, citations: [] }]);
  });

  it('is not shown twice when its message is also created', () => {
    const again = { type: 'message.created', message: message({ id: 'm-2', author: 'bot', run_id: 'r' }) };
    expect(play(storedLog(asked, started, completed(), again)).items).toHaveLength(2);
  });

  it('may come as a message alone, such as an approved draft', () => {
    const draft = { type: 'message.created', message: message({ id: 'm-9', author: 'bot', text: 'Yes.' }) };
    expect(answerOf(play(storedLog(asked, draft)))).toMatchObject({ working: false, sentences: [{ text: 'Yes.' }] });
  });

  it('ends when the server reports a stored error', () => {
    const failed = { type: 'error', code: 'answer_failed', text: 'Sorry.', client_id: null, run_id: null, retryable: true };
    expect(play(storedLog(asked, started, failed)).items.map((item) => item.kind)).toEqual(['message', 'notice']);
    expect(answerOf(play(storedLog(asked, started, sentence(0, 'One.'), failed)))).toMatchObject({ working: false, offerHandover: true });
  });

  it('goes on when the error ended another run', () => {
    const failed = { type: 'error', code: 'answer_failed', text: 'Sorry.', client_id: null, run_id: 'other', retryable: true };
    expect(answerOf(play(storedLog(asked, started, failed)))).toMatchObject({ working: true });
  });

  it('is the newest one that may offer a person', () => {
    const other = { ...started, run_id: 'r2' };
    expect(lastAnswerKey(play(storedLog(asked, started, completed(), asked, other)))).toBe('run:r2');
  });
});

describe('choices', () => {
  const asksBack = { ...completed('asked_back'), choices: [{ label: 'Spain', text: 'To Spain?' }] };
  const reply = (author: Message['author']) => ({ type: 'message.created', message: message({ id: `m-${author}`, author }) });
  const speaker = (state: string) => ({ type: 'handover.changed', state, agent_name: null, text: '' });
  const failed = { type: 'error', code: 'answer_failed', text: 'Sorry.', client_id: null, run_id: 'r2', retryable: true };
  const stateAfter = (...bodies: readonly Readonly<Record<string, unknown>>[]) => choicesState(play(storedLog(asked, asksBack, ...bodies)), 'run:r');

  it('are kept with the answer and open when the log is replayed', () => {
    const state = play(storedLog(asked, started, asksBack));
    expect(answerOf(state).choices).toEqual([{ label: 'Spain', text: 'To Spain?' }]);
    expect(choicesState(state, 'run:r')).toBe('open');
  });

  it('are used from an own message, sent or on its way, until the next answer begins', () => {
    const queued: Action = { type: 'local.queued', clientId: 'c-9', text: 'To Spain?', at: AT };
    expect(choicesState(play([queued], play(storedLog(asked, asksBack))), 'run:r')).toBe('used');
    expect(stateAfter(reply('customer'))).toBe('used');
    expect(stateAfter(reply('customer'), { ...started, run_id: 'r2' })).toBe('gone');
  });

  it('open again when the message or its answer failed', () => {
    const queued: Action = { type: 'local.queued', clientId: 'c-9', text: 'To Spain?', at: AT };
    const unsent: Action = { type: 'local.failed', clientId: 'c-9', text: 'Busy.', retryable: true };
    expect(choicesState(play([queued, unsent], play(storedLog(asked, asksBack))), 'run:r')).toBe('open');
    expect(stateAfter(reply('customer'), { ...started, run_id: 'r2' }, failed)).toBe('open');
  });

  it('go while a person speaks, and do not come back below their words', () => {
    expect(stateAfter(speaker('waiting'))).toBe('gone');
    expect(stateAfter(speaker('agent'))).toBe('gone');
    expect(stateAfter(speaker('agent'), speaker('bot'))).toBe('open');
    expect(stateAfter(speaker('agent'), reply('agent'), speaker('bot'))).toBe('gone');
  });
});

describe('a message on its way', () => {
  const queued: Action = { type: 'local.queued', clientId: 'c-1', text: 'Hello', at: AT };

  it('is shown after everything stored and gives way to the confirmed one under the same key', () => {
    const before = play([queued]);
    expect(timeline(before)).toMatchObject([{ kind: 'pending', key: 'message:c-1', failure: null }]);
    expect(timeline(play(storedLog(asked), before))).toMatchObject([{ kind: 'message', key: 'message:c-1' }]);
  });

  it('fails with the text of the server and can be tried again', () => {
    const error: Action = { seq: 0, type: 'error', at: AT, code: 'busy', text: 'Busy.', client_id: 'c-1', run_id: null, retryable: true };
    const failed = play([queued, error]);
    expect(failed.pending[0]?.failure).toEqual({ text: 'Busy.', retryable: true });
    expect(failed.items).toEqual([]);
    expect(play([{ type: 'local.retried', clientId: 'c-1' }], failed).pending[0]?.failure).toBeNull();
  });

  it('survives a reset of the log', () => {
    const state = play([{ type: 'local.reset' }], play(storedLog(asked), play([{ ...queued, clientId: 'c-2' }])));
    expect(state).toMatchObject({ lastSeq: 0, items: [], pending: [{ clientId: 'c-2' }] });
    expect(isEmpty(state)).toBe(false);
    expect(isEmpty(play([{ type: 'local.discarded', clientId: 'c-2' }], state))).toBe(true);
  });
});

describe('hand-over', () => {
  const changed = (state: string, name: string | null = null) => ({ type: 'handover.changed', state, agent_name: name, text: 'Text' });

  it('is asked for until the server answers', () => {
    const asking = play([{ type: 'local.handover' }]);
    expect(asking.handoverAsked).toBe(true);
    expect(play(storedLog(changed('waiting')), asking)).toMatchObject({ handoverAsked: false, speaker: 'waiting' });
  });

  it('notes each change once', () => {
    const state = play(storedLog(changed('waiting'), changed('waiting'), changed('agent', 'Ben'), changed('bot')));
    expect(state.items).toHaveLength(3);
    expect(state).toMatchObject({ speaker: 'bot', agentName: null });
  });

  it('may be asked for again after an error', () => {
    const error: Action = { seq: 0, type: 'error', at: AT, code: 'busy', text: 'Busy.', client_id: null, run_id: null, retryable: true };
    expect(play([{ type: 'local.handover' }, error, error])).toMatchObject({ handoverAsked: false, items: [{ kind: 'notice' }] });
  });

  it('shows typing until the agent has written', () => {
    const typing: Action = { seq: 0, type: 'agent.typing', at: AT, agent_name: 'Ben' };
    const wrote = { type: 'message.created', message: message({ id: 'm-3', author: 'agent', agent_name: 'Ben' }) };
    expect(play([typing]).typing).toBe('Ben');
    expect(play(storedLog(wrote), play([typing])).typing).toBeNull();
    expect(play([typing, { type: 'local.typing_ended' }]).typing).toBeNull();
  });
});

describe('unread messages', () => {
  it('are the finished ones from the other side', () => {
    const wrote = { type: 'message.created', message: message({ id: 'm-3', author: 'agent' }) };
    const state = play(storedLog(asked, started, completed(), wrote));
    expect(unreadCount(state, 0)).toBe(2);
    expect(unreadCount(state, 3)).toBe(1);
    expect(unreadCount(play(storedLog(asked, started, sentence(0, 'One.'))), 0)).toBe(0);
  });
});

describe('feedback', () => {
  it('is remembered for its message', () => {
    expect(play([{ type: 'local.feedback', messageId: 'm-2', value: 'up' }]).feedback).toEqual({ 'm-2': 'up' });
  });
});

describe('a run that starts again', () => {
  it('moves below the message that joined its question', () => {
    const log = storedLog(
      { type: 'message.created', message: message({ id: 'a' }) },
      { type: 'run.started', run_id: 'r', message_id: 'a' },
      { type: 'message.created', message: message({ id: 'b' }) },
      { type: 'run.started', run_id: 'r', message_id: 'b' },
    );
    expect(play(log).items.map((item) => item.key)).toEqual(['message:a', 'message:b', 'run:r']);
  });

  it('goes when the conversation is closed', () => {
    const log = storedLog(
      { type: 'run.started', run_id: 'r', message_id: 'a' },
      { type: 'answer.replaced', run_id: 'r', reason: 'closed' },
      { type: 'conversation.closed', by: 'customer', text: 'Ended.' },
    );
    expect(play(log).items.map((item) => item.kind)).toEqual(['notice']);
  });
});
