// The custom element <support-chat>: attributes in, events out, and the wiring between the client and its views.
import { ChatClient } from './client';
import type { Citation } from './contract';
import type { State } from './state';
import { initialState, unreadCount } from './state';
import { strings } from './strings';
import { applyStyles } from './styles';
import type { Actions } from './view/actions';
import { Announcer, announcements } from './view/announcer';
import { button, el, icon, setAttribute, setText } from './view/dom';
import { parseSuggestions } from './view/empty';
import { PanelView } from './view/panel';

// Events that arrive this soon after connecting are an earlier conversation being replayed, not news.
const REPLAY_MS = 1_000;
// Events of one burst are drawn together.
const DRAW_MS = 16;

export class SupportChat extends HTMLElement {
  static readonly observedAttributes = ['heading', 'greeting', 'placeholder', 'suggestions', 'privacy-url', 'identity'];
  /** Where the server is when no base-url is given; register.ts sets it to the script's own origin. */
  static defaultBaseUrl = '';

  private client: ChatClient | null = null;
  private drawn: State = initialState;
  private drawTimer: ReturnType<typeof setTimeout> | undefined;
  private liveFrom = 0;
  private unread = 0;
  private signedOut = false;
  private readonly panel = new PanelView(this.actions());
  private readonly announcer = new Announcer();
  private readonly badge = el('span', { class: 'badge', 'aria-hidden': 'true', hidden: true });
  private readonly launcherIcon = el('span', { class: 'launcher-icon' }, [icon('chat')]);
  private readonly launcher = button(
    { class: 'launcher', testid: 'launcher', 'aria-label': strings.open, 'aria-expanded': 'false' },
    [this.launcherIcon, this.badge],
    () => this.toggle(),
  );

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open' });
    applyStyles(root);
    root.append(this.panel.element, this.announcer.element, this.launcher);
  }

  connectedCallback(): void {
    this.configure();
    this.client = new ChatClient(this.baseUrl, () => this.changed(), () => this.identity);
    // A visitor who never chatted costs the server nothing until the panel opens.
    if (this.client.isReturning) this.connect(true);
    if (this.hasAttribute('open')) this.show();
    document.addEventListener('visibilitychange', this.changed);
    this.draw();
  }

  disconnectedCallback(): void {
    document.removeEventListener('visibilitychange', this.changed);
    clearTimeout(this.drawTimer);
    this.client?.stop();
    this.client = null;
  }

  attributeChangedCallback(name: string): void {
    if (!this.client) return;
    this.configure();
    if (name === 'identity') this.client.signInAgain();
  }

  /** A page may leave the attribute empty while nobody is signed in. */
  private get identity(): string | null {
    const said = this.getAttribute('identity');
    return said === '' ? null : said;
  }

  get baseUrl(): string {
    const given = this.getAttribute('base-url') ?? SupportChat.defaultBaseUrl;
    return new URL(given === '' ? '/' : given, document.baseURI).href.replace(/\/+$/, '');
  }

  /** Opens the panel and moves focus into it. */
  open(): void {
    this.show();
    this.panel.composer.focus();
  }

  /** Closes the panel and gives focus back to the launcher. */
  close(): void {
    if (!this.panel.isOpen) return;
    this.setOpen(false);
    this.launcher.focus({ preventScroll: true });
    this.emit('support-chat-close');
  }

  /** Opens the panel and sends a question, as if the visitor had typed it. */
  ask(text: string): void {
    this.open();
    if (text.trim() !== '') this.client?.send(text.trim());
  }

  private show(): void {
    if (this.panel.isOpen) return;
    this.setOpen(true);
    this.connect(false);
    this.emit('support-chat-open');
  }

  private setOpen(open: boolean): void {
    this.panel.isOpen = open;
    setAttribute(this, 'open', open);
    setAttribute(this.launcher, 'aria-expanded', String(open));
    this.launcherIcon.replaceChildren(icon(open ? 'close' : 'chat'));
    this.changed();
  }

  private toggle(): void {
    if (this.panel.isOpen) this.close();
    else this.open();
  }

  private connect(returning: boolean): void {
    if (this.client?.status !== 'idle') return;
    this.liveFrom = returning ? Infinity : 0;
    this.client.start();
  }

  private configure(): void {
    this.panel.configure({
      heading: this.getAttribute('heading'),
      greeting: this.getAttribute('greeting'),
      placeholder: this.getAttribute('placeholder'),
      privacyUrl: this.getAttribute('privacy-url'),
      suggestions: parseSuggestions(this.getAttribute('suggestions')),
      signedIn: this.identity !== null,
    });
  }

  private actions(): Actions {
    return {
      send: (text) => this.client?.send(text),
      pick: (text) => {
        this.client?.send(text);
        this.panel.leaveButton();
      },
      typing: () => this.client?.typing(),
      retry: (clientId) => {
        this.client?.retry(clientId);
        this.panel.composer.focus();
      },
      edit: (clientId, text) => {
        this.client?.discard(clientId);
        this.panel.composer.fill(text);
      },
      askForPerson: () => {
        this.client?.askForPerson();
        // The pressed button is now disabled, and a disabled button loses focus to nowhere.
        this.panel.composer.focus();
        this.emit('support-chat-handover');
      },
      rateSupport: (score) => this.client?.rateSupport(score),
      rate: (messageId, value, comment) => this.client?.rate(messageId, value, comment),
      openSource: (messageId, citations, opener) => this.openSource(messageId, citations, opener),
      forget: () => {
        if (!window.confirm(strings.forgetQuestion)) return;
        void this.client?.forget();
        this.panel.composer.focus();
      },
      loadEarlier: () => this.client?.loadEarlier(),
      close: () => this.close(),
      end: () => this.client?.end(),
      showHistory: () => {
        if (this.client) void this.panel.history.open(this.client.earlier, this.client.state.conversation);
      },
    };
  }

  private openSource(messageId: string | null, citations: readonly Citation[], opener: HTMLElement): void {
    const { client, panel } = this;
    const [first] = citations;
    if (!client || !first) return;
    panel.source.open(citations, opener, first.passage ?? client.passageOf(messageId, first));
  }

  private readonly changed = (): void => {
    this.tellSignedOut();
    if (this.client?.status === 'online' && this.liveFrom === Infinity) this.liveFrom = Date.now() + REPLAY_MS;
    this.drawTimer ??= setTimeout(() => this.draw(), DRAW_MS);
  };

  /** The page can set the attribute `identity` anew. */
  private tellSignedOut(): void {
    const signedOut = this.client?.status === 'signed_out';
    if (signedOut && !this.signedOut) this.emit('support-chat-signed-out');
    this.signedOut = signedOut;
  }

  private draw(): void {
    clearTimeout(this.drawTimer);
    this.drawTimer = undefined;
    if (!this.client) return;
    const { state, status, storage } = this.client;
    const live = Date.now() >= this.liveFrom;
    this.panel.render(state, status, live);
    if (live && this.panel.isOpen) this.announcer.say(announcements(this.drawn, state));
    this.drawn = state;
    const { conversation, lastSeq } = state;
    if (this.panel.isOpen && !document.hidden && lastSeq > storage.readSeq(conversation)) storage.setReadSeq(conversation, lastSeq);
    this.drawUnread(unreadCount(state, storage.readSeq(conversation)));
  }

  private drawUnread(count: number): void {
    const shown = this.panel.isOpen ? 0 : count;
    this.badge.hidden = shown === 0;
    setText(this.badge, shown > 9 ? '9+' : String(shown));
    const closedLabel = shown > 0 ? strings.openUnread(shown) : strings.open;
    setAttribute(this.launcher, 'aria-label', this.panel.isOpen ? strings.close : closedLabel);
    if (shown !== this.unread) this.emit('support-chat-unread', { count: shown });
    this.unread = shown;
  }

  private emit(name: string, detail?: Readonly<Record<string, number>>): void {
    this.dispatchEvent(new CustomEvent(name, { bubbles: true, composed: true, detail }));
  }
}
