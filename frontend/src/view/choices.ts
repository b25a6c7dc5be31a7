// What the visitor may ask next: buttons under the newest answer, each sending its question as the visitor's own.
import type { Choice } from '../contract';
import type { ChoicesState } from '../state';
import { strings } from '../strings';
import type { Actions } from './actions';
import { button, el, setAttribute } from './dom';

export class ChoicesView {
  readonly element = el('div', { class: 'choices', role: 'group', 'aria-label': strings.choices, hidden: true });
  private drawn: readonly Choice[] = [];

  constructor(private readonly actions: Actions) {}

  update(choices: readonly Choice[], state: ChoicesState): void {
    if (choices !== this.drawn) this.element.replaceChildren(...choices.map((choice) => this.choice(choice)));
    this.drawn = choices;
    this.element.hidden = choices.length === 0 || state === 'gone';
    for (const each of this.element.children) setAttribute(each, 'disabled', state !== 'open');
  }

  private choice({ label, text }: Choice): HTMLButtonElement {
    return button({ class: 'choice', testid: 'choice', dir: 'auto' }, [label], () => this.actions.pick(text));
  }
}
