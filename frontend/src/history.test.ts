// The end of a conversation first, earlier pages when asked for, and passages when somebody opens one.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { reduce } from './reducer';
import { initialState } from './state';
import type { State } from './state';
import { citation, message, parsed, sentence } from './testing/contract';
import { FakeSocket, fakeServer, json, settle } from './testing/server';
import type { FakeServer } from './testing/server';
import { Widget, says } from './testing/widget';
import { announcements } from './view/announcer';

const AT = '2026-11-21T10:00:00Z';

function said(seq: number, changes: Parameters<typeof message>[0] = {}): Record<string, unknown> {
  return { seq, type: 'message.created', at: AT, message: message({ id: `m-${seq}`, text: `Message ${seq}`, ...changes }) };
}

const cited = sentence({ citations: [citation({ passage: null })] });

function answered(seq: number): Record<string, unknown> {
  const answer = message({ id: `m-${seq}`, author: 'bot', run_id: `r-${seq}`, sentences: [cited] });
  return { seq, type: 'answer.completed', at: AT, run_id: `r-${seq}`, outcome: 'answered', offer_handover: false, choices: [], message: answer };
}

function page(events: readonly unknown[], through: number, changes: Record<string, unknown> = {}): Record<string, unknown> {
  return { seq: 0, type: 'history', at: AT, events, through, earlier: false, speaker: null, ...changes };
}

function read(...raw: readonly unknown[]): State {
  return raw.map(parsed).reduce(reduce, initialState);
}

const keys = (state: State): readonly string[] => state.items.map((item) => item.key);

describe('a page of history', () => {
  it('is the end of the log, with gaps, and goes on from its last number', () => {
    const state = read(page([said(7), answered(12)], 12, { earlier: true }), said(13));
    expect(keys(state)).toEqual(['message:m-7', 'run:r-12', 'message:m-13']);
    expect(state).toMatchObject({ lastSeq: 13, earlierBefore: 7 });
  });

  it('keeps what waits to be sent, and knows who speaks', () => {
    const speaker = { seq: 3, type: 'handover.changed', at: AT, state: 'agent', agent_name: 'Ben', text: 'You are talking with Ben.' };
    const waiting = reduce(initialState, { type: 'local.queued', clientId: 'c-1', text: 'Hello', at: AT });
    const state = reduce(waiting, parsed(page([said(7)], 7, { speaker })));
    expect(state).toMatchObject({ speaker: 'agent', agentName: 'Ben', pending: [{ clientId: 'c-1' }] });
    expect(keys(state)).toEqual(['message:m-7']);
  });

  it('confirms a message that was waiting', () => {
    const waiting = reduce(initialState, { type: 'local.queued', clientId: 'c-1', text: 'Hello', at: AT });
    expect(reduce(waiting, parsed(page([said(7, { client_id: 'c-1' })], 7))).pending).toEqual([]);
  });

  it('puts earlier pages before what is there, each message once', () => {
    const end = page([said(7), said(8)], 8, { earlier: true });
    const middle = page([said(4), said(6)], 6, { earlier: true });
    const state = read(end, middle, middle, page([said(1)], 3));
    expect(keys(state)).toEqual(['message:m-1', 'message:m-4', 'message:m-6', 'message:m-7', 'message:m-8']);
    expect(state).toMatchObject({ lastSeq: 8, earlierBefore: null });
  });

  it('belongs to the conversation that was opened before it', () => {
    const opened = (conversation: string) => ({ seq: 0, type: 'conversation.opened', at: AT, conversation });
    const state = read(opened('a'), page([said(7)], 7, { earlier: true }), opened('b'), page([said(2)], 2));
    expect(keys(state)).toEqual(['message:m-2']);
    expect(state).toMatchObject({ conversation: 'b', lastSeq: 2, earlierBefore: null });
  });

  it('leaves out an answer that the page after it has taken back', () => {
    const started = { seq: 2, type: 'run.started', at: AT, run_id: 'r', message_id: 'm-1' };
    const replaced = { seq: 4, type: 'answer.replaced', at: AT, run_id: 'r', reason: 'handed_over' };
    const state = read(page([said(3), replaced], 4, { earlier: true }), page([said(1), started], 2));
    expect(keys(state)).toEqual(['message:m-1', 'message:m-3']);
  });

  it('is not spoken when it comes in above', () => {
    const before = read(page([said(7, { author: 'agent', agent_name: 'Ben' })], 7, { earlier: true }));
    const after = reduce(before, parsed(page([said(1, { author: 'agent', agent_name: 'Ben' })], 6)));
    expect(announcements(before, after)).toEqual([]);
  });
});

describe('the widget', () => {
  let server: FakeServer;
  let widget: Widget;

  beforeEach(async () => {
    vi.useFakeTimers();
    localStorage.clear();
    sessionStorage.clear();
    document.body.replaceChildren();
    server = fakeServer();
    widget = await Widget.open();
    await says(page([said(7), answered(12)], 12, { earlier: true }));
  });
  afterEach(() => {
    document.body.replaceChildren();
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('asks for earlier messages and stops offering them at the first one', async () => {
    widget.one('earlier').click();
    expect(FakeSocket.last.sent.at(-1)).toEqual({ type: 'earlier', before: 7, last: 20 });
    await says(page([said(1)], 6));
    expect(widget.all('.row')).toHaveLength(3);
    expect(widget.one('earlier').hidden).toBe(true);
  });

  it('fetches a passage when its source is opened, and shows the quote meanwhile', async () => {
    let answer: (response: Response) => void = () => undefined;
    server.route(/passages/, () => new Promise<Response>((resolve) => void (answer = resolve)));
    expect(server.requests.some(({ path }) => path.includes('passages'))).toBe(false);
    widget.one('source-link').click();
    await settle();
    expect(widget.one('source').textContent).toContain('Opened food cannot be returned.');
    expect(widget.one('source').textContent).toContain('is being loaded');
    answer(json({ passage: citation().passage }));
    await settle();
    expect(widget.one('source').textContent).toContain('Sealed food can be returned within 14 days.');
    expect(widget.one('source-quote').textContent).toBe('Opened food cannot be returned.');
    expect(server.requests.at(-1)?.path).toBe('https://help.example/api/v1/messages/m-12/passages/17/');
  });

  it('forgets the visitor on the server and here, once they agree', async () => {
    vi.stubGlobal('confirm', () => false);
    widget.one('forget').click();
    await settle();
    expect(server.requests.some(({ method }) => method === 'DELETE')).toBe(false);
    vi.stubGlobal('confirm', () => true);
    server.route(/visitors\/me\//, () => new Response(null, { status: 204 }));
    widget.one('forget').click();
    await settle();
    const after = server.requests.slice(server.requests.findIndex(({ method }) => method === 'DELETE'));
    expect(after.map(({ path, body }) => [path.split('/v1/')[1], body])).toEqual([['visitors/me/', undefined], ['visitors/', {}]]);
    expect(widget.all('.row')).toHaveLength(0);
    expect(widget.one('forget').hidden).toBe(true);
  });

  it('does not offer to forget a customer who has signed in on the page', async () => {
    expect(widget.one('forget').hidden).toBe(false);
    widget.element.setAttribute('identity', 'signed-by-the-shop');
    await settle();
    FakeSocket.last.accept();
    await says(said(13));
    expect(widget.all('.row')).toHaveLength(3);
    expect(widget.one('forget').hidden).toBe(true);
  });

  it('forgets nothing when the server is away, and says so', async () => {
    vi.stubGlobal('confirm', () => true);
    server.route(/visitors\/me\//, () => Promise.reject(new TypeError('away')));
    widget.one('forget').click();
    await settle();
    expect(widget.all('.row').length).toBeGreaterThan(1);
    expect(widget.one('log').textContent).toContain('nothing was forgotten');
  });

  it('says so when the passage cannot be had', async () => {
    server.route(/passages/, () => json({}, 503));
    widget.one('source-link').click();
    await settle();
    expect(widget.one('source').textContent).toContain('could not be loaded');
    expect(widget.one('source').textContent).toContain('Opened food cannot be returned.');
  });
});
