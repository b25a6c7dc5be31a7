// Sentences with the numbers of their citations, and the list of the sources behind them.
import type { Citation, Sentence } from '../contract';
import { strings } from '../strings';
import type { Actions } from './actions';
import { button, el } from './dom';

const LONGEST_BOUND_WORD = 20;
// A sentence that is a list item or a table row stands on its own line.
const OWN_LINE = /^\s*(?:[-*+•|#]|\d{1,3}[.)])\s/;

/** The sentences with their sources numbered as a reader meets them: the wire numbers them by rank. */
export function numbered(sentences: readonly Sentence[]): readonly Sentence[] {
  const numbers = new Map<string, number>();
  const numberOf = ({ passage_id: id }: Citation): number => {
    const n = numbers.get(id) ?? numbers.size + 1;
    numbers.set(id, n);
    return n;
  };
  return sentences.map((sentence) => ({
    ...sentence,
    citations: sentence.citations.map((citation) => ({ ...citation, n: numberOf(citation) })),
  }));
}

export function sentenceElement(sentence: Sentence, actions: Actions, live: boolean): HTMLElement {
  const names = ['sentence', OWN_LINE.test(sentence.text) ? 'own-line' : '', live ? 'appear' : ''];
  const cites = groupByNumber(sentence.citations).map((group) => citationButton(group, actions));
  const text = sentence.text.trimEnd();
  const cut = text.search(/\S+$/);
  // A number must not stand alone on the next line; a very long last word must be able to break.
  const binds = cites.length > 0 && text.length - cut <= LONGEST_BOUND_WORD;
  const words = binds ? [text.slice(0, cut), el('span', { class: 'bound' }, [text.slice(cut), ...cites])] : [text, ...cites];
  return el('span', { class: names.join(' ').trim(), testid: 'sentence' }, [...words, ' ']);
}

function citationButton(group: readonly Citation[], actions: Actions): HTMLElement {
  const [first] = group;
  const n = first?.n ?? 0;
  const label = strings.citation(n, first?.title ?? '');
  const cite = button({ class: 'cite', testid: 'citation', 'aria-label': label, title: first?.title }, [el('span', {}, [String(n)])], () =>
    actions.openSource(group, cite),
  );
  return cite;
}

/** Every source once; null when there is none. */
export function sourceList(sentences: readonly Sentence[], actions: Actions): HTMLElement | null {
  const groups = groupByNumber(sentences.flatMap((sentence) => sentence.citations));
  if (groups.length === 0) return null;
  const items = groups.map((group) => el('li', {}, [sourceLink(group, actions)]));
  return el('div', { class: 'sources' }, [
    el('span', { class: 'sources-head' }, [strings.sourcesHeading]),
    el('ul', { 'aria-label': strings.sourcesHeading }, items),
  ]);
}

function sourceLink(group: readonly Citation[], actions: Actions): HTMLElement {
  const [first] = group;
  const link = button({ class: 'source-link', testid: 'source-link', title: first?.title }, [
    el('span', { class: 'source-number' }, [String(first?.n ?? '')]),
    el('span', { class: 'source-name', dir: 'auto' }, [first ? placeOf(first) : '']),
  ], () => actions.openSource(group, link));
  return link;
}

/** "Returns policy › Opened food · Page 2", as far as it is known. */
function placeOf(citation: Citation): string {
  const heading = citation.heading.at(-1);
  const place = heading === undefined || heading === citation.title ? citation.title : `${citation.title} › ${heading}`;
  return citation.page === null ? place : `${place} · ${strings.page(citation.page)}`;
}

/** The citations of each number together, in the order in which the numbers first appear. */
function groupByNumber(citations: readonly Citation[]): readonly (readonly Citation[])[] {
  const groups = new Map<number, Citation[]>();
  for (const citation of citations) {
    const group = groups.get(citation.n);
    if (group) group.push(citation);
    else groups.set(citation.n, [citation]);
  }
  return [...groups.values()];
}
