// The chat panel: header, conversation, composer, and the source dialog above them.
import { isEmpty, workingRun } from '../state';
import type { State } from '../state';
import { strings } from '../strings';
import type { ConnectionStatus } from '../transport/connection';
import type { Actions } from './actions';
import { ComposerView } from './composer';
import { button, el, icon, setAttribute, setText } from './dom';
import type { IconName } from './dom';
import { EmptyView } from './empty';
import { trapTab } from './focus';
import type { HelpView } from '../help/view';
import { LogView } from './log';
import type { HistoryView } from '../more/history';
import type { SourceView } from '../more/source';

/** What the page asks for through attributes. */
export interface PanelOptions {
  readonly heading: string | null;
  readonly greeting: string | null;
  readonly placeholder: string | null;
  readonly privacyUrl: string | null;
  readonly suggestions: readonly string[];
  /** The page says who the visitor is, so they cannot be forgotten here. */
  readonly signedIn: boolean;
  /** Visitors may send files. */
  readonly files: boolean;
  /** Help articles are offered. */
  readonly help: boolean;
}

const PHONE = '(max-width: 480px)';

export class PanelView {
  readonly element: HTMLElement;
  readonly composer: ComposerView;
  readonly log: LogView;
  /** The dialog for sources, once one was opened. */
  source: SourceView | null = null;
  /** Earlier conversations, once they were opened. */
  history: HistoryView | null = null;
  /** Help articles, once they were opened. */
  help: HelpView | null = null;
  private readonly empty: EmptyView;
  private readonly title = el('h2', { id: 'title', class: 'title', dir: 'auto' });
  private readonly speaker = el('span');
  private readonly subtitle = el('p', { class: 'subtitle', testid: 'speaker', dir: 'auto' }, [this.speaker]);
  private readonly connection = el('div', { class: 'connection', testid: 'connection', role: 'status', hidden: true });
  private readonly leaveAddress: HTMLButtonElement;
  private readonly form = el('div', { class: 'source-layer', hidden: true });
  private leaveForm: (() => void) | null = null;
  private readonly main: HTMLElement;
  private readonly logFrame: HTMLElement;
  private readonly openHelp = this.headButton('help-open', 'help', strings.help, () => this.actions.showHelp());
  private options: PanelOptions | null = null;

  constructor(private readonly actions: Actions) {
    this.composer = new ComposerView(actions);
    this.empty = new EmptyView(actions.pick);
    this.log = new LogView(actions, this.empty.element);
    const logFrame = el('div', { class: 'log-frame' }, [this.log.element, this.log.jump]);
    this.logFrame = logFrame;
    this.leaveAddress = button({ class: 'leave', testid: 'leave-address', hidden: true }, [strings.leaveAddress], () => actions.leaveAddress());
    this.main = el('div', { class: 'main' }, [
      this.header(),
      this.leaveAddress,
      this.connection,
      logFrame,
      this.composer.element,
    ]);
    this.element = el('section', { class: 'panel', role: 'dialog', 'aria-labelledby': 'title', testid: 'panel', hidden: true }, [
      this.main,
      this.form,
    ]);
    this.element.addEventListener('keydown', (event) => this.keyDown(event));
    this.element.addEventListener('dragover', (event) => event.preventDefault());
    this.element.addEventListener('drop', (event) => this.composer.take(event, event.dataTransfer));
    window.visualViewport?.addEventListener('resize', this.fitKeyboard);
  }

  get isOpen(): boolean {
    return !this.element.hidden;
  }

  set isOpen(open: boolean) {
    if (open === this.isOpen) return;
    if (!open) {
      this.composer.voice?.cancel();
      this.source?.close();
      this.history?.close();
      this.help?.close();
      this.closeForm();
    }
    this.element.hidden = !open;
    if (open) this.log.scrollToEnd();
  }

  get hasForm(): boolean {
    return this.leaveForm !== null;
  }

  /** Whether something else stands in the place of the conversation. */
  setAside(aside: boolean): void {
    this.logFrame.hidden = aside;
    this.composer.element.hidden = aside;
    if (!aside) this.composer.focus();
  }

  /** Puts something where the conversation stands, which `setAside` hides. */
  place(element: HTMLElement): void {
    this.logFrame.after(element);
  }

  /** Whether a dialog covers the conversation. */
  cover(covered: boolean): void {
    this.main.inert = covered;
  }

  /** The place of a form, over the conversation; `leave` is what Escape does. */
  showForm(leave: () => void): HTMLElement {
    this.leaveForm = leave;
    this.form.hidden = false;
    this.cover(true);
    return this.form;
  }

  closeForm(): void {
    if (!this.hasForm) return;
    this.leaveForm = null;
    this.form.hidden = true;
    this.form.replaceChildren();
    this.cover(false);
  }

  destroy(): void {
    this.composer.voice?.cancel();
    window.visualViewport?.removeEventListener('resize', this.fitKeyboard);
    this.element.remove();
  }

  /** Moves focus off a button that goes or is disabled. On a touch screen the input would bring up the keyboard. */
  leaveButton(): void {
    if (window.matchMedia('(pointer: coarse)').matches) this.log.element.focus({ preventScroll: true });
    else this.composer.focus();
  }

  configure(options: PanelOptions): void {
    this.options = options;
    setText(this.title, options.heading ?? strings.heading);
    this.empty.update(options.greeting, options.suggestions);
    this.composer.takesFiles = options.files;
    this.openHelp.hidden = !options.help;
    this.composer.privacyUrl = options.privacyUrl;
  }

  render(state: State, status: ConnectionStatus, live: boolean): void {
    const withBot = state.speaker === 'bot';
    this.composer.placeholder = placeholderOf(state, this.options);
    this.composer.canStop = workingRun(state) !== null;
    this.composer.canEnd = state.closedBy === null && state.items.length > 0;
    this.composer.canForget = this.options?.signedIn !== true && !isEmpty(state);
    setText(this.speaker, speakerText(state));
    // A dot stands before it while a person is there or asked for.
    setAttribute(this.speaker, 'class', withBot ? null : state.speaker);
    setAttribute(this.speaker, 'testid', withBot ? null : 'banner');
    this.composer.isWithBot = withBot;
    this.composer.person = personState(state);
    this.leaveAddress.hidden = !state.offersAddress;
    const said = connectionText(status);
    this.connection.hidden = said === '';
    setAttribute(this.connection, 'data-status', status);
    setText(this.connection, said);
    this.log.render(state, live);
  }

  /** An on-screen keyboard covers the page without resizing it; the full-screen sheet follows what is visible. */
  private readonly fitKeyboard = (): void => {
    const view = window.visualViewport;
    if (!view || !this.isOpen || view.scale > 1) return;
    this.element.style.setProperty('--view-height', `${view.height}px`);
    this.element.style.setProperty('--view-top', `${view.offsetTop}px`);
  };

  private header(): HTMLElement {
    // Not <header>: inside a dialog that would be a landmark of the whole page.
    return el('div', { class: 'panel-head' }, [
      el('div', { class: 'mark', 'aria-hidden': 'true' }, [icon('chat')]),
      el('div', { class: 'titles' }, [this.title, this.subtitle]),
      this.openHelp,
      this.headButton('history-open', 'history', strings.earlierConversations, () => this.actions.showHistory()),
      this.headButton('close', 'close', strings.close, () => this.actions.close()),
    ]);
  }

  private headButton(testid: string, name: IconName, label: string, onClick: () => void): HTMLButtonElement {
    return button({ class: 'icon-button', testid, 'aria-label': label, title: label }, [icon(name)], onClick);
  }

  private keyDown(event: KeyboardEvent): void {
    if (event.key === 'Escape' && !event.isComposing) {
      event.stopPropagation();
      if (this.leaveForm) this.leaveForm();
      else if (this.source?.isOpen) this.source.close();
      else if (this.help?.isOpen) this.help.leave();
      else if (this.history?.isOpen) this.history.close();
      else if (this.composer.canStop) this.actions.stop();
      else this.actions.close();
      return;
    }
    if (this.hasForm) trapTab(this.form, event);
    // On a phone the panel covers the page, so Tab must not wander behind it.
    else if (!this.source?.isOpen && window.matchMedia(PHONE).matches) trapTab(this.main, event);
  }
}

function personState(state: State): 'offered' | 'asked' | 'there' {
  if (state.speaker !== 'bot') return 'there';
  return state.handoverAsked ? 'asked' : 'offered';
}

/** Who answers now. */
export function speakerText(state: State): string {
  if (state.closedBy !== null) return strings.subtitleClosed;
  if (state.speaker === 'bot') return strings.subtitle;
  return state.speaker === 'waiting' ? strings.subtitleWaiting : strings.subtitleAgent(state.agentName ?? strings.agentFallback);
}

function placeholderOf(state: State, options: PanelOptions | null): string {
  if (state.closedBy !== null) return strings.placeholderClosed;
  return state.speaker === 'bot' ? (options?.placeholder ?? strings.placeholder) : strings.placeholderAgent;
}

export function connectionText(status: ConnectionStatus): string {
  if (status === 'refused') return strings.refused;
  if (status === 'signed_out') return strings.signedOut;
  if (status === 'reconnecting') return navigator.onLine ? strings.reconnecting : strings.offline;
  return status === 'connecting' && !navigator.onLine ? strings.offline : '';
}
