import { describe, expect, it } from 'vitest';
import type { Citation } from '../contract';
import { citation } from '../testing/contract';
import { placesOf } from './place';

const BASE: Partial<Citation> = { title: 'Returns', heading: ['Returns', 'Food'], page: 2, version: 3, effective_from: null, quote: 'No.' };
const named = (...changes: readonly Partial<Citation>[]): readonly string[] =>
  placesOf(changes.map((each) => citation({ ...BASE, ...each }))).map(({ title, rest }) => `${title} ${rest}`.trim());

describe('the names of sources', () => {
  it('are title, last heading and page, as far as they are known', () => {
    expect(named({})).toEqual(['Returns › Food · Page 2']);
    expect(named({ heading: ['Rules', 'Food'], page: null })).toEqual(['Returns › Food']);
    expect(named({ heading: ['Returns'], page: null })).toEqual(['Returns']);
  });

  it.each<[string, Partial<Citation>, Partial<Citation>, readonly string[]]>([
    ['the heading', { heading: ['Shop', 'Food'] }, { heading: ['Online', 'Food'] }, ['Returns › Shop › Food · Page 2', 'Returns › Online › Food · Page 2']],
    ['the page', { page: 2 }, { page: 4 }, ['Returns › Food · Page 2', 'Returns › Food · Page 4']],
    ['the version', { version: 3 }, { version: 4 }, ['Returns › Food · Page 2 · Version 3', 'Returns › Food · Page 2 · Version 4']],
    ['the words', { quote: 'Opened coffee stays.' }, { quote: 'Sealed coffee goes back.' }, ['Returns › Food · Page 2 · “Opened coffee stays.”', 'Returns › Food · Page 2 · “Sealed coffee goes back.”']],
  ])('say what differs when they would read the same: %s', (_, first, second, names) => {
    expect(named(first, second)).toEqual(names);
  });

  it('name table rows by their first cell, or as they are read', () => {
    const [express, standard] = ['| Express | £6.95 | next day |', '| Standard | £3.50 | |'];
    expect(named({ quote: express }, { quote: standard })).toEqual(['Returns › Food · Page 2 · Express', 'Returns › Food · Page 2 · Standard']);
    expect(named({ quote: express }, { quote: '| Express | £9 |' })[1]).toBe('Returns › Food · Page 2 · “Express, £9”');
  });

  it('say from when each is in effect', () => {
    const [first, second] = named({ effective_from: '2026-01-01' }, { effective_from: '2026-03-01' });
    expect(first).toContain('in effect from');
    expect(first).not.toBe(second);
  });

  it('say no more than is needed, and only where it is needed', () => {
    expect(named({}, { version: 4, quote: 'Yes.' }, { title: 'Shipping', version: 5 })).toEqual([
      'Returns › Food · Page 2 · Version 3',
      'Returns › Food · Page 2 · Version 4',
      'Shipping › Food · Page 2',
    ]);
  });

  it('of two pairs each are told apart', () => {
    const names = named({ version: 1, quote: 'a' }, { version: 1, quote: 'b' }, { version: 2, quote: 'a' }, { version: 2, quote: 'b' });
    expect(new Set(names).size).toBe(4);
  });

  it('shorten a long quote', () => {
    const [first] = named({ quote: 'x'.repeat(90) }, { quote: 'y' });
    expect(first).toContain(`“${'x'.repeat(40)}…”`);
  });
});
