// Earlier conversations, in the place of the current one: a list, and one of them to read.
import type { ChatClient } from '../client';
import type { Message } from '../contract';
import type { Earlier, MessagePage, Summary } from '../earlier';
import * as format from '../format';
import type { MoreWords } from '../locales/more/en';
import { strings } from '../strings';
import type { Actions } from '../view/actions';
import { button, el, icon, setText } from '../view/dom';
import { MailTranscript } from './mail';
import { focused } from '../view/focus';
import { messageRow } from '../view/message';

export class HistoryView {
  readonly element = el('div', { class: 'history', role: 'region', 'aria-label': strings.earlierConversations, tabindex: -1, testid: 'history', hidden: true });

  constructor(
    private readonly actions: Actions,
    private readonly words: MoreWords,
    private readonly client: ChatClient,
    private readonly onToggle: (open: boolean) => void,
  ) {}

  get isOpen(): boolean {
    return !this.element.hidden;
  }

  async open(earlier: Earlier, current: string | null): Promise<void> {
    this.element.hidden = false;
    this.onToggle(true);
    this.show(strings.backToChat, () => this.close(), [el('p', { class: 'history-note', role: 'status' }, [strings.loading])]);
    try {
      this.list(earlier, await earlier.list(current), current);
    } catch {
      this.failed(() => void this.open(earlier, current));
    }
  }

  close(): void {
    if (!this.isOpen) return;
    this.element.hidden = true;
    this.element.replaceChildren();
    this.onToggle(false);
  }

  private list(earlier: Earlier, found: readonly Summary[], current: string | null): void {
    const rows = found.map((each) =>
      el('li', {}, [
        button({ class: 'history-entry', testid: 'history-entry' }, [
          el('span', { class: 'history-subject', dir: 'auto' }, [each.subject]),
          el('time', { class: 'time', datetime: each.at }, [format.dateTime(each.at)]),
        ], () => void this.read(earlier, found, each, current)),
      ]),
    );
    const none = el('p', { class: 'history-note' }, [this.words.noEarlier]);
    this.show(strings.backToChat, () => this.close(), [
      rows.length === 0 ? none : el('ul', { class: 'history-list' }, rows),
      ...(current === null ? [] : [this.transcript(current)]),
    ]);
  }

  private async read(earlier: Earlier, found: readonly Summary[], one: Summary, current: string | null): Promise<void> {
    try {
      const last = await earlier.read(one.id, null);
      const pages = this.pages(last, (before) => earlier.read(one.id, before));
      this.show(this.words.backToEarlier, () => this.list(earlier, found, current), [...pages, this.transcript(one.id)]);
    } catch {
      this.failed(() => void this.read(earlier, found, one, current));
    }
  }

  /** The messages of a page, below a button for the page before it, where there is one. */
  private pages(last: MessagePage, readBefore: (before: number) => Promise<MessagePage>): readonly HTMLElement[] {
    const rows = el('div', { class: 'rows' }, last.messages.map((each) => this.row(each)));
    let before = last.earlierBefore;
    let isLoading = false;
    const load = async (): Promise<void> => {
      if (before === null || isLoading) return;
      isLoading = true;
      try {
        const page = await readBefore(before);
        before = page.earlierBefore;
        this.addAbove(rows, page);
        setText(more, strings.earlierMessages);
        // A button that goes would take the focus with it.
        if (before === null && focused(more) === more) this.element.focus({ preventScroll: true });
        more.hidden = before === null;
      } catch {
        setText(more, `${strings.earlierMessagesFailed} ${strings.tryAgain}`);
      } finally {
        isLoading = false;
      }
    };
    const more = button({ class: 'earlier', testid: 'history-earlier', hidden: before === null }, [strings.earlierMessages], () => void load());
    return [more, rows];
  }

  /** What the visitor reads stays where it is. */
  private addAbove(rows: HTMLElement, page: MessagePage): void {
    const below = this.element.scrollHeight - this.element.scrollTop;
    rows.prepend(...page.messages.map((each) => this.row(each)));
    this.element.scrollTop = this.element.scrollHeight - below;
  }

  private row(message: Message): HTMLElement {
    return messageRow({ kind: 'message', key: message.id, seq: 0, at: message.created_at, message }, this.actions, false);
  }

  /** Saves the conversation as a file; the button says so when it cannot be had. */
  private transcript(conversation: string): HTMLElement {
    const save = button({ class: 'history-back', testid: 'transcript' }, [icon('download'), this.words.transcript], () => {
      note.textContent = '';
      this.actions.saveTranscript(conversation).catch(() => void (note.textContent = this.words.transcriptFailed));
    });
    const note = el('p', { class: 'history-note', role: 'alert' });
    const byMail = this.client.session.hasOffer('mail') ? [new MailTranscript(this.client, conversation, this.words).element] : [];
    return el('div', { class: 'history-foot' }, [save, ...byMail, note]);
  }

  private failed(again: () => void): void {
    const retry = button({ class: 'link', testid: 'history-retry' }, [strings.tryAgain], again);
    this.show(strings.backToChat, () => this.close(), [el('p', { class: 'history-note', role: 'alert' }, [this.words.earlierFailed, ' ', retry])]);
  }

  private show(back: string, onBack: () => void, content: readonly HTMLElement[]): void {
    const head = button({ class: 'history-back', testid: 'history-back' }, [icon('back'), back], onBack);
    this.element.replaceChildren(head, ...content);
    this.element.scrollTop = 0;
    head.focus({ preventScroll: true });
  }
}
