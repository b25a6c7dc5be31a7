// An answer as text, and the button that copies it.
import type { Sentence } from '../contract';
import { stepNumber } from '../state';
import { strings } from '../strings';
import type { Actions } from './actions';
import { button, el, icon, setAttribute } from './dom';
import { plainText } from './markdown';
import { placesOf } from './place';

const SHOWN_MS = 2_000;

/** The words with a line for each item and step, then the sources by number. */
export function answerText(sentences: readonly Sentence[]): string {
  let text = '';
  for (const [index, sentence] of sentences.entries()) {
    const words = plainText(sentence.text).trim();
    const number = stepNumber(sentences, index);
    const before = sentences[index - 1]?.form;
    const ownLine = sentence.form !== 'text' || (before !== undefined && before !== 'text');
    const mark = sentence.form === 'item' ? '- ' : number === null ? '' : `${number}. `;
    text += `${text === '' ? '' : ownLine ? '\n' : ' '}${mark}${words}`;
  }
  const cited = new Map(sentences.flatMap((each) => each.citations.map((citation) => [citation.n, citation] as const)));
  const places = placesOf([...cited.values()]);
  const sources = [...cited.keys()].map((n, index) => `[${n}] ${places[index]?.title ?? ''} ${places[index]?.rest ?? ''}`.trim());
  return sources.length === 0 ? text : `${text}\n\n${strings.sourcesHeading}:\n${sources.join('\n')}`;
}

export function copyButton(text: () => string, actions: Actions): HTMLButtonElement {
  const copied = (done: boolean): void => {
    const label = done ? strings.copied : strings.copyFailed;
    actions.say(label);
    setAttribute(control, 'title', label);
    control.classList.toggle('done', done);
    control.replaceChildren(icon(done ? 'check' : 'alert'));
    setTimeout(() => {
      setAttribute(control, 'title', strings.copy);
      control.classList.remove('done');
      control.replaceChildren(icon('copy'));
    }, SHOWN_MS);
  };
  const control = button({ class: 'thumb', testid: 'copy', 'aria-label': strings.copy, title: strings.copy }, [icon('copy')], () => {
    void copy(text(), control).then(copied);
  });
  return control;
}

/** Pages without https have no clipboard of their own; there a selection is copied. */
async function copy(text: string, beside: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const holder = el('textarea', { class: 'sr-only', 'aria-hidden': 'true', tabindex: -1 });
    holder.value = text;
    beside.after(holder);
    holder.select();
    // Deprecated, and the only way there is without https.
    // eslint-disable-next-line @typescript-eslint/no-deprecated
    const done = document.execCommand('copy');
    holder.remove();
    beside.focus({ preventScroll: true });
    return done;
  }
}
