// Earlier conversations: found, read, left again, and said so when they cannot be loaded.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { message, sentence, citation } from '../testing/contract';
import { fakeServer, json, settle } from '../testing/server';
import type { FakeServer } from '../testing/server';
import { Widget } from '../testing/widget';

const LISTED = [
  { id: 'now', subject: 'This one', last_message_at: null, created_at: '2026-11-21T10:00:00Z' },
  { id: 'old', subject: 'Can I return beans?', last_message_at: '2026-10-01T10:00:00Z', created_at: '2026-10-01T09:00:00Z' },
  { id: 'empty', subject: '', last_message_at: null, created_at: '2026-09-01T09:00:00Z' },
];
let server: FakeServer;
let widget: Widget;

beforeEach(async () => {
  vi.useFakeTimers();
  localStorage.clear();
  sessionStorage.clear();
  server = fakeServer();
  server.route(/conversations\/$/, () => json({ results: LISTED }));
  const said = [
    message({ id: 'a' }),
    message({ id: 'b', author: 'bot', text: 'No.', sentences: [sentence({ citations: [citation()] })] }),
  ];
  server.route(/conversations\/old\/\?last=20$/, () => json({ messages: said, earlier_before: null }));
  widget = await Widget.open();
});
afterEach(() => {
  document.body.replaceChildren();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function press(testid: string): Promise<void> {
  widget.one(testid).click();
  await settle();
}

async function open(subject: string): Promise<void> {
  await press('history-open');
  const index = LISTED.findIndex(({ id }) => id === subject);
  widget.named('history-entry')[index]?.click();
  await settle();
}

describe('earlier conversations', () => {
  it('are listed by their first words, read, and left again', async () => {
    await press('history-open');
    expect(widget.named('history-entry').map((each) => each.querySelector('.history-subject')?.textContent)).toEqual([
      'This one',
      'Can I return beans?',
    ]);
    expect(widget.focused).toBe('history-back');
    widget.named('history-entry')[1]?.click();
    await settle();
    expect(widget.one('history').textContent).toContain('Opened food cannot be returned.');
    expect(widget.one('history').querySelectorAll('article')).toHaveLength(2);
    await press('history-back');
    expect(widget.named('history-entry')).toHaveLength(2);
    await press('history-back');
    expect(widget.one('history').hidden).toBe(true);
    expect(widget.focused).toBe('input');
  });

  it('are read a page at a time, from the end', async () => {
    const last = { messages: [message({ id: 'b', text: 'And now?' })], earlier_before: 9 };
    server.route(/conversations\/old\/\?last=20$/, () => json(last));
    server.route(/before=9$/, () => json({}, 503));
    await open('old');
    expect(widget.one('history').textContent).not.toContain('Can I return');
    await press('history-earlier');
    expect(widget.one('history-earlier').textContent).toContain('could not be loaded');
    server.route(/before=9$/, () => json({ messages: [message({ id: 'a' })], earlier_before: null }));
    widget.one('history-earlier').focus();
    await press('history-earlier');
    const texts = [...widget.one('history').querySelectorAll('article .bubble')].map((each) => each.textContent);
    expect(texts).toEqual(['Can I return opened coffee beans?', 'And now?']);
    expect(widget.one('history-earlier').hidden).toBe(true);
    expect(widget.focused).toBe('history');
  });

  it('fetch the passage of a source when it is opened', async () => {
    const cited = sentence({ citations: [citation({ passage: null })] });
    const messages = [message({ id: 'b', author: 'bot', sentences: [cited] })];
    server.route(/conversations\/old\/\?last=20$/, () => json({ messages, earlier_before: null }));
    server.route(/messages\/b\/passages\/17\/$/, () => json({ passage: citation().passage }));
    await open('old');
    await press('source-link');
    expect(widget.one('source').textContent).toContain('Sealed food can be returned within 14 days.');
  });

  it('say so when there are none', async () => {
    server.route(/conversations\/$/, () => json({ results: [] }));
    await press('history-open');
    expect(widget.one('history').textContent).toContain('There are no earlier conversations.');
  });

  it('can be asked for again when they could not be loaded', async () => {
    server.route(/conversations\/$/, () => json({}, 503));
    await press('history-open');
    expect(widget.one('history').textContent).toContain('could not be loaded');
    server.route(/conversations\/$/, () => json({ results: LISTED }));
    await press('history-retry');
    expect(widget.named('history-entry')).toHaveLength(2);
  });
});
