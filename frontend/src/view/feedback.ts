// Thumbs up and down under a finished answer, and a small comment box after a thumb down.
import type { FeedbackValue } from '../contract';
import { strings } from '../strings';
import type { Actions } from './actions';
import { button, el, icon, setAttribute, setText } from './dom';

export class FeedbackView {
  readonly element = el('div', { class: 'feedback' });
  messageId = '';
  private isCommented = false;
  private readonly up = this.thumb('up', strings.helpful);
  private readonly down = this.thumb('down', strings.notHelpful);
  private readonly question = el('span', { class: 'feedback-question' }, [strings.feedbackQuestion]);
  private readonly comment = el('textarea', {
    rows: 2,
    maxlength: 1000,
    'aria-label': strings.feedbackComment,
    placeholder: strings.feedbackComment,
    testid: 'feedback-comment',
  });
  private readonly box = el('form', { class: 'feedback-box', hidden: true }, [
    this.comment,
    el('button', { type: 'submit', class: 'small-button', testid: 'feedback-send' }, [strings.feedbackSend]),
  ]);

  private readonly row = el('div', { class: 'feedback-row' }, [this.question, this.up, this.down]);

  constructor(private readonly actions: Actions) {
    this.element.append(this.row, this.box);
    this.box.addEventListener('submit', (event) => {
      event.preventDefault();
      this.sendComment();
    });
  }

  /** Puts what else there is to an answer at the end of the row. */
  beside(...rest: readonly HTMLElement[]): void {
    this.row.append(...rest);
  }

  update(value: FeedbackValue | null): void {
    setAttribute(this.up, 'aria-pressed', String(value === 'up'));
    setAttribute(this.down, 'aria-pressed', String(value === 'down'));
    setText(this.question, value === 'up' || this.isCommented ? strings.feedbackThanks : strings.feedbackQuestion);
  }

  private thumb(value: FeedbackValue, label: string): HTMLButtonElement {
    return button(
      { class: 'thumb', testid: `feedback-${value}`, 'aria-label': label, title: label, 'aria-pressed': 'false' },
      [icon(value)],
      () => this.rate(value),
    );
  }

  private rate(value: FeedbackValue): void {
    this.actions.rate(this.messageId, value);
    this.box.hidden = value === 'up';
    if (value === 'up') return;
    this.comment.focus({ preventScroll: true });
    this.box.scrollIntoView({ block: 'nearest' });
  }

  private sendComment(): void {
    const comment = this.comment.value.trim();
    if (comment !== '') this.actions.rate(this.messageId, 'down', comment);
    this.isCommented = true;
    this.update('down');
    this.actions.say(strings.feedbackThanks);
    this.box.hidden = true;
    this.down.focus();
  }
}
