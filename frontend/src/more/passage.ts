// A passage as a person reads it: tables as tables, lists as lists, the quoted words marked, and the cells that count
// marked more strongly.
// Every piece remembers where it stood in the passage, so that a quote may run across cells, items and lines.
import { strings } from '../strings';
import { el } from '../view/dom';

/** A stretch of the passage, end exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

interface Line extends Span {
  readonly text: string;
}

const LIST_ITEM = /^\s*(?:[-*+•]|\d{1,3}[.)])\s+/;
const ORDERED = /^\s*\d/;
const HEADING = /^\s*#{1,6}\s+/;
const TABLE_RULE = /^\s*\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?\s*$/;
const TABLE_ROW = /^\s*\|.*\|\s*$/;

/** Where the quote stands: exact; else with any white space; else without Markdown signs and case. Null if nowhere. */
export function findQuote(passage: string, quote: string): Span | null {
  const wanted = quote.trim();
  if (wanted === '') return null;
  const exact = passage.indexOf(wanted);
  if (exact >= 0) return { start: exact, end: exact + wanted.length };
  return findLoosely(passage, wanted, /\s/) ?? findLoosely(passage, wanted, /[\s|*_`#>\-•:]/);
}

/** Compares with the characters of `skip` left out, and maps the place back to the passage as it is. */
function findLoosely(passage: string, quote: string, skip: RegExp): Span | null {
  const places: number[] = [];
  let plain = '';
  for (let i = 0; i < passage.length; i++) {
    const char = passage.charAt(i);
    if (skip.test(char)) continue;
    places.push(i);
    // Lower-casing may change the length ("İ"), which would shift every later place.
    plain += char.toLowerCase().length === 1 ? char.toLowerCase() : char;
  }
  const wanted = quote.replace(new RegExp(skip, 'g'), '').toLowerCase();
  const at = wanted === '' ? -1 : plain.indexOf(wanted);
  const start = places[at];
  const last = places[at + wanted.length - 1];
  return start === undefined || last === undefined ? null : { start, end: last + 1 };
}

/** Where the cells stand in the quoted row, each at most once. A cell that is only like one of the row is left out. */
export function findCells(passage: string, quote: Span, cells: readonly string[]): readonly Span[] {
  const row = linesOf(passage.slice(quote.start, quote.end), quote.start).flatMap(cellsOf);
  return cells.flatMap((cell) => {
    const at = row.findIndex((span) => plainCell(passage.slice(span.start, span.end)) === plainCell(cell));
    return at === -1 ? [] : row.splice(at, 1);
  });
}

/** A cell without Markdown signs, with white space made even. */
function plainCell(cell: string): string {
  return unescapePipes(cell).replace(/[*_`]/g, '').replace(/\s+/g, ' ').trim();
}

function unescapePipes(text: string): string {
  return text.replace(/\\\|/g, '|');
}

/** The passage as elements, with the given spans marked; `cells` are spans within those. */
export function renderPassage(passage: string, marked: readonly Span[], cells: readonly Span[] = []): HTMLElement {
  const writer = new PassageWriter(passage, marked, cells);
  return writer.write();
}

class PassageWriter {
  private readonly root = el('div', { class: 'passage', dir: 'auto' });
  private readonly lines: readonly Line[];
  private next = 0;
  private hasMark = false;

  constructor(
    private readonly passage: string,
    private readonly marked: readonly Span[],
    private readonly cells: readonly Span[],
  ) {
    this.lines = linesOf(passage);
  }

  write(): HTMLElement {
    for (let line = this.peek(); line; line = this.peek()) {
      if (line.text.trim() === '') this.next += 1;
      else if (this.atTable(line)) this.writeTable();
      else if (LIST_ITEM.test(line.text)) this.writeList(ORDERED.test(line.text));
      else if (HEADING.test(line.text)) this.writeHeading(line);
      else this.writeParagraph();
    }
    return this.root;
  }

  private peek(ahead = 0): Line | undefined {
    return this.lines[this.next + ahead];
  }

  private atTable(line: Line): boolean {
    const under = this.peek(1)?.text ?? '';
    return TABLE_ROW.test(line.text) || (line.text.includes('|') && under.includes('-') && TABLE_RULE.test(under));
  }

  private writeTable(): void {
    const table = el('table');
    const hasHead = TABLE_RULE.test(this.peek(1)?.text ?? '');
    for (let row = 0, line = this.peek(); line?.text.includes('|'); row++, line = this.peek()) {
      this.next += 1;
      if (!TABLE_RULE.test(line.text)) table.append(this.row(line, hasHead && row === 0 ? 'th' : 'td'));
    }
    this.root.append(el('div', { class: 'table', tabindex: 0, role: 'region', 'aria-label': strings.table }, [table]));
  }

  private row(line: Line, tag: 'th' | 'td'): HTMLElement {
    const cells = cellsOf(line).map((cell) => {
      const element = el(tag, tag === 'th' ? { scope: 'col' } : {});
      this.writeText(element, cell);
      return element;
    });
    return el('tr', {}, cells);
  }

  private writeList(ordered: boolean): void {
    const first = /\d+/.exec(this.peek()?.text ?? '');
    const list = ordered ? el('ol', { start: first?.[0] }) : el('ul');
    for (let line = this.peek(); line && LIST_ITEM.test(line.text); line = this.peek()) {
      this.next += 1;
      let end = line.end;
      // Indented lines below an item belong to it.
      for (let more = this.peek(); more && /^\s+\S/.test(more.text) && !LIST_ITEM.test(more.text); more = this.peek()) {
        end = more.end;
        this.next += 1;
      }
      const item = el('li');
      this.writeText(item, { start: line.start + (LIST_ITEM.exec(line.text)?.[0].length ?? 0), end });
      list.append(item);
    }
    this.root.append(list);
  }

  private writeHeading(line: Line): void {
    this.next += 1;
    const heading = el('p', { class: 'passage-heading' });
    this.writeText(heading, { start: line.start + (HEADING.exec(line.text)?.[0].length ?? 0), end: line.end });
    this.root.append(heading);
  }

  private writeParagraph(): void {
    const start = this.peek()?.start ?? 0;
    let end = start;
    for (let line = this.peek(); line && this.continuesParagraph(line, start); line = this.peek()) {
      end = line.end;
      this.next += 1;
    }
    const paragraph = el('p');
    this.writeText(paragraph, { start, end });
    this.root.append(paragraph);
  }

  private continuesParagraph(line: Line, start: number): boolean {
    if (line.start === start) return true;
    return line.text.trim() !== '' && !LIST_ITEM.test(line.text) && !HEADING.test(line.text) && !this.atTable(line);
  }

  /** Text with **strong** words and marks; everything else stays as it is written. */
  private writeText(parent: HTMLElement, span: Span): void {
    const text = this.passage.slice(span.start, span.end);
    let done = 0;
    for (const match of text.matchAll(/\*\*(\S(?:[^*]*\S)?)\*\*/g)) {
      this.writeMarked(parent, { start: span.start + done, end: span.start + match.index });
      const strong = el('strong');
      const inside = span.start + match.index + 2;
      this.writeMarked(strong, { start: inside, end: inside + (match[1] ?? '').length });
      parent.append(strong);
      done = match.index + match[0].length;
    }
    this.writeMarked(parent, { start: span.start + done, end: span.end });
  }

  private writeMarked(parent: HTMLElement, span: Span): void {
    let at = span.start;
    for (const mark of this.marked) {
      const start = Math.max(at, mark.start);
      const end = Math.min(span.end, mark.end);
      if (start >= end) continue;
      parent.append(this.textOf({ start: at, end: start }), this.mark({ start, end }));
      at = end;
    }
    parent.append(this.textOf({ start: at, end: span.end }));
  }

  private mark(span: Span): HTMLElement {
    // Text is written cell by cell, so a mark lies in one cell or in none.
    const inCell = this.cells.some((cell) => cell.start <= span.start && span.end <= cell.end);
    const mark = el('mark', { class: inCell ? 'cell' : null, testid: this.hasMark ? null : 'source-quote' }, [this.textOf(span)]);
    this.hasMark = true;
    return mark;
  }

  private textOf(span: Span): string {
    return unescapePipes(this.passage.slice(span.start, span.end));
  }
}

function linesOf(text: string, from = 0): readonly Line[] {
  let start = from;
  return text.split('\n').map((raw) => {
    const line = { text: raw, start, end: start + raw.length };
    start += raw.length + 1;
    return line;
  });
}

/** The trimmed cells of a table row, each with its place in the passage. */
function cellsOf(line: Line): readonly Span[] {
  // A pipe within a cell is written \|; it parts no cells. The place holder keeps places as they are.
  const row = line.text.replace(/\\\|/g, '##');
  const cells: Span[] = [];
  let start = 0;
  for (const raw of row.split('|')) {
    const lead = raw.length - raw.trimStart().length;
    const from = line.start + start + lead;
    cells.push({ start: from, end: from + raw.trim().length });
    start += raw.length + 1;
  }
  const text = row.trim();
  return cells.slice(text.startsWith('|') ? 1 : 0, text.endsWith('|') ? -1 : undefined);
}
