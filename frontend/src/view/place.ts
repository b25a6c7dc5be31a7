// What the sources of an answer are called, so that no two that a reader can tell apart read the same.
import type { Citation } from '../contract';
import * as format from '../format';
import { strings } from '../strings';
import { cellsOf, isRow } from './markdown';

const QUOTED = 40;

export interface Place {
  readonly title: string;
  /** "› Opened food · Page 2": where in the document, and what tells it from another source; empty when nothing is known. */
  readonly rest: string;
}

type Detail = (citation: Citation) => string;

// In this order, and only as many as are needed.
const DETAILS: readonly Detail[] = [
  ({ version }) => strings.version(version),
  ({ effective_from: from }) => (from === null ? '' : strings.effectiveFrom(format.calendarDate(from))),
  ({ updated_at: at }) => (at === '' ? '' : strings.updated(format.day(at))),
  ({ quote }) => (isRow(quote) ? (cellsOf(quote)[0] ?? '') : ''),
  ({ quote }) => `“${shortened(isRow(quote) ? cellsOf(quote).join(', ') : quote)}”`,
];

function shortened(quote: string): string {
  return quote.length > QUOTED ? `${quote.slice(0, QUOTED).trimEnd()}…` : quote;
}

export function placesOf(citations: readonly Citation[]): readonly Place[] {
  const rests = citations.map((citation) => inDocument(citation, false));
  const same = (at: number): readonly number[] =>
    citations.flatMap((other, index) => (other.title === citations[at]?.title && rests[index] === rests[at] ? [index] : []));

  const tellApart = (detail: Detail, place: (before: string, words: string) => string): void => {
    const twins = citations.map((_, at) => same(at));
    const before = [...rests];
    for (const [at, citation] of citations.entries()) {
      const words = new Set((twins[at] ?? []).flatMap((index) => citations[index] ?? []).map(detail));
      if (words.size > 1) rests[at] = place(before[at] ?? '', detail(citation));
    }
  };

  tellApart((citation) => inDocument(citation, true), (_, words) => words);
  for (const detail of DETAILS) tellApart(detail, (before, words) => [before, words].filter((each) => each !== '').join(' · '));
  return citations.map(({ title }, at) => ({ title, rest: rests[at] ?? '' }));
}

/** "› Opened food · Page 2": the last heading, or the `whole` path to it. */
function inDocument(citation: Citation, whole: boolean): string {
  // The title is often the first heading as well; it need not be read twice.
  const path = citation.heading.filter((each, index) => index > 0 || each !== citation.title);
  const heading = (whole ? path : path.slice(-1)).map((each) => `› ${each}`).join(' ');
  return [heading, citation.page === null ? '' : strings.page(citation.page)].filter((each) => each !== '').join(' · ');
}
