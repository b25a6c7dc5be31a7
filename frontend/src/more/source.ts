// The source of a sentence: a dialog over the conversation with the passage and the quoted words in it.
import type { Citation } from '../contract';
import * as format from '../format';
import type { MoreWords } from '../locales/more/en';
import { strings } from '../strings';
import { webAddress } from '../view/address';
import { button, el, icon } from '../view/dom';
import { trapTab } from '../view/focus';
import { cellsOf, isRow } from '../view/markdown';
import { findCells, findQuote, renderPassage } from './passage';
import type { Span } from './passage';

export class SourceView {
  readonly element = el('div', { class: 'source-layer', hidden: true });
  private opener: HTMLElement | null = null;

  /** `onToggle` hears true when the dialog covers the conversation and false when it has gone. */
  constructor(
    private readonly words: MoreWords,
    private readonly onToggle: (open: boolean) => void,
  ) {
    this.element.addEventListener('click', (event) => {
      if (event.target === this.element) this.close();
    });
  }

  get isOpen(): boolean {
    return !this.element.hidden;
  }

  /** Shows the source; a passage that is still on its way stands there when it has come. */
  open(citations: readonly Citation[], opener: HTMLElement, passage: string | Promise<string>): void {
    const [first] = citations;
    if (!first) return;
    this.opener = opener;
    const body = typeof passage === 'string' ? passageParts(passage, citations) : waitingParts(citations);
    const dialog = this.dialog(first, citations, body);
    this.element.replaceChildren(dialog);
    this.element.hidden = false;
    this.onToggle(true);
    this.element.querySelector<HTMLElement>('[data-testid="source-close"]')?.focus({ preventScroll: true });
    showQuote(this.element);
    if (typeof passage !== 'string') void this.complete(dialog, citations, passage);
  }

  private async complete(dialog: HTMLElement, citations: readonly Citation[], passage: Promise<string>): Promise<void> {
    const parts = await passage.then((text) => passageParts(text, citations)).catch(() => null);
    // Another source may have been opened meanwhile, or none.
    if (!dialog.isConnected) return;
    if (parts === null) {
      const status = dialog.querySelector<HTMLElement>('.source-loading');
      if (status) status.textContent = strings.passageFailed;
      return;
    }
    dialog.querySelector('.source-passage')?.replaceChildren(...parts);
    showQuote(this.element);
  }

  close(): void {
    if (!this.isOpen) return;
    this.element.hidden = true;
    this.element.replaceChildren();
    this.onToggle(false);
    this.opener?.focus({ preventScroll: true });
    this.opener = null;
  }

  private dialog(citation: Citation, citations: readonly Citation[], body: readonly HTMLElement[]): HTMLElement {
    const close = button({ class: 'icon-button', testid: 'source-close', 'aria-label': strings.closeSource }, [icon('close')], () =>
      this.close(),
    );
    const dialog = el(
      'div',
      { class: 'source', role: 'dialog', 'aria-modal': 'true', 'aria-labelledby': 'source-title', 'aria-describedby': used(citations).length > 0 ? 'source-note' : null, testid: 'source' },
      [
        el('div', { class: 'source-head' }, [
          el('span', { class: 'source-number', 'aria-hidden': 'true' }, [String(citation.n)]),
          el('h2', { id: 'source-title', class: 'source-title', dir: 'auto' }, [citation.title]),
          close,
        ]),
        el('div', { class: 'source-body', tabindex: 0, role: 'region', 'aria-label': strings.source }, [
          ...placeLines(citation, this.words),
          el('div', { class: 'source-passage' }, body),
        ]),
      ],
    );
    dialog.addEventListener('keydown', (event) => trapTab(dialog, event));
    return dialog;
  }
}

/** Where in the document, and which version of it. */
function placeLines(citation: Citation, words: MoreWords): readonly HTMLElement[] {
  const lines: HTMLElement[] = [];
  // The title is often the first heading as well; it need not be read twice.
  const path = citation.heading.filter((each, index) => index > 0 || each !== citation.title);
  const place = [path.join(' › '), citation.page === null ? '' : strings.page(citation.page)].filter((each) => each !== '');
  if (place.length > 0) lines.push(el('p', { class: 'source-path', dir: 'auto' }, [place.join(' · ')]));
  lines.push(el('p', { class: 'source-version' }, [versionLine(citation)]));
  // Only a whole address of the web: one of the host page would be another page than the document's.
  const href = /^https?:\/\//.test(citation.url ?? '') ? webAddress(citation.url) : null;
  if (href !== null) lines.push(el('p', { class: 'source-version' }, [el('a', { class: 'link', href, target: '_blank', rel: 'noopener noreferrer', testid: 'source-page' }, [words.openPage])]));
  return lines;
}

export function versionLine(citation: Citation): string {
  const parts = citation.kind === 'curated' ? [] : [strings.version(citation.version)];
  if (citation.effective_from !== null) parts.push(strings.effectiveFrom(format.calendarDate(citation.effective_from)));
  const updated = format.day(citation.updated_at);
  if (updated !== '') parts.push(strings.updated(updated));
  return parts.join(' · ');
}

/** The cells that the answer used, each once. */
function used(citations: readonly Citation[]): readonly string[] {
  return [...new Set(citations.flatMap((each) => each.cells))];
}

/** The quotes alone, and that the words around them are coming. */
function waitingParts(citations: readonly Citation[]): readonly HTMLElement[] {
  return [...passageParts('', citations).slice(0, -2), el('p', { id: 'source-note', class: 'source-note source-loading', role: 'status' }, [strings.passageLoading])];
}

function passageParts(passage: string, citations: readonly Citation[]): readonly HTMLElement[] {
  const found: Span[] = [];
  const cells: Span[] = [];
  const missing = new Set<string>();
  for (const { quote, cells: wanted } of citations) {
    const span = findQuote(passage, quote);
    if (span) {
      found.push(span);
      cells.push(...findCells(passage, span, wanted));
    } else if (quote.trim() !== '') missing.add(quote);
  }
  found.sort((a, b) => a.start - b.start);
  const parts = [...missing].map((quote, index) =>
    el('blockquote', { dir: 'auto' }, [
      el('mark', { testid: index === 0 && found.length === 0 ? 'source-quote' : null }, [isRow(quote) ? cellsOf(quote).join(' · ') : quote]),
    ]),
  );
  const words = used(citations);
  const note = words.length > 0 ? strings.quotedCells(words) : strings.quoted;
  return [...parts, renderPassage(passage, found, cells), el('p', { id: 'source-note', class: 'source-note', dir: 'auto' }, [note])];
}

/** Brings the first marked words into view without moving the page behind, and the last marked cell of a wide table. */
function showQuote(layer: HTMLElement): void {
  const body = layer.querySelector<HTMLElement>('.source-body');
  const mark = layer.querySelector<HTMLElement>('mark');
  if (!body || !mark) return;
  body.scrollTop += mark.getBoundingClientRect().top - body.getBoundingClientRect().top - body.clientHeight / 3;
  const cell = [...layer.querySelectorAll<HTMLElement>('mark.cell')].at(-1)?.closest('td, th');
  const table = cell?.closest('.table');
  if (!cell || !table) return;
  const [inner, outer] = [cell.getBoundingClientRect(), table.getBoundingClientRect()];
  // A cell that shows in part is left as it is, so that the table is read from its beginning. A table that runs from
  // right to left is cut off on its left.
  if (inner.left >= outer.right) table.scrollLeft += inner.right - outer.right;
  else if (inner.right <= outer.left) table.scrollLeft += inner.left - outer.left;
}
