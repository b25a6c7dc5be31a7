// The custom element <support-chat>: the launcher, and all else as soon as somebody wants it.
import type { SupportChatElement, SupportChatEvents } from '../../support-chat';
import type { Strings } from '../locales/en';
import { traceOf } from '../storage';
import { CHAT, CLOSE, button, drawing, el, setAttribute, setText } from '../view/dom';
import { LAUNCHER_WORDS, chooseLanguage, directionOf } from './language';
import type { Choice, Language } from './language';
import { load } from './loader';
import type { Source } from './loader';
import type { EventName, Host, LauncherLook, Part, Provided, Watch } from './part';
import { launcherStyles } from '../styles/launcher';
import { applySheet } from '../view/sheet';

type Wish = (part: Part) => void;

export class SupportChat extends HTMLElement implements SupportChatElement {
  static readonly observedAttributes = ['heading', 'greeting', 'placeholder', 'suggestions', 'privacy-url', 'identity', 'lang', 'ask-first', 'consent', 'files', 'help', 'voice', 'sound'];
  /** Where the server is when no base-url is given: the origin of the script. */
  static defaultBaseUrl = '';
  /** Where the script came from; null where a page has bundled it. */
  static source: Source | null = null;
  private static provided: Provided = {};

  private chat: Part | null = null;
  private wishes: Wish[] = [];
  private watch: Watch | null = null;
  private choice: Choice | null = null;
  private readonly pageLanguage = new MutationObserver(() => this.followLanguage());
  private readonly badge = el('span', { class: 'badge', 'aria-hidden': 'true', hidden: true });
  private readonly launcherIcon = el('span', { class: 'launcher-icon' }, [drawing(CHAT)]);
  private readonly note = el('p', { class: 'launch-note', role: 'status' });
  private readonly launcher = button(
    { class: 'launcher', testid: 'launcher', 'aria-expanded': 'false' },
    [this.launcherIcon, this.badge],
    () => this.toggle(),
  );
  private readonly frame = el('div', { class: 'frame' }, [this.launcher, this.note]);

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open' });
    applySheet(root, launcherStyles);
    root.append(this.frame);
    for (const intent of ['pointerenter', 'focus', 'touchstart']) {
      this.launcher.addEventListener(intent, () => void this.load('panel').catch(() => undefined), { passive: true });
    }
  }

  /** The files that are loaded later call this. */
  static provide(provided: Provided): void {
    const words = { ...SupportChat.provided.words, ...provided.words };
    SupportChat.provided = { ...SupportChat.provided, ...provided, words };
  }

  connectedCallback(): void {
    this.followLanguage();
    this.pageLanguage.observe(document.documentElement, { attributes: true, attributeFilter: ['lang'] });
    const site = this.getAttribute('site');
    if (site) void this.beginOn(site);
    else this.begin();
  }

  private begin(): void {
    if (location.hash.startsWith('#support-chat=')) this.open();
    else if (this.hasAttribute('open')) this.want((part) => part.show());
    else void this.comeBack();
  }

  /** Nothing is seen before the server has said how the site looks, and nothing at all while it is offline. */
  private async beginOn(site: string): Promise<void> {
    this.frame.hidden = true;
    await this.load('site').catch(() => undefined);
    const isShown = (await SupportChat.provided.readSite?.(this, this.baseUrl, site)) ?? true;
    this.frame.hidden = !isShown;
    if (isShown) this.begin();
  }

  disconnectedCallback(): void {
    this.pageLanguage.disconnect();
    this.watch?.stop();
    this.watch = null;
    this.wishes = [];
    this.chat?.destroy();
    this.chat = null;
    this.drawClosed();
  }

  attributeChangedCallback(name: string): void {
    if (name === 'lang' && this.isConnected) this.followLanguage();
    this.chat?.configure();
    if (name === 'identity') this.chat?.signInAgain();
  }

  get baseUrl(): string {
    const given = this.getAttribute('base-url') ?? SupportChat.defaultBaseUrl;
    return new URL(given === '' ? '/' : given, document.baseURI).href.replace(/\/+$/, '');
  }

  /** Opens the panel and moves focus into it. */
  open(): void {
    this.want((part) => part.open());
  }

  /** Closes the panel and gives focus back to the launcher. */
  close(): void {
    this.wishes = [];
    this.chat?.close();
  }

  /** Opens the panel and sends a question, as if the visitor had typed it. */
  send(text: string): void {
    this.want((part) => part.send(text));
  }

  /** The name that send() had before. */
  ask(text: string): void {
    this.send(text);
  }

  /** Says who is signed in on the page, signed by its server; null when nobody is any more. */
  identify(identity: string | null): void {
    setAttribute(this, 'identity', identity);
  }

  /** Speaks this language; null for that of the page or the browser. */
  setLocale(tag: string | null): void {
    setAttribute(this, 'lang', tag);
  }

  /** Calls the listener each time; returns the function that ends it. */
  on<Name extends EventName>(name: Name, listener: (detail: SupportChatEvents[Name]) => void): () => void {
    const type = `support-chat-${name}`;
    const heard = (event: Event): void => listener((event as CustomEvent<SupportChatEvents[Name]>).detail);
    this.addEventListener(type, heard);
    return () => this.removeEventListener(type, heard);
  }

  private toggle(): void {
    if (this.chat?.isOpen) this.close();
    else this.open();
  }

  /** Words that wait are sent; else one request tells whether the panel is needed. */
  private async comeBack(): Promise<void> {
    const trace = traceOf(this.baseUrl);
    if (trace === 'none') return;
    const connect: Wish = (part) => part.connect();
    if (this.isLoaded || trace === 'unsent') {
      this.want(connect);
      return;
    }
    await this.load('news').catch(() => undefined);
    if (!this.isConnected || this.chat || this.watch) return;
    this.watch = SupportChat.provided.watch?.(this.baseUrl, this.identity, () => this.want(connect)) ?? null;
  }

  /** Does it with the panel, now or when it is loaded. */
  private want(wish: Wish): void {
    this.wishes.push(wish);
    if (this.chat || this.isLoaded) this.grant();
    else void this.loadAndGrant();
  }

  private async loadAndGrant(): Promise<void> {
    this.launcher.setAttribute('aria-busy', 'true');
    setText(this.note, '');
    try {
      await this.load('panel');
      this.grant();
    } catch {
      // What was wanted is wanted no more: the visitor is told, and presses again.
      if (this.wishes.length > 0) setText(this.note, LAUNCHER_WORDS[this.language][1]);
      this.wishes = [];
      this.removeAttribute('open');
    }
    this.launcher.removeAttribute('aria-busy');
  }

  private async load(what: 'panel' | 'news' | 'site' | 'more' | 'help' | 'rest' | 'proof'): Promise<void> {
    const words = /more|help|proof/.test(what) ? 'locales/more/' : what === 'panel' && !this.words ? 'locales/' : '';
    await Promise.all([this.file(`support-chat-${what}`), words && this.file(words + this.language)]);
  }

  private async file(name: string): Promise<void> {
    if (name === 'support-chat-panel' && SupportChat.provided.mount) return;
    await load(SupportChat.source ?? { folder: `${this.baseUrl}/static/widget/`, nonce: '' }, `${name}.js`);
  }

  private get isLoaded(): boolean {
    return SupportChat.provided.mount !== undefined && this.words !== undefined;
  }

  private get language(): Language {
    return this.choice?.language ?? 'en';
  }

  private get words(): Strings | undefined {
    return SupportChat.provided.words?.[this.language];
  }

  /** The attribute `lang`, the page's language and the browser's, in this order. */
  private followLanguage(): void {
    const choice = chooseLanguage([this.getAttribute('lang'), document.documentElement.lang, ...navigator.languages]);
    if (choice.tag === this.choice?.tag) return;
    this.choice = choice;
    setAttribute(this.frame, 'lang', choice.tag);
    setAttribute(this.frame, 'dir', directionOf(choice.language));
    if (!this.chat) this.drawClosed();
    else void this.speakAnew();
  }

  private async speakAnew(): Promise<void> {
    await this.load('panel').catch(() => undefined);
    // Without words the chat goes on in the language before.
    if (this.words) this.chat?.speak({ tag: this.choice?.tag ?? 'en', words: this.words });
  }

  private grant(): void {
    const { mount } = SupportChat.provided;
    if (!mount || !this.words || !this.isConnected || this.wishes.length === 0) return;
    this.watch?.stop();
    this.chat ??= mount(this.host(this.words));
    for (const wish of this.wishes.splice(0)) wish(this.chat);
  }

  /** A page may leave the attribute empty while nobody is signed in. */
  private readonly identity = (): string | null => {
    const said = this.getAttribute('identity');
    return said === '' ? null : said;
  };

  private host(words: Strings): Host {
    return {
      element: this,
      frame: this.frame,
      baseUrl: this.baseUrl,
      identity: this.identity,
      speech: { tag: this.choice?.tag ?? 'en', words },
      load: async (what) => {
        await this.load(what);
        return SupportChat.provided;
      },
      emit: (name, detail) => this.emit(name, detail),
      drawLauncher: (look) => this.drawLauncher(look),
      focusLauncher: () => this.launcher.focus({ preventScroll: true }),
    };
  }

  private drawClosed(): void {
    this.drawLauncher({ open: false, label: LAUNCHER_WORDS[this.language][0], unread: 0 });
  }

  private drawLauncher({ open, label, unread }: LauncherLook): void {
    setAttribute(this.launcher, 'aria-label', label);
    this.badge.hidden = unread === 0;
    setText(this.badge, unread > 9 ? '9+' : String(unread));
    if (this.launcher.getAttribute('aria-expanded') === String(open)) return;
    setAttribute(this.launcher, 'aria-expanded', String(open));
    this.launcherIcon.replaceChildren(drawing(open ? CLOSE : CHAT));
  }

  private emit(name: EventName, detail?: Readonly<Record<string, number>>): void {
    this.dispatchEvent(new CustomEvent(`support-chat-${name}`, { bubbles: true, composed: true, detail }));
  }
}
