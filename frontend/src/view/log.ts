// The conversation: keyed rows in order, day separators, and scrolling that never pulls a reader away.
import * as format from '../format';
import { choicesState, editableKey, lastAnswerKey, timeline } from '../state';
import type { Item, State } from '../state';
import { strings } from '../strings';
import type { Actions, RowContext } from './actions';
import { AnswerView } from './answer';
import { button, el, icon, setText } from './dom';
import { dayRow, messageRow, noticeRow, pendingRow } from './message';

interface Row {
  /** What the row was drawn from; the same again means nothing to do. */
  readonly item: Item | null;
  readonly context: string;
  readonly element: HTMLElement;
  readonly answer: AnswerView | null;
}

// Being this close to the end counts as reading along.
const NEAR_END_PX = 64;

export class LogView {
  /** The announcer speaks for the log, in whole sentences; the log itself stays silent. */
  readonly element = el('div', { class: 'log', role: 'log', 'aria-live': 'off', 'aria-label': strings.log, tabindex: 0, testid: 'log' });
  readonly jump = button({ class: 'jump', testid: 'new-message', hidden: true }, [icon('arrowDown'), strings.newMessage], () =>
    this.scrollToEnd(true),
  );
  private readonly earlier = button({ class: 'earlier', testid: 'earlier', hidden: true }, [strings.earlierMessages], () =>
    this.actions.loadEarlier(),
  );
  private readonly list = el('div', { class: 'rows' });
  private readonly typing = el('p', { class: 'typing', hidden: true });
  private rows = new Map<string, Row>();
  private placed: HTMLElement | null = null;
  private firstKey: string | null = null;
  /** The height of the element before a line above it or the composer took some of it. */
  private height = 0;

  constructor(
    private readonly actions: Actions,
    private readonly empty: HTMLElement,
  ) {
    this.element.append(empty, this.earlier, this.list, this.typing);
    this.element.addEventListener('scroll', () => {
      if (this.isNearEnd) this.jump.hidden = true;
    }, { passive: true });
    new ResizeObserver(() => {
      if (this.isNearEnd) this.scrollToEnd();
      this.height = this.element.clientHeight;
    }).observe(this.element);
  }

  render(state: State, live: boolean): void {
    const wasNearEnd = this.isNearEnd;
    const heightBefore = this.element.scrollHeight;
    const items = timeline(state);
    this.empty.hidden = items.length > 0;
    const topBefore = this.element.scrollTop;
    const grewAbove = !wasNearEnd && items.findIndex((item) => item.key === this.firstKey) > 0;
    this.firstKey = items[0]?.key ?? null;
    this.showEarlier(state.earlierBefore !== null);
    this.renderRows(items, state, live);
    this.typing.hidden = state.typing === null;
    setText(this.typing, state.typing === null ? '' : strings.typing(state.typing));
    // What the visitor reads stays where it is when earlier messages come in above it.
    if (grewAbove) this.element.scrollTop = topBefore + this.element.scrollHeight - heightBefore;
    else if (wasNearEnd || !live) this.scrollToEnd();
    else if (this.element.scrollHeight > heightBefore) this.jump.hidden = false;
  }

  scrollToEnd(smooth = false): void {
    this.jump.hidden = true;
    const calm = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
    // A new conversation is read from its beginning.
    const top = this.empty.hidden ? this.element.scrollHeight : 0;
    this.element.scrollTo({ top, behavior: smooth && !calm ? 'smooth' : 'instant' });
  }

  private showEarlier(shown: boolean): void {
    // A button that goes would take the focus with it.
    if (!shown && this.earlier.matches(':focus')) this.element.focus({ preventScroll: true });
    this.earlier.hidden = !shown;
  }

  private get isNearEnd(): boolean {
    const { scrollHeight, scrollTop, clientHeight } = this.element;
    return scrollHeight - scrollTop - Math.max(clientHeight, this.height) < NEAR_END_PX;
  }

  private renderRows(items: readonly Item[], state: State, live: boolean): void {
    const rows = new Map<string, Row>();
    this.placed = null;
    const last = lastAnswerKey(state);
    let day = '';
    for (const item of items) {
      const itemDay = format.dayKey(item.at);
      if (itemDay !== day && itemDay !== '') {
        day = itemDay;
        this.place(rows, `day:${day}`, this.dayRow(day, item.at));
      }
      const context = contextOf(item, state, last, live);
      this.place(rows, item.key, this.row(item, context));
    }
    for (const [key, row] of this.rows) if (rows.get(key)?.element !== row.element) row.element.remove();
    this.rows = rows;
  }

  /** Puts the row after the ones placed before it; a row already there is not moved, so it keeps focus. */
  private place(rows: Map<string, Row>, key: string, row: Row): void {
    if (rows.has(key)) return;
    const spot = this.placed ? this.placed.nextSibling : this.list.firstChild;
    if (spot !== row.element) this.list.insertBefore(row.element, spot);
    this.placed = row.element;
    rows.set(key, row);
  }

  private dayRow(day: string, at: string): Row {
    const element = this.rows.get(`day:${day}`)?.element ?? dayRow(format.dayLabel(at));
    return { item: null, context: '', element, answer: null };
  }

  private row(item: Item, context: RowContext): Row {
    const known = this.rows.get(item.key);
    const contextKey = item.kind === 'answer' ? JSON.stringify(context) : String(context.canEditAgain);
    if (known?.item === item && known.context === contextKey) return known;
    if (item.kind !== 'answer') return { item, context: contextKey, element: this.draw(item, known, context), answer: null };
    const answer = known?.answer ?? new AnswerView(this.actions);
    answer.update(item, context);
    return { item, context: contextKey, element: answer.element, answer };
  }

  private draw(item: Exclude<Item, { kind: 'answer' }>, known: Row | undefined, context: RowContext): HTMLElement {
    const element = draw(item, this.actions, context);
    // A message that is confirmed replaces its pending form without moving in again.
    if (context.live && !known) element.classList.add('appear');
    return element;
  }
}

function draw(item: Exclude<Item, { kind: 'answer' }>, actions: Actions, context: RowContext): HTMLElement {
  switch (item.kind) {
    case 'message':
      return messageRow(item, actions, context.live, context.canEditAgain);
    case 'pending':
      return pendingRow(item, actions);
    case 'notice':
      return noticeRow(item, actions) ?? el('div', { hidden: true });
  }
}

function contextOf(item: Item, state: State, lastAnswer: string | null, live: boolean): RowContext {
  const messageId = item.kind === 'answer' ? item.message?.id : undefined;
  return {
    isLastAnswer: item.key === lastAnswer,
    canEditAgain: item.key === editableKey(state),
    choices: item.key === lastAnswer ? choicesState(state, item.key) : 'gone',
    canAskForPerson: state.speaker === 'bot',
    handoverAsked: state.handoverAsked,
    feedback: messageId === undefined ? null : (state.feedback[messageId] ?? null),
    live,
  };
}
