// Rows that are written once: messages of people, messages on their way, and the notices between them.
import type { SentFile } from '../contract';
import * as format from '../format';
import type { MessageItem, Notice, NoticeItem, PendingItem } from '../state';
import { strings } from '../strings';
import type { Actions } from './actions';
import { button, el, icon } from './dom';
import { blocks } from './markdown';
import { ratingRow } from './rating';
import { numbered, SentencesView, sourceList } from './sentences';
import type { OpenSource } from './sentences';

export function authorName(item: MessageItem): string {
  const { author, agent_name: name } = item.message;
  if (author === 'customer') return strings.you;
  return author === 'agent' ? (name ?? strings.agent) : strings.bot;
}

/** What a notice says; null for one that needs no words. */
export function noticeText(notice: Notice): string | null {
  switch (notice.about) {
    case 'error':
      return notice.text;
    case 'ticket':
      // A closed ticket comes with the end of the conversation, which has words of its own.
      return notice.status === 'solved' ? strings.ticketSolved : null;
    case 'rating':
      return notice.score === null ? notice.text : strings.ratingThanks(notice.score);
    case 'address':
      return strings.addressLeft(notice.address);
    case 'closed':
      return `${notice.text} ${strings.writeAgain}`.trim();
    case 'handover':
      if (notice.state === 'waiting') return notice.text || strings.noticeWaiting;
      if (notice.state === 'bot') return strings.noticeReturned;
      return notice.agentName === null ? strings.noticeJoinedUnnamed : strings.noticeJoined(notice.agentName);
  }
}

/** A colleague's reply may carry sentences with their citations: a draft that was approved word for word. */
export function messageRow(item: MessageItem, actions: Actions, live: boolean, canEditAgain = false): HTMLElement {
  const { message } = item;
  if (message.author === 'system') return el('p', { class: 'notice', dir: 'auto' }, [message.text]);
  const mine = message.author === 'customer';
  const name = authorName(item);
  const sentences = numbered(message.sentences);
  const openSource: OpenSource = (citations, opener) => actions.openSource(message.id, citations, opener);
  const words = new SentencesView(openSource);
  words.update(sentences, live);
  // What customers write is shown as they have written it.
  if (sentences.length === 0) words.element.append(...(mine ? [message.text] : blocks(message.text)));
  words.element.hidden = mine && message.text === '';
  words.element.title = format.dateTime(item.at);
  const sources = sourceList(sentences, openSource);
  const head = mine ? [] : [el('div', { class: 'author', 'aria-hidden': 'true' }, [name])];
  return el('article', { class: mine ? 'row mine' : 'row theirs', 'aria-label': name }, [
    ...head,
    words.element,
    ...fileList(message.files, actions),
    ...(sources ? [sources] : []),
    mine && canEditAgain ? editable(message.text, item.at, actions) : timeOf(item.at),
  ]);
}

function fileList(files: readonly SentFile[], actions: Actions): readonly HTMLElement[] {
  return files.map((file) => {
    const look = file.content_type.startsWith('image/') ? el('canvas', { class: 'picture', width: 320, height: 240 }) : icon('document');
    if (look instanceof HTMLCanvasElement) actions.drawFile(file, look);
    return button({ class: 'sent-file', testid: 'sent-file', dir: 'auto' }, [look, file.name], () => actions.saveFile(file));
  });
}

function editable(text: string, at: string, actions: Actions): HTMLElement {
  const edit = button({ class: 'edit-again', testid: 'edit-again' }, [icon('edit'), strings.editLast], () => actions.editAgain(text));
  return el('div', { class: 'mine-foot' }, [edit, timeOf(at)]);
}

export function timeOf(at: string): HTMLElement {
  return el('time', { class: 'time', datetime: at, title: format.dateTime(at) }, [format.time(at)]);
}

export function pendingRow(item: PendingItem, actions: Actions): HTMLElement {
  const bubble = el('div', { class: 'bubble', dir: 'auto', hidden: item.text === '' }, [item.text]);
  const state = item.failure === null ? sending() : failed(item, item.failure, actions);
  return el('article', { class: item.failure ? 'row mine failed' : 'row mine sending', 'aria-label': strings.you }, [bubble, ...fileList(item.files, actions), state]);
}

function sending(): HTMLElement {
  return el('div', { class: 'delivery' }, [strings.sending]);
}

function failed(item: PendingItem, failure: NonNullable<PendingItem['failure']>, actions: Actions): HTMLElement {
  const again = failure.retryable
    ? button({ class: 'link', testid: 'retry' }, [strings.tryAgain], () => actions.retry(item.clientId))
    : button({ class: 'link', testid: 'edit' }, [strings.edit], () => actions.edit(item.clientId, item.text));
  return el('div', { class: 'delivery' }, [el('span', { class: 'problem', dir: 'auto' }, [icon('alert'), failure.text]), again]);
}

export function noticeRow(item: NoticeItem, actions: Actions): HTMLElement | null {
  if (item.notice.about === 'rating') return ratingRow(item.notice, actions);
  const text = noticeText(item.notice);
  if (text === null) return null;
  const isError = item.notice.about === 'error';
  const mark = isError ? [icon('alert')] : [];
  return el('p', { class: isError ? 'notice error' : 'notice', dir: 'auto', title: format.dateTime(item.at) }, [
    ...mark,
    el('span', {}, [text]),
  ]);
}

export function dayRow(label: string): HTMLElement {
  return el('div', { class: 'day' }, [el('span', {}, [label])]);
}
