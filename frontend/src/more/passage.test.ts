// Finding the quote and showing the passage: exact, tolerant, and never as markup.
import { describe, expect, it } from 'vitest';
import { findCells, findQuote, renderPassage } from './passage';

function quoted(passage: string, quote: string): string | null {
  const span = findQuote(passage, quote);
  return span && passage.slice(span.start, span.end);
}

function marks(passage: string, quote: string): readonly string[] {
  const span = findQuote(passage, quote);
  return [...renderPassage(passage, span ? [span] : []).querySelectorAll('mark')].map((mark) => mark.textContent);
}

describe('findQuote', () => {
  it('finds the exact words', () => {
    expect(quoted('A. B. C.', ' B. ')).toBe('B.');
  });

  it('bears other white space', () => {
    expect(quoted('Sealed food can be\n  returned.', 'Sealed food can be returned.')).toBe('Sealed food can be\n  returned.');
  });

  it('bears Markdown signs and case', () => {
    expect(quoted('| Rest of the **EU** | 3–5 days |', 'rest of the EU 3–5 days')).toBe('Rest of the **EU** | 3–5 days');
  });

  it('keeps places right behind a letter that grows in lower case', () => {
    expect(quoted('İstanbul  office opens at nine', 'office opens')).toBe('office opens');
    expect(quoted('İİ\noffice  opens', 'office opens')).toBe('office  opens');
  });

  it.each(['Not there.', '', '   ', '***'])('finds nothing for %j', (quote) => {
    expect(findQuote('A. B. C.', quote)).toBeNull();
  });
});

describe('findCells', () => {
  const rates = '| Service | Up to 2 kg | Price |\n|---|---|---|\n| Standard | £3 | £6.95 |\n| Express | £6.95 | **£16.95** |';
  const cells = (quote: string, wanted: readonly string[], passage = rates): readonly string[] => {
    const span = findQuote(passage, quote) ?? { start: 0, end: 0 };
    const marked = renderPassage(passage, [span], findCells(passage, span, wanted));
    return [...marked.querySelectorAll('mark.cell')].map((mark) => mark.textContent);
  };
  const express = '| Express | £6.95 | **£16.95** |';

  it('finds whole cells of the quoted row, and none of another', () => {
    expect(cells(express, ['£6.95', 'Express'])).toEqual(['Express', '£6.95']);
    expect(cells(express, ['Standard', '£3', '6.95'])).toEqual([]);
    const span = findQuote(rates, express) ?? { start: 0, end: 0 };
    expect(findCells(rates, span, ['£6.95']).map((cell) => rates.slice(0, cell.start).split('\n').length)).toEqual([4]);
  });

  it('bears Markdown signs in either', () => {
    expect(cells('Express £6.95 £16.95', ['£16.95'])).toEqual(['£16.95']);
    expect(cells(express, ['**£16.95**'])).toEqual(['£16.95']);
  });

  it('finds equal cells one after the other', () => {
    expect(cells('| a | x | x |', ['x', 'x', 'x'], '| a | x | x |\n| b | x | x |')).toEqual(['x', 'x']);
  });

  it('keeps the rest of the row marked as before', () => {
    const span = findQuote(rates, express) ?? { start: 0, end: 0 };
    const marked = [...renderPassage(rates, [span], findCells(rates, span, ['£6.95'])).querySelectorAll('mark')];
    expect(marked.map((mark) => [mark.textContent, mark.className])).toEqual([['Express', ''], ['£6.95', 'cell'], ['£16.95', '']]);
  });

  it('takes an escaped pipe for a part of its cell', () => {
    const piped = '| Size | Price |\n|---|---|\n| S \\| M | £5 |';
    expect(cells('| S \\| M | £5 |', ['S | M'], piped)).toEqual(['S | M']);
    expect(renderPassage(piped, []).querySelectorAll('td')).toHaveLength(2);
  });
});

describe('renderPassage', () => {
  const table = '| Region | Standard |\n|---|---:|\n| Germany | 1–2 days |\n| EU | 3–5 days |\n\nAfter.';

  it('shows a table as a table and marks across its cells', () => {
    const root = renderPassage(table, []);
    expect([...root.querySelectorAll('th')].map((cell) => cell.textContent)).toEqual(['Region', 'Standard']);
    expect([...root.querySelectorAll('td')].map((cell) => cell.textContent)).toEqual(['Germany', '1–2 days', 'EU', '3–5 days']);
    expect(root.querySelector('p')?.textContent).toBe('After.');
    expect(marks(table, '| EU | 3–5 days |')).toEqual(['EU', '3–5 days']);
  });

  it('shows rows that a cut left without their head', () => {
    expect(renderPassage('| a | b |\n| c | d |', []).querySelectorAll('td')).toHaveLength(4);
  });

  it('shows lists, with the lines that continue an item', () => {
    const root = renderPassage('Before:\n- one\n  more\n- two\n\n3. three', []);
    expect([...root.querySelectorAll('ul li')].map((item) => item.textContent)).toEqual(['one\n  more', 'two']);
    expect(root.querySelector('ol')?.getAttribute('start')).toBe('3');
  });

  it('shows headings and strong words without their signs', () => {
    const root = renderPassage('## Fees\nIt is **free** here.', []);
    expect(root.querySelector('.passage-heading')?.textContent).toBe('Fees');
    expect(root.querySelector('strong')?.textContent).toBe('free');
    expect(root.textContent).toBe('FeesIt is free here.');
  });

  it('marks a quote that runs over strong words', () => {
    expect(marks('It is **free** here.', 'is **free** here').join('')).toBe('is free here');
  });

  it('marks several quotes and gives only the first the hook of the tests', () => {
    const root = renderPassage('one two three', [{ start: 0, end: 3 }, { start: 8, end: 13 }]);
    expect([...root.querySelectorAll('mark')].map((mark) => mark.textContent)).toEqual(['one', 'three']);
    expect(root.querySelectorAll('[data-testid="source-quote"]')).toHaveLength(1);
  });

  it('shows markup as text and links nothing', () => {
    const root = renderPassage('<img src=x onerror=alert(1)> [a](javascript:alert(1)) https://x.example', []);
    expect(root.querySelectorAll('img, a')).toHaveLength(0);
    expect(root.textContent).toContain('<img src=x');
  });
});
