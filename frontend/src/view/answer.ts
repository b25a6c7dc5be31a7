// An answer of the bot: a live status line, then sentence after sentence with its citations, then sources and rating.
import type { Sentence } from '../contract';
import * as format from '../format';
import type { AnswerItem } from '../state';
import { strings } from '../strings';
import type { Actions, RowContext } from './actions';
import { button, el, icon, setAttribute, setText } from './dom';
import { FeedbackView } from './feedback';
import { timeOf } from './message';
import { numbered, sentenceElement, sourceList } from './sentences';

interface Rendered {
  readonly key: string;
  readonly element: HTMLElement;
}

export class AnswerView {
  readonly element = el('article', { class: 'row theirs answer', 'aria-label': strings.bot });
  private readonly bubble = el('div', { class: 'bubble', dir: 'auto', hidden: true });
  private readonly note = el('div', { class: 'answer-note', hidden: true });
  private readonly status = el('div', { class: 'status', testid: 'status' });
  private readonly statusText = el('span', { class: 'status-text' });
  private readonly foot = el('div', { class: 'answer-foot' });
  private readonly offer: HTMLButtonElement;
  private readonly feedback: FeedbackView;
  private sentences: Rendered[] = [];
  private finishedAs: AnswerItem['message'] = null;

  constructor(private readonly actions: Actions) {
    this.status.append(dots(), this.statusText);
    this.feedback = new FeedbackView(actions);
    this.offer = button({ class: 'offer', testid: 'handover-offer' }, [], () => actions.askForPerson());
    this.element.append(
      el('div', { class: 'author', 'aria-hidden': 'true' }, [strings.bot]),
      this.bubble,
      this.note,
      this.foot,
    );
  }

  update(item: AnswerItem, context: RowContext): void {
    const sentences = numbered(item.sentences);
    this.showSentences(sentences, context.live);
    const saidByStatus = item.status === '' && item.sentences.length === 0;
    this.note.hidden = !item.restarted || saidByStatus;
    setText(this.note, this.note.hidden ? '' : strings.restarted);
    if (!item.working) this.status.remove();
    else if (!this.status.isConnected) this.foot.before(this.status);
    setText(this.statusText, item.sentences.length > 0 ? '' : item.status || (item.restarted ? strings.restarted : strings.thinking));
    this.bubble.title = format.dateTime(item.at);
    if (item.message !== this.finishedAs) this.finish(item, sentences);
    this.feedback.update(context.feedback);
    this.showOffer(item, context);
  }

  private showSentences(sentences: readonly Sentence[], live: boolean): void {
    const keys = sentences.map((sentence) => JSON.stringify(sentence));
    const same = keys.findIndex((key, index) => this.sentences[index]?.key !== key);
    const keep = same === -1 ? keys.length : same;
    for (const old of this.sentences.splice(keep)) old.element.remove();
    for (const [index, sentence] of sentences.entries()) {
      const key = keys[index];
      if (index < keep || key === undefined) continue;
      const element = sentenceElement(sentence, this.actions, live);
      this.bubble.append(element);
      this.sentences.push({ key, element });
    }
    this.bubble.hidden = sentences.length === 0;
  }

  /** Once per answer: where it comes from, when, and whether it helped. */
  private finish(item: AnswerItem, sentences: readonly Sentence[]): void {
    this.finishedAs = item.message;
    const parts: HTMLElement[] = [];
    const sources = sourceList(sentences, this.actions);
    if (sources) parts.push(sources);
    if (item.message && item.sentences.length > 0 && item.outcome !== 'handed_over') {
      this.feedback.messageId = item.message.id;
      parts.push(this.feedback.element);
      this.feedback.beside(timeOf(item.message.created_at));
    }
    this.foot.replaceChildren(...parts);
  }

  private showOffer(item: AnswerItem, context: RowContext): void {
    const shown = item.offerHandover && context.isLastAnswer && !item.working && context.canAskForPerson;
    if (!shown) {
      this.offer.remove();
      return;
    }
    if (!this.offer.isConnected) this.element.append(this.offer);
    setAttribute(this.offer, 'disabled', context.handoverAsked);
    const label = context.handoverAsked ? strings.personAsked : strings.talkToPerson;
    if (this.offer.textContent !== label) this.offer.replaceChildren(icon('person'), label);
  }
}

export function dots(): HTMLElement {
  return el('span', { class: 'dots', 'aria-hidden': 'true' }, [el('i'), el('i'), el('i')]);
}
