// Sentences with the numbers of their citations, and the list of the sources behind them.
import type { Citation, Form, Sentence } from '../contract';
import { strings } from '../strings';
import { button, el } from './dom';
import { placesOf } from './place';
import type { Place } from './place';

/** Shows the source of citations of one passage; focus goes back to the opener. */
export type OpenSource = (citations: readonly Citation[], opener: HTMLElement) => void;

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

const LISTS: Readonly<Record<Form, 'ul' | 'ol' | null>> = { text: null, item: 'ul', step: 'ol' };

/** The bubble of an answer: words run on, neighbours of one form share a list, and what stands is not drawn anew. */
export class SentencesView {
  readonly element = el('div', { class: 'bubble', dir: 'auto' });
  private drawn: { readonly key: string; readonly element: HTMLElement }[] = [];

  constructor(private readonly openSource: OpenSource) {}

  update(sentences: readonly Sentence[], live: boolean): void {
    const keys = sentences.map((sentence) => JSON.stringify(sentence));
    const same = keys.findIndex((key, index) => this.drawn[index]?.key !== key);
    const keep = same === -1 ? keys.length : same;
    for (const old of this.drawn.splice(keep)) this.remove(old.element);
    for (const [index, sentence] of sentences.entries()) {
      const key = keys[index];
      if (index < keep || key === undefined) continue;
      const element = sentenceElement(sentence, this.openSource, live);
      this.openFor(sentence.form).append(element);
      this.drawn.push({ key, element });
    }
  }

  /** Where the next sentence of this form goes: the list at the end, a new list, or the bubble itself. */
  private openFor(form: Form): HTMLElement {
    const tag = LISTS[form];
    if (tag === null) return this.element;
    const last = this.element.lastElementChild;
    if (last instanceof HTMLElement && last.localName === tag) return last;
    const list = el(tag);
    this.element.append(list);
    return list;
  }

  private remove(element: HTMLElement): void {
    const list = element.parentElement;
    element.remove();
    if (list !== this.element && list?.childElementCount === 0) list.remove();
  }
}

function sentenceElement(sentence: Sentence, openSource: OpenSource, live: boolean): HTMLElement {
  const isText = sentence.form === 'text';
  const names = ['sentence', isText && OWN_LINE.test(sentence.text) ? 'own-line' : '', live ? 'appear' : ''];
  const cites = groupByNumber(sentence.citations).map((group) => citationButton(group, openSource));
  const text = sentence.text.trimEnd();
  const cut = text.search(/\S+$/);
  // A number must not stand alone on the next line; a very long last word must be able to break.
  const binds = cites.length > 0 && text.length - cut <= LONGEST_BOUND_WORD;
  const words = binds ? [text.slice(0, cut), el('span', { class: 'bound' }, [text.slice(cut), ...cites])] : [text, ...cites];
  const attributes = { class: names.join(' ').trim(), testid: 'sentence', value: sentence.form === 'step' ? sentence.number : null };
  return el(isText ? 'span' : 'li', attributes, [...words, ' ']);
}

function citationButton(group: readonly Citation[], openSource: OpenSource): HTMLElement {
  const [first] = group;
  const n = first?.n ?? 0;
  const label = strings.citation(n, first?.title ?? '');
  const cite = button({ class: 'cite', testid: 'citation', 'aria-label': label, title: first?.title }, [el('span', {}, [String(n)])], () =>
    openSource(group, cite),
  );
  return cite;
}

/** Every source once; null when there is none. */
export function sourceList(sentences: readonly Sentence[], openSource: OpenSource): HTMLElement | null {
  const groups = groupByNumber(sentences.flatMap((sentence) => sentence.citations));
  if (groups.length === 0) return null;
  const places = placesOf(groups.flatMap(([first]) => first ?? []));
  const items = groups.map((group, index) => el('li', {}, [sourceLink(group, places[index], openSource)]));
  return el('div', { class: 'sources' }, [
    el('span', { class: 'sources-head' }, [strings.sourcesHeading]),
    el('ul', { 'aria-label': strings.sourcesHeading }, items),
  ]);
}

function sourceLink(group: readonly Citation[], place: Place | undefined, openSource: OpenSource): HTMLElement {
  const { title, rest } = place ?? { title: '', rest: '' };
  const link = button({ class: 'source-link', testid: 'source-link', title: `${title} ${rest}`.trim() }, [
    el('span', { class: 'source-number' }, [String(group[0]?.n ?? '')]),
    el('span', { class: 'source-name', dir: 'auto' }, [title]),
    ...(rest === '' ? [] : [' ', el('span', { class: 'source-rest', dir: 'auto' }, [rest])]),
  ], () => openSource(group, link));
  return link;
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
