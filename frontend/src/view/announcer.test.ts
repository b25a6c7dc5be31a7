// A screen reader hears each sentence once.
import { describe, expect, it } from 'vitest';
import { reduce } from '../reducer';
import { initialState } from '../state';
import { events, storedLog } from '../testing/contract';
import { Announcer, announcements } from './announcer';

describe('announcements', () => {
  it('speaks the contract once, without the visitor’s own words', () => {
    let state = initialState;
    const spoken = events.flatMap((event) => {
      const before = state;
      state = reduce(state, event);
      return announcements(before, state);
    });
    expect(spoken).toEqual([
      'Searching the documents',
      'Opened food cannot be returned.',
      'Starting the answer again…',
      'Sealed food can be returned within 14 days.',
      'You asked for a person. A colleague will reply here.',
      'Ben: Hello, I have read your question.',
      'Sorry, that did not work. Please ask again, or talk to a person.',
      'The assistant is answering again',
      'Sorry about that.',
      'Express: £6.95, next working day',
      '1. Choose Express at the checkout.',
      'When did you place the order?',
      'Suggestions: Before 1 March 2026; Since 1 March 2026',
      'You ended this conversation. Write again if you need more help.',
      'How did we do?',
      'You gave us 5 of 5. Thank you.',
      'Replies also go to a…@example.com',
      'Please shorten your message to 4,000 characters.',
    ]);
  });

  it('is the same when events arrive in one burst, less what was taken back', () => {
    const state = events.reduce(reduce, initialState);
    expect(announcements(initialState, state)).not.toContain('Opened food cannot be returned.');
    expect(announcements(state, state)).toEqual([]);
  });

  it('counts steps on where the server gives no number', () => {
    const step = (index: number, number: number | null) => ({ type: 'answer.sentence', run_id: 'r', index, text: 'Do it.', form: 'step', number, citations: [] });
    const state = storedLog({ type: 'run.started', run_id: 'r', message_id: 'm' }, step(0, 3), step(1, null), step(2, null)).reduce(reduce, initialState);
    expect(announcements(initialState, state)).toEqual(['3. Do it.', '4. Do it.', '5. Do it.']);
  });

  it('tells of a message that failed', () => {
    const queued = reduce(initialState, { type: 'local.queued', clientId: 'c', text: 'Hi', at: '' });
    const failed = reduce(queued, { type: 'local.failed', clientId: 'c', text: 'Too long.', retryable: false });
    expect(announcements(queued, failed)).toEqual(['Too long.']);
  });
});

describe('Announcer', () => {
  it('keeps all that was said at once, however much', () => {
    const announcer = new Announcer();
    announcer.say(Array.from({ length: 20 }, (_, index) => String(index)));
    expect(announcer.element.childElementCount).toBe(20);
  });

  it('keeps only the last lines', () => {
    const announcer = new Announcer();
    for (const line of 'abcdefghijklmn') announcer.say([line]);
    expect(announcer.element.textContent).toBe('cdefghijklmn');
    expect(announcer.element.getAttribute('aria-live')).toBe('polite');
  });
});
