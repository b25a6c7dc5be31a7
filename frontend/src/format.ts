// Dates in the visitor's zone and the widget's language.
import { dateTag, strings } from './strings';

function format(iso: string, options: Intl.DateTimeFormatOptions): string {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? '' : new Intl.DateTimeFormat(dateTag(), options).format(date);
}

/** `2026-03-01` → "1 March 2026". A calendar date has no zone, so it must not shift by one west of Greenwich. */
export function calendarDate(date: string): string {
  return format(`${date.slice(0, 10)}T00:00:00Z`, { dateStyle: 'long', timeZone: 'UTC' });
}

export function day(iso: string): string {
  return format(iso, { dateStyle: 'long' });
}

export function time(iso: string): string {
  return format(iso, { timeStyle: 'short' });
}

export function dateTime(iso: string): string {
  return format(iso, { dateStyle: 'long', timeStyle: 'short' });
}

/** A key that is equal for two moments of the same day in the visitor's zone. */
export function dayKey(iso: string): string {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? '' : `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
}

/** "Today", "Yesterday", or the date. */
export function dayLabel(iso: string, now: Date = new Date()): string {
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  const key = dayKey(iso);
  if (key === dayKey(now.toISOString())) return strings.today;
  if (key === dayKey(yesterday.toISOString())) return strings.yesterday;
  return day(iso);
}
