// Sentences with the numbers of their citations, and the list of the sources behind them.
import type { Citation, Form, Sentence } from '../contract';
import { strings } from '../strings';
import { button, el, setAttribute } from './dom';
import type { Attributes, Child } from './dom';
import { inline, isRow, tableFrame, tableRow } from './markdown';
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

/** What a sentence is drawn as. Rows of a table come one by one; a row on its own is a line like any other. */
type Shape = Form | 'head' | 'row';

const CONTAINERS: Readonly<Record<Shape, 'ul' | 'ol' | 'table' | null>> = { text: null, item: 'ul', step: 'ol', head: 'table', row: 'table' };

function shapesOf(sentences: readonly Sentence[]): readonly Shape[] {
  const rows = sentences.map(({ form, text }) => form === 'text' && isRow(text));
  return sentences.map(({ form }, index) => {
    if (rows[index] !== true) return form;
    if (rows[index - 1] === true) return 'row';
    return rows[index + 1] === true ? 'head' : form;
  });
}

/** The bubble of an answer: words run on, neighbours of one form share a list, and what stands is not drawn anew. */
export class SentencesView {
  readonly element = el('div', { class: 'bubble', dir: 'auto' });
  private drawn: { readonly key: string; readonly element: HTMLElement }[] = [];

  constructor(private readonly openSource: OpenSource) {}

  update(sentences: readonly Sentence[], live: boolean): void {
    const shapes = shapesOf(sentences);
    const keys = sentences.map((sentence, index) => `${shapes[index] ?? ''} ${JSON.stringify(sentence)}`);
    const same = keys.findIndex((key, index) => this.drawn[index]?.key !== key);
    const keep = same === -1 ? keys.length : same;
    for (const old of this.drawn.splice(keep)) this.remove(old.element);
    for (const [index, sentence] of sentences.entries()) {
      const key = keys[index];
      if (index < keep || key === undefined) continue;
      const shape = shapes[index] ?? sentence.form;
      const element = sentenceElement(sentence, shape, this.openSource, live);
      this.openFor(shape).append(element);
      this.drawn.push({ key, element });
    }
  }

  /** Where the next sentence goes: the list or table at the end, a new one, or the bubble itself. */
  private openFor(shape: Shape): HTMLElement {
    const tag = CONTAINERS[shape];
    if (tag === null) return this.element;
    const last = this.element.lastElementChild;
    const open = last?.classList.contains('table') ? last.firstElementChild : last;
    if (open instanceof HTMLElement && open.localName === tag && shape !== 'head') return open;
    const container = el(tag);
    this.element.append(container instanceof HTMLTableElement ? tableFrame(container) : container);
    return container;
  }

  private remove(element: HTMLElement): void {
    const container = element.parentElement;
    element.remove();
    if (container === null || container === this.element || container.childElementCount > 0) return;
    (container.closest('.table') ?? container).remove();
  }
}

function sentenceElement(sentence: Sentence, shape: Shape, openSource: OpenSource, live: boolean): HTMLElement {
  const isText = shape === 'text';
  const names = ['sentence', isText && OWN_LINE.test(sentence.text) ? 'own-line' : '', live ? 'appear' : ''];
  const cites = groupByNumber(sentence.citations).map((group) => citationButton(group, openSource));
  const text = sentence.text.trimEnd();
  const attributes = { class: names.join(' ').trim(), testid: 'sentence', value: shape === 'step' ? sentence.number : null };
  if (shape === 'head' || shape === 'row') return row(text, shape === 'head', cites, attributes);
  return el(isText ? 'span' : 'li', attributes, [...wordsWith(cites, text), ' ']);
}

/** A number must not stand alone on the next line; a very long last word must be able to break. */
function wordsWith(cites: readonly HTMLElement[], text: string): readonly Child[] {
  const nodes = inline(text);
  const last = nodes.at(-1);
  const cut = typeof last === 'string' ? last.search(/\S+$/) : -1;
  if (typeof last !== 'string' || cut === -1 || cites.length === 0 || last.length - cut > LONGEST_BOUND_WORD) return [...nodes, ...cites];
  return [...nodes.slice(0, -1), last.slice(0, cut), el('span', { class: 'bound' }, [last.slice(cut), ...cites])];
}

function row(text: string, isHead: boolean, cites: readonly HTMLElement[], attributes: Attributes): HTMLElement {
  const element = tableRow(text, isHead);
  element.lastElementChild?.append(...cites);
  for (const [name, value] of Object.entries(attributes)) setAttribute(element, name, value);
  return element;
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
