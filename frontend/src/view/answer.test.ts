// An answer as it is drawn: lists, what can be asked next, and the cells behind it.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { citation, message, rawEvents, sentence } from '../testing/contract';
import { FakeSocket, fakeServer, settle } from '../testing/server';
import { says, Widget } from '../testing/widget';

const AT = '2026-11-21T10:00:00Z';
let widget: Widget;

beforeEach(async () => {
  vi.useFakeTimers();
  localStorage.clear();
  sessionStorage.clear();
  fakeServer();
  widget = await Widget.open();
});
afterEach(() => {
  document.body.replaceChildren();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('lists', () => {
  const streamed = (index: number, form: string, text: string, number: number | null = null) =>
    ({ seq: 4 + index, type: 'answer.sentence', at: AT, run_id: 'r', index, text, form, number, citations: [] });
  const listed = (): readonly string[] => widget.all('.bubble ul, .bubble ol').map(
    (list) => `${list.localName}: ${[...list.children].map((item) => item.textContent.trim()).join(', ')}`,
  );

  beforeEach(async () => {
    await says(...rawEvents.slice(0, 3));
  });

  it('are one per run of neighbours and grow without a new drawing', async () => {
    await says(streamed(0, 'text', 'Sorry about that.'), streamed(1, 'item', 'One'));
    const first = widget.named('sentence');
    await says(streamed(2, 'item', 'Two'), streamed(3, 'step', 'Open', 3), streamed(4, 'step', 'Close'), streamed(5, 'item', 'Three'));
    expect(listed()).toEqual(['ul: One, Two', 'ol: Open, Close', 'ul: Three']);
    expect(widget.named('sentence').slice(0, 2).map((each, index) => each === first[index])).toEqual([true, true]);
    expect(widget.named('sentence').map((each) => each.getAttribute('value'))).toEqual([null, null, null, '3', null, null]);
    expect(widget.named('citation')).toHaveLength(0);
  });

  it('go whole when the answer is replaced', async () => {
    await says(streamed(0, 'item', 'One'), streamed(1, 'item', 'Two'));
    await says({ seq: 6, type: 'answer.replaced', at: AT, run_id: 'r', reason: 'restarted' });
    expect(listed()).toEqual([]);
  });

  it('stand in an approved draft too', async () => {
    const sentences = [sentence({ form: 'step', text: 'Open' }), sentence({ form: 'step', text: 'Close' })];
    await says({ seq: 4, type: 'message.created', at: AT, message: message({ id: 'm-7', author: 'agent', sentences }) });
    expect(listed()).toEqual(['ol: Open, Close']);
  });
});

describe('what is asked next', () => {
  const choices = [{ label: 'Spain', text: 'Do you deliver to Spain?' }, { label: 'Portugal', text: 'Do you deliver to Portugal?' }];
  const completed = (changes: Readonly<Record<string, unknown>> = {}) =>
    ({ ...rawEvents[6], outcome: 'asked_back', choices, message: message({ id: 'm-2', author: 'bot', text: 'Where to?', run_id: 'r' }), ...changes });

  beforeEach(async () => {
    await says(...rawEvents.slice(0, 6));
  });

  it('is a named group of buttons, each of which sends its question', async () => {
    await says(completed());
    const group = widget.one('choice').parentElement;
    expect([group?.getAttribute('role'), group?.getAttribute('aria-label')]).toEqual(['group', 'Suggestions']);
    expect(widget.named('choice').map((each) => each.textContent)).toEqual(['Spain', 'Portugal']);
    widget.named('choice')[1]?.click();
    await settle();
    expect(FakeSocket.last.sent.at(-1)).toMatchObject({ type: 'message', text: 'Do you deliver to Portugal?' });
    expect(widget.one('log').textContent).toContain('Do you deliver to Portugal?');
    expect(widget.named('choice').every((each) => each.hasAttribute('disabled'))).toBe(true);
    expect(widget.focused).toBe('input');
  });

  it('stands beside the offer of a person and goes when one is asked for', async () => {
    await says(completed({ offer_handover: true }));
    expect(widget.one('choice').parentElement?.nextElementSibling).toBe(widget.one('handover-offer'));
    await says({ seq: 8, type: 'handover.changed', at: AT, state: 'waiting', agent_name: null, text: '' });
    expect(widget.one('choice').parentElement?.hidden).toBe(true);
  });

  it.each(['small_talk', 'asked_back', 'refused'])('comes without thumbs and sources after %s', async (outcome) => {
    const cited = [sentence({ citations: [citation()] })];
    await says(completed({ outcome, message: message({ id: 'm-2', author: 'bot', run_id: 'r', sentences: cited }) }));
    expect([widget.named('feedback-up'), widget.named('source-link')]).toEqual([[], []]);
    expect(widget.one('log').querySelector('.answer .time')).not.toBeNull();
  });
});

describe('the sources', () => {
  it('of one document say which place each is', async () => {
    const cited = [1, 2].map((version) => sentence({ citations: [citation({ passage_id: `p-${version}`, heading: [], page: null, version })] }));
    await says({ seq: 1, type: 'message.created', at: AT, message: message({ id: 'm-7', author: 'agent', sentences: cited }) });
    expect(widget.named('source-link').map((each) => each.textContent)).toEqual([
      expect.stringMatching(/^1.* Version 1$/),
      expect.stringMatching(/^2.* Version 2$/),
    ]);
  });
});

describe('the cells of a row', () => {
  it('are marked in the source, and named when it opens', async () => {
    await says(...rawEvents);
    widget.one('log').querySelectorAll<HTMLElement>('li [data-testid="citation"]')[0]?.click();
    await settle();
    expect([...widget.one('source').querySelectorAll('mark.cell')].map((cell) => cell.textContent)).toEqual(['Express', 'next working day', '£6.95']);
    const note = widget.all('#source-note')[0];
    expect(widget.one('source').getAttribute('aria-describedby')).toBe(note?.id);
    expect(note?.textContent).toBe('The answer rests on the highlighted row: Express, £6.95, next working day.');
  });
});

describe('stopping', () => {
  const type = async (text: string): Promise<void> => {
    const input = widget.one('input') as HTMLTextAreaElement;
    input.value = text;
    input.dispatchEvent(new Event('input'));
    await settle();
  };
  const written = { seq: 4, type: 'answer.sentence', at: AT, run_id: rawEvents[1]?.run_id, index: 0, text: 'One.', form: 'text', number: null, citations: [] };

  beforeEach(async () => {
    await says(...rawEvents.slice(0, 3));
  });

  it('is offered where the send button was, beside it once there is something to send', async () => {
    expect([widget.one('stop').hidden, widget.one('send').hidden]).toEqual([false, true]);
    await type('And tea?');
    expect([widget.one('stop').hidden, widget.one('send').hidden]).toEqual([false, false]);
  });

  it('asks the server to end this run, by Escape too', () => {
    widget.one('stop').click();
    widget.one('input').dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true, composed: true }));
    const frame = { type: 'stop', run_id: rawEvents[1]?.run_id };
    expect(FakeSocket.last.sent.slice(-2)).toEqual([frame, frame]);
    expect(widget.one('panel').hidden).toBe(false);
  });

  it('leaves what was shown, and says that it was stopped', async () => {
    const bot = message({ id: 'b', author: 'bot', text: 'One.', run_id: String(written.run_id) });
    await says(written, { seq: 5, type: 'answer.completed', at: AT, run_id: written.run_id, outcome: 'stopped', offer_handover: false, choices: [], message: bot });
    expect(widget.all('.answer-note').map((note) => [note.hidden, note.textContent])).toEqual([[false, 'You stopped this answer.']]);
    expect([widget.one('stop').hidden, widget.one('send').hidden]).toEqual([true, false]);
    expect(widget.all('[aria-live] p').map((line) => line.textContent)).toContain('You stopped this answer.');
  });

  it('leaves a line where nothing was shown', async () => {
    await says({ seq: 4, type: 'answer.replaced', at: AT, run_id: written.run_id, reason: 'stopped' });
    expect(widget.all('.answer-note').map((note) => note.textContent)).toEqual(['You stopped this answer.']);
    expect(widget.named('status')).toHaveLength(0);
  });
});
