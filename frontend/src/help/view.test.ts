// Help articles in the panel: the list, a search, an article, and the ways back.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fakeServer, json, settle } from '../testing/server';
import type { FakeServer } from '../testing/server';
import { Widget } from '../testing/widget';

const RESULT = { id: '5', title: 'Returns', heading: ['Returns', 'Refunds'], section: 'Refunds', snippet: 'Within <b>5</b> days.' };
const ARTICLE = {
  id: '5',
  title: 'Returns',
  updated_at: '2026-03-01T00:00:00Z',
  sections: [
    { heading: '', level: 1, text: 'All about **returns**.' },
    { heading: 'Refunds', level: 2, text: '- Within 5 days\n\n| a | b |\n| --- | --- |\n| 1 | <img src=x onerror=alert(1)> |' },
  ],
};
let server: FakeServer;
let widget: Widget;

beforeEach(async () => {
  vi.useFakeTimers();
  localStorage.clear();
  sessionStorage.clear();
  server = fakeServer();
  server.route(/help\/$/, () => json({ articles: [{ id: '5', title: 'Returns' }, { id: '6', title: 'Shipping' }] }));
  server.route(/help\/\?q=/, () => json({ results: [RESULT] }));
  server.route(/help\/5\/$/, () => json(ARTICLE));
  widget = await Widget.open();
});
afterEach(() => {
  document.body.replaceChildren();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function openHelp(): Promise<void> {
  widget.one('help-open').click();
  await settle();
}

async function search(words: string): Promise<void> {
  (widget.one('help-input') as HTMLInputElement).value = words;
  widget.all('.help-form')[0]?.dispatchEvent(new Event('submit', { cancelable: true }));
  await settle();
}

function escape(): void {
  widget.one('panel').dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true, cancelable: true }));
}

describe('the help', () => {
  it('lists the articles in the place of the conversation, with focus in the search', async () => {
    await openHelp();
    expect(widget.named('help-entry').map((each) => each.textContent)).toEqual(['Returns', 'Shipping']);
    expect(widget.focused).toBe('help-input');
    expect(widget.all('.log-frame')[0]?.hidden).toBe(true);
  });

  it('opens a section that was found, as elements and never as HTML, and goes back to what was found', async () => {
    await openHelp();
    await search('money back');
    expect(server.requests.at(-1)?.path).toMatch(/help\/\?q=money%20back$/);
    expect(widget.one('help-entry').textContent).toBe('RefundsReturns › RefundsWithin <b>5</b> days.');
    widget.one('help-entry').click();
    await settle();
    expect(widget.one('article').querySelectorAll('h4, li, td, strong')).toHaveLength(5);
    expect(widget.one('article').querySelector('img')).toBeNull();
    expect(widget.all('h4')[0]).toBe((widget.element.shadowRoot as ShadowRoot).activeElement);
    escape();
    await settle();
    expect(widget.named('help-entry')).toHaveLength(1);
    escape();
    expect(widget.focused).toBe('input');
    expect(widget.all('.log-frame')[0]?.hidden).toBe(false);
  });

  it('takes the article along into a question', async () => {
    await openHelp();
    widget.named('help-entry')[0]?.click();
    await settle();
    widget.one('help-ask').click();
    expect((widget.one('input') as HTMLTextAreaElement).value).toBe('Returns: ');
    expect(widget.one('help').hidden).toBe(true);
  });

  it('says when nothing was found, or nothing could be loaded', async () => {
    await openHelp();
    server.route(/help\/\?q=/, () => json({ results: [] }));
    await search('zzz');
    expect(widget.one('help').textContent).toContain('Nothing was found.');
    expect(widget.named('help-ask')).toHaveLength(1);
    server.route(/help\/\?q=/, () => json({}, 503));
    await search('yyy');
    expect(widget.one('help').textContent).toContain('The help could not be loaded. Try again');
  });

  it('is not offered where the page does not want it', async () => {
    widget.element.setAttribute('help', 'off');
    await settle();
    expect(widget.one('help-open').hidden).toBe(true);
  });
});
