// What a screen reader hears: whole sentences, once, and only what is new.
import { choicesState, stepNumber } from '../state';
import type { AnswerItem, State, StoredItem } from '../state';
import { strings } from '../strings';
import { el } from './dom';
import { plainText } from './markdown';
import { authorName, noticeText } from './message';

// Old lines are dropped, so that the region does not grow into a second copy of the conversation.
const KEPT = 12;

export class Announcer {
  readonly element = el('div', { class: 'sr-only', 'aria-live': 'polite', 'aria-relevant': 'additions' });

  say(lines: readonly string[]): void {
    this.element.append(...lines.map((line) => el('p', { dir: 'auto' }, [line])));
    // A line that goes in the moment it came is never spoken.
    while (this.element.childElementCount > Math.max(KEPT, lines.length)) this.element.firstElementChild?.remove();
  }
}

/** The lines to speak when the conversation moved from one state to the next. */
export function announcements(before: State, after: State): readonly string[] {
  const known = new Map(before.items.map((item) => [item.key, item]));
  // Earlier messages that come in above are read by who asked for them.
  const from = Math.max(0, after.items.findIndex((item) => known.has(item.key)));
  const lines = after.items.slice(from).flatMap((item) => {
    const old = known.get(item.key);
    return old === item ? [] : [...itemLines(old, item), ...choiceLines(old, item, after)];
  });
  const failures = after.pending.flatMap((item) => {
    const old = before.pending.find((each) => each.key === item.key);
    return item.failure && !old?.failure ? [item.failure.text] : [];
  });
  return [...lines, ...failures];
}

function itemLines(old: StoredItem | undefined, item: StoredItem): readonly string[] {
  switch (item.kind) {
    case 'answer':
      return answerLines(old?.kind === 'answer' ? old : undefined, item);
    case 'message':
      return item.message.author === 'customer' ? [] : [`${authorName(item)}: ${plainText(item.message.text)}`];
    case 'notice': {
      const text = noticeText(item.notice);
      return text === null ? [] : [text];
    }
  }
}

function answerLines(old: AnswerItem | undefined, item: AnswerItem): readonly string[] {
  if (item.restarted && !old?.restarted) return [strings.restarted];
  if (item.outcome === 'stopped' && old?.working) return [strings.stopped];
  // A completed answer repeats the sentences that were streamed; only those beyond them are new.
  const said = old?.sentences.length ?? 0;
  const fresh = item.sentences.slice(said).map(({ text }, index) => {
    const number = stepNumber(item.sentences, said + index);
    return number === null ? plainText(text) : `${number}. ${plainText(text)}`;
  });
  if (fresh.length > 0) return fresh;
  // One status line per answer is enough to know that something happens.
  return item.status !== '' && !old?.status && !old?.sentences.length ? [item.status] : [];
}

/** The choices once, when they come: they stand below words that were already spoken. */
function choiceLines(old: StoredItem | undefined, item: StoredItem, state: State): readonly string[] {
  if (item.kind !== 'answer' || item.choices.length === 0 || choicesState(state, item.key) === 'gone') return [];
  if (old?.kind === 'answer' && old.choices.length > 0) return [];
  return [strings.choicesOffered(item.choices.map((choice) => choice.label))];
}
