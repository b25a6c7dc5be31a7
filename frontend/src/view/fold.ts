// A long answer of before is folded: its beginning, and a button for all of it. The newest one, and one that was the
// newest here, stays as it is.
import type { Sentence } from '../contract';
import { strings } from '../strings';
import { button, setAttribute, setText } from './dom';

const LONG_CHARACTERS = 900;
const LONG_LINES = 14;

export function isLong(sentences: readonly Sentence[]): boolean {
  const characters = sentences.reduce((sum, { text }) => sum + text.length, 0);
  const lines = sentences.filter(({ form }) => form !== 'text').length;
  return characters > LONG_CHARACTERS || lines > LONG_LINES;
}

export class Fold {
  readonly control = button({ class: 'link fold', testid: 'fold', hidden: true }, [], () => this.set(!this.folded));
  private folded = false;

  constructor(private readonly words: HTMLElement) {
    // A citation that is reached by key must be seen.
    words.addEventListener('focusin', () => {
      if (this.folded) this.set(false);
    });
  }

  /** Folds it, and offers to unfold it. */
  begin(): void {
    this.control.hidden = false;
    this.set(true);
  }

  private set(folded: boolean): void {
    this.folded = folded;
    this.words.classList.toggle('folded', folded);
    setAttribute(this.control, 'aria-expanded', String(!folded));
    setText(this.control, folded ? strings.showAll : strings.showLess);
  }
}
