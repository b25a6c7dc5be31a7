// Suggestions come from an attribute that a person types.
import { describe, expect, it } from 'vitest';
import { parseSuggestions } from './empty';

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
