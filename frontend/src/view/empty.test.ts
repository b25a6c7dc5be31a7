// Greeting and suggestions come from attributes that a person types.
import { describe, expect, it } from 'vitest';
import { parseSuggestions, splitGreeting } from './empty';

describe('parseSuggestions', () => {
  it.each([
    [null, []],
    ['', []],
    ['One?| Two? |', ['One?', 'Two?']],
    ['["One | or two?", 3, ""]', ['One | or two?']],
    ['{"a":1}', ['{"a":1}']],
  ])('reads %j', (value, expected) => {
    expect(parseSuggestions(value)).toEqual(expected);
  });
});

const long = 'ask me about orders, delivery, returns, warranty and machines.';

describe('splitGreeting', () => {
  it.each([
    ['Hello! How can we help?', 'Hello! How can we help?', ''],
    [`Hello, welcome to 2.0. ${long}`, 'Hello, welcome to 2.0.', long],
    [`Hello, ${long}`, `Hello, ${long}`, ''],
    ['', '', ''],
  ])('%j', (greeting, first, rest) => {
    expect(splitGreeting(greeting)).toEqual([first, rest]);
  });
});
