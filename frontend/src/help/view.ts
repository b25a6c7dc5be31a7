// Help articles, in the place of the conversation: all of them, a search, and one of them to read.
import * as format from '../format';
import type { MoreWords } from '../locales/more/en';
import { strings } from '../strings';
import { button, el, icon } from '../view/dom';
import { blocks } from '../view/markdown';
import type { Article, Articles, Result, Title } from './articles';

export interface HelpOptions {
  readonly articles: Articles;
  readonly words: MoreWords;
  /** Hears true when the help covers the conversation, and false when it has gone. */
  readonly onToggle: (open: boolean) => void;
  /** Asks the assistant about an article. */
  readonly ask: (title: string) => void;
}

export class HelpView {
  readonly element: HTMLElement;
  private readonly input: HTMLInputElement;
  private readonly form: HTMLFormElement;
  private readonly body = el('div', { class: 'help-body' });
  private readonly status = el('p', { class: 'history-note', role: 'status' });
  private searched = '';
  /** Only the newest request is drawn. */
  private turn = 0;

  constructor(private readonly options: HelpOptions) {
    const { words } = options;
    this.input = el('input', { class: 'help-input', type: 'search', maxlength: 200, enterkeyhint: 'search', 'aria-label': words.helpSearch, placeholder: words.helpSearch, testid: 'help-input', dir: 'auto' });
    this.form = el('form', { class: 'help-form', role: 'search' }, [
      this.input,
      el('button', { class: 'help-find', type: 'submit', testid: 'help-find' }, [words.helpFind]),
    ]);
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.search();
    });
    this.element = el('div', { class: 'history help', role: 'region', 'aria-label': words.help, tabindex: -1, testid: 'help', hidden: true });
  }

  get isOpen(): boolean {
    return !this.element.hidden;
  }

  async open(): Promise<void> {
    this.element.hidden = false;
    this.options.onToggle(true);
    this.element.replaceChildren(this.back(strings.backToChat, () => this.close()), this.form, this.status, this.body);
    // On a touch screen the input would bring up the keyboard, over the list.
    const isTouch = window.matchMedia('(pointer: coarse)').matches;
    (isTouch ? this.element : this.input).focus({ preventScroll: true });
    if (this.body.childElementCount === 0) await this.search();
  }

  close(): void {
    if (!this.isOpen) return;
    this.element.hidden = true;
    this.turn += 1;
    this.options.onToggle(false);
  }

  /** Where Escape leads: from an article to the list, and from there to the conversation. */
  leave(): void {
    if (this.form.isConnected) this.close();
    else void this.open();
  }

  private async search(): Promise<void> {
    const { articles, words } = this.options;
    this.searched = this.input.value.trim();
    await this.read(async () => {
      const found = this.searched === '' ? null : await articles.search(this.searched);
      const rows = found?.map((each) => this.result(each)) ?? (await articles.list()).map((each) => this.title(each));
      const head = found ? words.helpResults : words.helpAll;
      const isEmpty = rows.length === 0;
      this.status.textContent = isEmpty ? words.helpNone : '';
      this.body.replaceChildren(...(isEmpty ? [this.ask(this.searched)] : [el('h3', { class: 'help-head' }, [head]), el('ul', { class: 'history-list' }, rows)]));
    }, () => this.search());
  }

  private title({ id, title }: Title): HTMLElement {
    return el('li', {}, [this.entry(id, '', [el('span', { class: 'help-name', dir: 'auto' }, [title])])]);
  }

  private result({ id, title, heading, section, snippet }: Result): HTMLElement {
    // The title is often the first heading as well; it need not be read twice.
    const path = [title, ...heading.filter((each) => each !== title)].join(' › ');
    return el('li', {}, [
      this.entry(id, section, [
        el('span', { class: 'help-name', dir: 'auto' }, [section === '' ? title : section]),
        el('span', { class: 'help-path', dir: 'auto' }, [path]),
        el('span', { class: 'help-snippet', dir: 'auto' }, [snippet]),
      ]),
    ]);
  }

  private entry(id: string, section: string, parts: readonly HTMLElement[]): HTMLElement {
    const opener = button({ class: 'history-entry', testid: 'help-entry' }, parts, () => void this.show(id, section, opener));
    return opener;
  }

  private async show(id: string, section: string, opener: HTMLElement): Promise<void> {
    await this.read(async () => {
      const article = await this.options.articles.read(id);
      const back = this.back(this.options.words.helpBack, () => {
        void this.open();
        opener.focus();
      });
      const { title, drawn, target } = this.article(article, section);
      this.element.replaceChildren(back, drawn);
      this.element.scrollTop = target === title ? 0 : target.offsetTop - this.element.offsetTop - back.offsetHeight;
      target.focus({ preventScroll: true });
    }, () => this.show(id, section, opener));
  }

  private article({ title, updatedAt, sections }: Article, wanted: string): { title: HTMLElement; drawn: HTMLElement; target: HTMLElement } {
    const heading = el('h3', { class: 'article-title', tabindex: -1, dir: 'auto', testid: 'article-title' }, [title]);
    let target: HTMLElement = heading;
    const parts = sections.flatMap(({ heading: words, level, text }) => {
      const above = words === '' ? [] : [el(level < 3 ? 'h4' : 'h5', { class: 'article-head', tabindex: -1, dir: 'auto' }, [words])];
      if (words === wanted && above[0] && target === heading) target = above[0];
      return [...above, el('div', { class: 'article-text', dir: 'auto' }, withParagraphs(text))];
    });
    const updated = format.day(updatedAt);
    const drawn = el('article', { class: 'article', testid: 'article' }, [
      heading,
      ...(updated === '' ? [] : [el('p', { class: 'help-path' }, [strings.updated(updated)])]),
      ...parts,
      this.ask(title),
    ]);
    return { title: heading, drawn, target };
  }

  private ask(about: string): HTMLElement {
    return button({ class: 'help-find help-ask', testid: 'help-ask' }, [icon('chat'), this.options.words.helpAsk], () => {
      this.close();
      this.options.ask(about);
    });
  }

  /** What is read takes the place of what stands there when it has come. */
  private async read(show: () => Promise<void>, again: () => Promise<void>): Promise<void> {
    const turn = ++this.turn;
    this.status.textContent = strings.loading;
    try {
      const before = this.turn;
      await show();
      if (before === this.turn && this.status.textContent === strings.loading) this.status.textContent = '';
    } catch {
      if (turn !== this.turn) return;
      const retry = button({ class: 'link', testid: 'help-retry' }, [strings.tryAgain], () => void again());
      this.status.replaceChildren(this.options.words.helpFailed, ' ', retry);
    }
  }

  private back(label: string, onClick: () => void): HTMLElement {
    return button({ class: 'history-back', testid: 'help-back' }, [icon('back'), label], onClick);
  }
}

/** Runs of words become paragraphs, also in a text without lists. */
function withParagraphs(text: string): readonly (Node | string)[] {
  return text.split(/\n{2,}/).flatMap((part) => {
    const drawn = blocks(part);
    return drawn.some((each) => each instanceof HTMLElement && ['P', 'UL', 'OL', 'DIV', 'PRE', 'BLOCKQUOTE'].includes(each.tagName)) ? drawn : [el('p', {}, drawn)];
  });
}
