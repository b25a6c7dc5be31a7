// What is copied of an answer, and how a visitor hears that it was.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { citation, message, sentence } from '../testing/contract';
import { FakeSocket, fakeServer, settle } from '../testing/server';
import { Widget, says } from '../testing/widget';
import { answerText } from './copy';
import { isLong } from './fold';

const AT = '2026-11-21T10:00:00Z';

function answered(seq: number, sentences: readonly unknown[]): Record<string, unknown> {
  const answer = { ...message({ id: `m-${seq}`, author: 'bot', run_id: `r-${seq}` }), sentences };
  return { seq, type: 'answer.completed', at: AT, run_id: `r-${seq}`, outcome: 'answered', offer_handover: false, choices: [], message: answer };
}

const asked = (seq: number, text: string): unknown => ({ seq, type: 'message.created', at: AT, message: message({ id: `q-${seq}`, text }) });
const page = (...events: readonly unknown[]): unknown => ({ seq: 0, type: 'history', at: AT, events, through: events.length, earlier: false, speaker: null });
const long = Array.from({ length: 20 }, (_, index) => sentence({ text: `Step ${index}`, form: 'step' }));

describe('an answer as text', () => {
  it('has a line for each item and step, and the sources by number', () => {
    const sentences = [
      sentence({ text: 'You may **return** it:', citations: [citation()] }),
      sentence({ text: 'sealed', form: 'item' }),
      sentence({ text: 'Pack it', form: 'step' }),
      sentence({ text: 'Send it', form: 'step' }),
      sentence({ text: 'That is all.', citations: [citation()] }),
    ];
    expect(answerText(sentences)).toBe(
      'You may return it:\n- sealed\n1. Pack it\n2. Send it\nThat is all.\n\nSources:\n[1] Returns policy › What cannot be returned · Page 2',
    );
  });
});

describe('the widget', () => {
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

  it('copies an answer and says so', async () => {
    const writeText = vi.fn().mockResolvedValue(undefined);
    vi.spyOn(navigator, 'clipboard', 'get').mockReturnValue({ writeText } as unknown as Clipboard);
    await says(page(answered(1, [sentence()])));
    const drawing = (): string | null | undefined => widget.one('copy').querySelector('path')?.getAttribute('d');
    const before = drawing();
    widget.one('copy').click();
    await settle();
    expect(drawing()).not.toBe(before);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(drawing()).toBe(before);
    expect(writeText).toHaveBeenCalledWith('Opened food cannot be returned.');
    expect(widget.all('.sr-only')[0]?.textContent).toContain('Copied');
  });

  it('folds a long answer of before, and unfolds it for a key or a click', async () => {
    expect([isLong(long), isLong([sentence()])]).toEqual([true, false]);
    await says(page(answered(1, long), answered(2, [sentence()])));
    const [fold, short] = widget.named('fold');
    expect([fold?.textContent, short?.hidden]).toEqual(['Show all', true]);
    const words = widget.all('.bubble.folded')[0];
    fold?.click();
    expect([words?.classList.contains('folded'), fold?.getAttribute('aria-expanded')]).toEqual([false, 'true']);
    fold?.click();
    words?.dispatchEvent(new Event('focusin'));
    expect(words?.classList.contains('folded')).toBe(false);
  });

  it('leaves the newest answer as it is, also when it is that no more', async () => {
    await says(page(answered(1, long)));
    await says(answered(2, [sentence()]));
    expect(widget.all('.folded')).toHaveLength(0);
  });

  it('takes the last question back into the input once it is answered', async () => {
    await says(page(asked(1, 'First?'), answered(2, [sentence()]), asked(3, 'Second?')));
    expect(widget.named('edit-again')).toHaveLength(0);
    await says(answered(4, [sentence()]));
    expect(widget.named('edit-again')).toHaveLength(1);
    widget.one('edit-again').click();
    expect([(widget.one('input') as HTMLTextAreaElement).value, widget.focused]).toEqual(['Second?', 'input']);
    widget.one('send').click();
    await settle();
    expect(FakeSocket.last.sent.at(-1)).toMatchObject({ type: 'message', text: 'Second?' });
    expect(widget.named('edit-again')).toHaveLength(0);
  });
});
