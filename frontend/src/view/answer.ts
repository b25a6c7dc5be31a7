// An answer of the bot: a live status line, then sentence after sentence with its citations, then sources, rating and
// what can be asked next.
import type { Outcome, Sentence } from '../contract';
import * as format from '../format';
import type { AnswerItem } from '../state';
import { strings } from '../strings';
import type { Actions, RowContext } from './actions';
import { ChoicesView } from './choices';
import { answerText, copyButton } from './copy';
import { button, el, icon, setAttribute, setText } from './dom';
import { FeedbackView } from './feedback';
import { Fold, isLong } from './fold';
import { timeOf } from './message';
import { numbered, SentencesView, sourceList } from './sentences';
import type { OpenSource } from './sentences';

// These rest on no source, and there is nothing to rate.
const NOT_FROM_SOURCES: readonly (Outcome | null)[] = ['small_talk', 'asked_back', 'refused'];
const NOT_RATED: readonly (Outcome | null)[] = [...NOT_FROM_SOURCES, 'handed_over'];

export class AnswerView {
  readonly element = el('article', { class: 'row theirs answer', 'aria-label': strings.bot });
  private readonly words: SentencesView;
  private readonly fold: Fold;
  private readonly note = el('div', { class: 'answer-note', hidden: true });
  private readonly status = el('div', { class: 'status', testid: 'status' });
  private readonly statusText = el('span', { class: 'status-text' });
  private readonly foot = el('div', { class: 'answer-foot' });
  private readonly choices: ChoicesView;
  private readonly offer: HTMLButtonElement;
  private readonly feedback: FeedbackView;
  private finishedAs: AnswerItem['message'] = null;
  private readonly openSource: OpenSource = (citations, opener) =>
    this.actions.openSource(this.finishedAs?.id ?? null, citations, opener);

  constructor(private readonly actions: Actions) {
    this.status.append(dots(), this.statusText);
    this.words = new SentencesView(this.openSource);
    this.fold = new Fold(this.words.element);
    this.feedback = new FeedbackView(actions);
    this.choices = new ChoicesView(actions);
    this.offer = button({ class: 'offer', testid: 'handover-offer' }, [], () => actions.askForPerson());
    this.element.append(
      el('div', { class: 'author', 'aria-hidden': 'true' }, [strings.bot]),
      this.words.element,
      this.fold.control,
      this.note,
      this.foot,
      this.choices.element,
    );
  }

  update(item: AnswerItem, context: RowContext): void {
    const sentences = numbered(item.sentences);
    this.words.update(sentences, context.live);
    this.words.element.hidden = sentences.length === 0;
    const saidByStatus = item.status === '' && item.sentences.length === 0;
    const stopped = item.outcome === 'stopped';
    this.note.hidden = !stopped && (!item.restarted || saidByStatus);
    setText(this.note, stopped ? strings.stopped : this.note.hidden ? '' : strings.restarted);
    if (!item.working) this.status.remove();
    else if (!this.status.isConnected) this.foot.before(this.status);
    setText(this.statusText, item.sentences.length > 0 ? '' : item.status || (item.restarted ? strings.restarted : strings.thinking));
    this.words.element.title = format.dateTime(item.at);
    if (item.message !== this.finishedAs) {
      this.finish(item, sentences);
      if (!context.isLastAnswer && isLong(sentences)) this.fold.begin();
    }
    this.feedback.update(context.feedback);
    this.choices.update(item.working ? [] : item.choices, context.choices);
    this.showOffer(item, context);
  }

  /** Once per answer: where it comes from, when, and whether it helped. */
  private finish(item: AnswerItem, sentences: readonly Sentence[]): void {
    this.finishedAs = item.message;
    const parts: HTMLElement[] = [];
    const sources = NOT_FROM_SOURCES.includes(item.outcome) ? null : sourceList(sentences, this.openSource);
    if (sources) parts.push(sources);
    if (item.message && item.sentences.length > 0) {
      const time = timeOf(item.message.created_at);
      if (NOT_RATED.includes(item.outcome)) parts.push(time);
      else {
        this.feedback.messageId = item.message.id;
        parts.push(this.feedback.element);
        this.feedback.beside(copyButton(() => answerText(sentences), this.actions), time);
      }
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
