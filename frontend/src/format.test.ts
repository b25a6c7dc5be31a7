// Dates must not shift with the zone, and an unreadable date must not throw.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as format from './format';
import { en } from './locales/en';
import { speak } from './strings';

const zone = process.env.TZ;

describe('dates', () => {
  beforeEach(() => {
    speak('en-GB', en);
    process.env.TZ = 'America/Los_Angeles';
  });
  afterEach(() => {
    process.env.TZ = zone;
  });

  it('keeps a calendar date on its day west of Greenwich', () => {
    expect(format.calendarDate('2026-03-01')).toBe('1 March 2026');
  });

  it('shows a moment in the zone of the visitor', () => {
    expect(format.day('2026-03-01T02:00:00Z')).toBe('28 February 2026');
    expect(format.dayKey('2026-03-01T02:00:00Z')).toBe('2026-2-28');
  });

  it('names today and yesterday', () => {
    const now = new Date('2026-03-02T20:00:00Z');
    expect(format.dayLabel('2026-03-02T19:00:00Z', now)).toBe('Today');
    expect(format.dayLabel('2026-03-01T19:00:00Z', now)).toBe('Yesterday');
    expect(format.dayLabel('2026-02-20T19:00:00Z', now)).toBe('20 February 2026');
  });

  it('gives nothing for what is no date', () => {
    expect(format.time('soon')).toBe('');
  });

  it('writes dates as the language does', () => {
    speak('de-AT', en);
    expect(format.calendarDate('2026-01-01')).toBe('1. Jänner 2026');
  });
});
