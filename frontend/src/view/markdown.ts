// A safe part of Markdown as elements: emphasis, code, lists, tables, quotes, and links to web addresses. No HTML, no
// images, and nothing that a page loads by itself. Text goes in as text nodes, so whatever is no Markdown stays as it is
// written.
import { strings } from '../strings';
import { webAddress } from './address';
import { el } from './dom';
import type { Child } from './dom';

// Longer text is shown as it is: nobody writes it by hand.
const LONGEST = 20_000;
const DEEPEST = 4;

/** One pattern a kind, each bound to its place and in length, so that no text takes more than linear time. */
const PATTERNS = {
  escaped: /\\([\\`*_[\]{}()#+\-.!|~<>])/y,
  code: /(`{1,2})(?!`)([^\n]{1,500}?)(?<!`)\1(?!`)/y,
  link: /\[([^\]\n]{1,300})\]\(<?([^\s()<>]{1,2000}(?:\([^\s()<>]{0,200}\)[^\s()<>]{0,500})?)>?(?: "[^"\n]{0,200}")?\)/y,
  address: /https?:\/\/[^\s<>"`]{1,2000}/iy,
  strong: /(\*\*|__)(?=\S)([^\n]{1,1000}?\S?)(?<=\S)\1/y,
  emphasis: /([*_])(?=[^\s*_])([^\n*_]{1,500}?)(?<=\S)\1(?![\p{L}\p{N}])/uy,
} as const;

type Kind = keyof typeof PATTERNS;

const BEGINS: Readonly<Record<string, readonly Kind[]>> = {
  '\\': ['escaped'],
  '`': ['code'],
  '[': ['link'],
  h: ['address'],
  H: ['address'],
  '*': ['strong', 'emphasis'],
  _: ['strong', 'emphasis'],
};

/** A line, or a sentence, as nodes. */
export function inline(text: string, depth = 0): readonly Child[] {
  if (depth > DEEPEST || text.length > LONGEST) return [text];
  const nodes: Child[] = [];
  let plain = '';
  let at = 0;
  while (at < text.length) {
    const found = match(text, at, depth);
    if (found === null) {
      plain += text.charAt(at);
      at += 1;
      continue;
    }
    at += found.length;
    if (typeof found.node === 'string') plain += found.node;
    else {
      if (plain !== '') nodes.push(plain);
      nodes.push(found.node);
      plain = '';
    }
  }
  if (plain !== '') nodes.push(plain);
  return nodes;
}

interface Found {
  readonly node: Child;
  readonly length: number;
}

function match(text: string, at: number, depth: number): Found | null {
  const kinds = BEGINS[text.charAt(at)];
  // A sign inside a word is no sign: snake_case, 2*3*4, and "xhttps".
  const before = at === 0 ? '' : text.charAt(at - 1);
  for (const kind of kinds ?? []) {
    if (/[\p{L}\p{N}]/u.test(before) && kind !== 'escaped' && kind !== 'code' && kind !== 'link' && !(kind === 'strong' && text.charAt(at) === '*')) continue;
    const pattern = PATTERNS[kind];
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    const drawn = found && draw(kind, found, depth);
    if (drawn) return drawn;
  }
  return null;
}

function draw(kind: Kind, found: RegExpExecArray, depth: number): Found | null {
  const [whole, first = '', second = ''] = found;
  switch (kind) {
    case 'escaped':
      return { node: first, length: whole.length };
    case 'code':
      return { node: el('code', { dir: 'ltr' }, [second.trim() === '' ? second : second.trim()]), length: whole.length };
    case 'link':
      return linkTo(second, first, whole.length);
    case 'address': {
      const address = trimmed(whole);
      return linkTo(address, address, address.length);
    }
    case 'strong':
      return { node: el('strong', {}, inline(second, depth + 1)), length: whole.length };
    case 'emphasis':
      return { node: el('em', {}, inline(second, depth + 1)), length: whole.length };
  }
}

/** A full stop or a bracket behind an address belongs to the sentence around it. */
function trimmed(address: string): string {
  const bare = address.replace(/[.,;:!?'"*_…。、]+$/u, '');
  const closed = bare.endsWith(')') && !bare.includes('(') ? bare.slice(0, -1) : bare;
  return closed === address ? address : trimmed(closed);
}

/** Null where it leads to no web address: then the text stays as it is written. */
function linkTo(target: string, label: string, length: number): Found | null {
  const url = /^https?:\/\//i.test(target) ? webAddress(target) : null;
  if (url === null || new URL(url).username !== '') return null;
  // Words that look like another address than the one they lead to would deceive.
  const shown = looksElsewhere(label, new URL(url).host) ? url : label;
  const attributes = { class: 'link', href: url, title: url, target: '_blank', rel: 'noopener noreferrer nofollow', testid: 'link' };
  return { node: el('a', attributes, [shown]), length };
}

function looksElsewhere(label: string, host: string): boolean {
  const named = /(?:^|[\s/@])((?:[\p{L}\p{N}-]+\.)+\p{L}{2,})/u.exec(label)?.[1]?.toLowerCase();
  return named !== undefined && named.replace(/^www\./, '') !== host.replace(/^www\./, '').replace(/:\d+$/, '');
}

const FENCE = /^\s{0,3}(```+|~~~+)/;
const ITEM = /^(\s*)(?:[-*+•]|(\d{1,3})[.)])\s+(?=\S)/;
const HEADING = /^\s{0,3}#{1,6}\s+(?=\S)/;
const QUOTE = /^\s{0,3}> ?/;
const ROW = /^\s*\|.*\|\s*$/;
const RULE = /^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/;

/** Whether a text is more than one run of words. */
export function hasBlocks(text: string): boolean {
  return text.length <= LONGEST && text.split('\n').some((line) => [FENCE, ITEM, HEADING, QUOTE, ROW].some((each) => each.test(line)));
}

/** A whole message as elements. */
export function blocks(text: string): readonly Child[] {
  if (!hasBlocks(text)) return inline(text);
  return new Reader(text.split('\n')).read();
}

/** Reads lines from the first to the last. A quote within quotes is read by another one. */
class Reader {
  private at = 0;

  constructor(
    private readonly lines: readonly string[],
    private readonly depth = 0,
  ) {}

  read(): readonly Child[] {
    const parts: Child[] = [];
    while (this.at < this.lines.length) {
      if (this.line.trim() === '') this.at += 1;
      else parts.push(this.block());
    }
    return parts;
  }

  private get line(): string {
    return this.lines[this.at] ?? '';
  }

  private block(): HTMLElement {
    if (FENCE.test(this.line)) return this.fence();
    if (this.isTable()) return this.table();
    if (ITEM.test(this.line)) return this.list(0);
    if (HEADING.test(this.line)) return el('p', { class: 'md-heading' }, [el('strong', {}, inline(this.take().replace(HEADING, '')))]);
    if (QUOTE.test(this.line) && this.depth < DEEPEST) return this.quote();
    return this.paragraph();
  }

  private take(): string {
    this.at += 1;
    return this.lines[this.at - 1] ?? '';
  }

  private fence(): HTMLElement {
    const mark = FENCE.exec(this.take())?.[1] ?? '';
    const code: string[] = [];
    while (this.at < this.lines.length && !this.line.trim().startsWith(mark)) code.push(this.take());
    this.at += 1;
    return el('pre', { dir: 'ltr', tabindex: 0 }, [el('code', {}, [code.join('\n')])]);
  }

  private isTable(): boolean {
    return ROW.test(this.line) || (this.line.includes('|') && RULE.test(this.lines[this.at + 1] ?? '') && (this.lines[this.at + 1] ?? '').includes('-'));
  }

  private table(): HTMLElement {
    const table = el('table');
    const hasHead = RULE.test(this.lines[this.at + 1] ?? '');
    for (let row = 0; this.line.includes('|'); row += 1) {
      const line = this.take();
      if (!RULE.test(line)) table.append(tableRow(line, hasHead && row === 0));
    }
    return tableFrame(table);
  }

  private list(depth: number): HTMLElement {
    const [, indent = '', start] = ITEM.exec(this.line) ?? [];
    const list = start === undefined ? el('ul') : el('ol', { start: Number(start) });
    for (let found = ITEM.exec(this.line); found && this.belongs(found, indent.length, start !== undefined); found = ITEM.exec(this.line)) {
      const item = el('li', {}, inline(this.take().slice(found[0].length)));
      this.goOn(item, indent.length, depth);
      list.append(item);
    }
    return list;
  }

  private belongs([, indent = '', start]: RegExpExecArray, width: number, ordered: boolean): boolean {
    return indent.length >= width && indent.length < width + 2 && (start !== undefined) === ordered;
  }

  /** Lines below an item that are indented further, and the lists in it. */
  private goOn(item: HTMLElement, width: number, depth: number): void {
    for (;;) {
      const inner = ITEM.exec(this.line);
      if (inner && (inner[1] ?? '').length >= width + 2 && depth < DEEPEST) item.append(this.list(depth + 1));
      else if (!inner && /^\s+\S/.test(this.line)) item.append('\n', ...inline(this.take().trim()));
      else return;
    }
  }

  private quote(): HTMLElement {
    const inner: string[] = [];
    while (QUOTE.test(this.line)) inner.push(this.take().replace(QUOTE, ''));
    return el('blockquote', {}, new Reader(inner, this.depth + 1).read());
  }

  private paragraph(): HTMLElement {
    const lines = [this.take()];
    while (this.line.trim() !== '' && !hasBlocks(this.line) && !this.isTable()) lines.push(this.take());
    return el('p', {}, inline(lines.join('\n')));
  }
}

export const isRow = (text: string): boolean => ROW.test(text) && !text.trim().includes('\n');
export const isRule = (text: string): boolean => RULE.test(text) && text.includes('|');

/** The cells of a row; a pipe within a cell is written \|. */
export function cellsOf(line: string): readonly string[] {
  return line.trim().replace(/^\||(?<!\\)\|$/g, '').split(/(?<!\\)\|/).map((cell) => cell.trim());
}

export function tableRow(line: string, isHead: boolean): HTMLElement {
  return el('tr', {}, cellsOf(line).map((cell) => el(isHead ? 'th' : 'td', isHead ? { scope: 'col' } : {}, inline(cell))));
}

/** A wide table scrolls by itself, also by key. */
export function tableFrame(table: HTMLElement): HTMLElement {
  return el('div', { class: 'table', tabindex: 0, role: 'region', 'aria-label': strings.table }, [table]);
}

/** The words alone, as they are spoken. */
export function plainText(text: string): string {
  if (!/[`*_[\\|#>]/.test(text)) return text;
  const holder = el('div', {}, blocks(text));
  for (const cell of holder.querySelectorAll('td, th')) if (cell.nextElementSibling) cell.append(', ');
  for (const part of holder.querySelectorAll('p, li, tr, pre')) part.append(' ');
  return holder.textContent.replace(/[ \t]+/g, ' ').trim();
}
