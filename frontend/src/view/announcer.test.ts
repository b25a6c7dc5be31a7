// A screen reader hears each sentence once.
import { describe, expect, it } from 'vitest';
import { reduce } from '../reducer';
import { initialState } from '../state';
import { events } from '../testing/contract';
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
      'You asked for a person',
      'Ben: Hello, I have read your question.',
      'Sorry, that did not work. Please ask again, or talk to a person.',
      'Please shorten your message to 4,000 characters.',
    ]);
  });

  it('is the same when events arrive in one burst, less what was taken back', () => {
    const state = events.reduce(reduce, initialState);
    expect(announcements(initialState, state)).not.toContain('Opened food cannot be returned.');
    expect(announcements(state, state)).toEqual([]);
  });

  it('tells of a message that failed', () => {
    const queued = reduce(initialState, { type: 'local.queued', clientId: 'c', text: 'Hi', at: '' });
    const failed = reduce(queued, { type: 'local.failed', clientId: 'c', text: 'Too long.', retryable: false });
    expect(announcements(queued, failed)).toEqual(['Too long.']);
  });
});

describe('Announcer', () => {
  it('keeps only the last lines', () => {
    const announcer = new Announcer();
    announcer.say(['1', '2', '3', '4', '5', '6', '7', '8']);
    expect(announcer.element.textContent).toBe('345678');
    expect(announcer.element.getAttribute('aria-live')).toBe('polite');
  });
});
