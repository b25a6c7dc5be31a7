// The chat behind the launcher: the wiring between the element, the client and its views.
import { AddressQuestion } from './address';
import { ChatClient } from './client';
import type { Citation, SentFile } from './contract';
import { Extras } from './extras';
import { FollowUps } from './follow-ups';
import type { Host, Part, Speech } from './launcher/part';
import { UnreachableError } from './session';
import type { State } from './state';
import { initialState, unreadCount } from './state';
import { speak, strings } from './strings';
import { applyStyles } from './styles';
import { Sound } from './sound';
import { TitleNotice } from './title';
import type { Actions } from './view/actions';
import { Announcer, announcements } from './view/announcer';
import { setAttribute } from './view/dom';
import { parseSuggestions } from './view/empty';
import { PanelView } from './view/panel';

// Events that arrive this soon after connecting are an earlier conversation being replayed, not news.
const REPLAY_MS = 1_000;
// Events of one burst are drawn together.
const DRAW_MS = 16;

export class Chat implements Part {
  private readonly client: ChatClient;
  private drawn: State = initialState;
  private drawTimer: ReturnType<typeof setTimeout> | undefined;
  private liveFrom = 0;
  private unread = 0;
  private signedOut = false;
  private panel: PanelView;
  private readonly address: AddressQuestion;
  private readonly followUps: FollowUps;
  private readonly extras: Extras;
  private readonly sound: Sound;
  private readonly announcer = new Announcer();
  private readonly title = new TitleNotice();

  private speech: Speech;

  constructor(private readonly host: Host) {
    this.speech = host.speech;
    const root = host.element.shadowRoot;
    if (root) applyStyles(root);
    speak(host.speech.tag, host.speech.words);
    this.extras = new Extras(host, () => this.client, () => this.panel, (text) => this.announcer.say([text]));
    this.panel = new PanelView(this.actions());
    host.frame.prepend(this.panel.element, this.announcer.element);
    this.client = new ChatClient(host.baseUrl, () => this.changed(), host.identity, async () => {
      const { rest } = await host.load('rest');
      if (!rest) throw new UnreachableError();
      return rest;
    }, async (refusal) => {
      const { prove, moreWords: words } = await host.load('proof');
      if (!prove || !words) throw new UnreachableError();
      return prove({ refusal, panel: this.panel, speech: this.speech, words, say: (text) => this.announcer.say([text]) });
    });
    this.sound = new Sound(host, this.client.storage, this.changed);
    this.followUps = new FollowUps(this.client);
    this.address = new AddressQuestion(host, this.client, () => this.panel, () => this.close());
    document.addEventListener('visibilitychange', this.changed);
    this.configure();
    this.draw();
  }

  destroy(): void {
    document.removeEventListener('visibilitychange', this.changed);
    clearTimeout(this.drawTimer);
    this.client.stop();
    this.title.show(0);
    this.panel.destroy();
    this.announcer.element.remove();
  }

  get isOpen(): boolean {
    return this.panel.isOpen;
  }

  connect(): void {
    this.start(true);
  }

  signInAgain(): void {
    this.client.signInAgain();
  }

  speak(speech: Speech): void {
    this.speech = speech;
    speak(speech.tag, speech.words);
    const before = this.panel;
    this.panel = new PanelView(this.actions());
    before.element.replaceWith(this.panel.element);
    this.panel.isOpen = before.isOpen;
    this.panel.composer.takeOver(before.composer);
    before.destroy();
    this.configure();
    this.draw();
    this.panel.log.scrollToEnd();
  }

  open(): void {
    this.show();
    this.panel.composer.focus();
  }

  close(): void {
    if (!this.panel.isOpen) return;
    this.setOpen(false);
    this.host.focusLauncher();
    this.host.emit('close');
  }

  send(text: string): void {
    this.open();
    if (text.trim() !== '') this.sendNow(text.trim());
  }

  /** Whoever sends wants to see it, also where they had scrolled up. */
  private sendNow(text: string, files?: readonly SentFile[]): void {
    this.client.send(text, files);
    this.panel.log.scrollToEnd();
    this.panel.composer.resetEnd();
  }

  show(): void {
    if (this.panel.isOpen) return;
    this.setOpen(true);
    this.start(false);
    this.host.emit('open');
  }

  configure(): void {
    const { element } = this.host;
    this.panel.configure({
      heading: element.getAttribute('heading'),
      greeting: element.getAttribute('greeting'),
      placeholder: element.getAttribute('placeholder'),
      privacyUrl: element.getAttribute('privacy-url'),
      suggestions: parseSuggestions(element.getAttribute('suggestions')),
      signedIn: this.host.identity() !== null,
      files: this.isOn('files'),
      help: this.isOn('help'),
    });
    this.changed();
  }

  private setOpen(open: boolean): void {
    this.panel.isOpen = open;
    setAttribute(this.host.element, 'open', open);
    this.drawLauncher();
    this.changed();
  }

  private start(returning: boolean): void {
    if (this.client.status !== 'idle') return;
    this.liveFrom = returning ? Infinity : 0;
    this.client.start();
  }

  private actions(): Actions {
    return {
      send: (text, files) => this.sendNow(text, files),
      ...this.extras.actions(),
      pick: (text) => {
        this.sendNow(text);
        this.panel.leaveButton();
      },
      typing: () => this.client.typing(),
      retry: (clientId) => this.retry(clientId),
      edit: (clientId, text) => {
        this.client.discard(clientId);
        this.panel.composer.fill(text);
      },
      editAgain: (text) => this.panel.composer.fill(text),
      say: (text) => this.announcer.say([text]),
      saveTranscript: (conversation) => this.saveTranscript(conversation),
      stop: () => {
        this.client.stopAnswer();
        this.panel.leaveButton();
      },
      askForPerson: () => this.askForPerson(),
      leaveAddress: () => void this.address.open(null),
      rateSupport: (score) => this.client.rateSupport(score),
      rate: (messageId, value, comment) => this.client.rate(messageId, value, comment),
      openSource: (messageId, citations, opener) => void this.openSource(messageId, citations, opener),
      forget: () => {
        if (!window.confirm(strings.forgetQuestion)) return;
        void this.client.forget();
        this.panel.composer.focus();
      },
      loadEarlier: () => this.client.loadEarlier(),
      close: () => this.close(),
      end: () => this.client.end(),
      toggleSound: () => this.sound.toggle(),
      showHelp: () => void this.showHelp(),
      showHistory: () => void this.showHistory(),
    };
  }

  private async showHistory(): Promise<void> {
    const { panel } = this;
    const { more, moreWords } = (await this.host.load('more').catch(() => null)) ?? {};
    panel.help?.close();
    if (moreWords && panel.element.isConnected) more?.openHistory(panel, this.actions(), this.client, this.speech, moreWords);
  }

  /** The files come when somebody wants to read; without them the button stays, to be pressed again. */
  private async showHelp(): Promise<void> {
    const { panel, client } = this;
    const { openHelp, moreWords } = (await this.host.load('help').catch(() => null)) ?? {};
    panel.history?.close();
    if (moreWords && panel.element.isConnected) openHelp?.(panel, client.session, this.speech, moreWords);
  }

  private retry(clientId: string): void {
    this.client.retry(clientId);
    this.panel.composer.focus();
  }

  private askForPerson(): void {
    this.client.askForPerson();
    // The pressed button is now disabled, and a disabled button loses focus to nowhere.
    this.panel.composer.focus();
    this.host.emit('handover');
  }

  private async saveTranscript(conversation: string): Promise<void> {
    const { more } = await this.host.load('more');
    await more?.saveTranscript(this.client.earlier, conversation, this.host.element.getAttribute('heading'), this.speech);
  }

  private async openSource(messageId: string | null, citations: readonly Citation[], opener: HTMLElement): Promise<void> {
    const { client, panel } = this;
    const [first] = citations;
    if (!first) return;
    const { more, moreWords } = (await this.host.load('more').catch(() => null)) ?? {};
    if (more && moreWords) more.sourceOf(panel, this.speech, moreWords).open(citations, opener, first.passage ?? client.passageOf(messageId, first));
    else this.announcer.say([strings.passageFailed]);
  }

  private readonly changed = (): void => {
    this.tellSignedOut();
    if (this.client.status === 'online' && this.liveFrom === Infinity) this.liveFrom = Date.now() + REPLAY_MS;
    this.drawTimer ??= setTimeout(() => this.draw(), DRAW_MS);
  };

  /** The page can set the attribute `identity` anew. */
  private tellSignedOut(): void {
    const signedOut = this.client.status === 'signed_out';
    if (signedOut && !this.signedOut) this.host.emit('signed-out');
    this.signedOut = signedOut;
  }

  private draw(): void {
    clearTimeout(this.drawTimer);
    this.drawTimer = undefined;
    const { state, status, storage } = this.client;
    const live = Date.now() >= this.liveFrom;
    this.panel.render(state, status, live);
    this.panel.composer.takesVoice = this.takesVoice;
    this.panel.composer.isHeard = this.sound.state;
    if (live && !this.isLookedAt) this.sound.compare(this.drawn, state);
    if (live && this.panel.isOpen) this.announcer.say(announcements(this.drawn, state));
    this.drawn = state;
    this.address.askFirst();
    if (this.isLookedAt && this.isOn('follow-ups')) void this.followUps.fetch();
    const { conversation, lastSeq } = state;
    const unread = unreadCount(state, storage.readSeq(conversation));
    // With nothing unread the launcher need not load the panel for the events up to here.
    const hasRead = unread === 0 || this.isLookedAt;
    if (hasRead && lastSeq > storage.readSeq(conversation)) storage.setReadSeq(conversation, lastSeq);
    const before = this.unread;
    this.unread = hasRead || this.panel.isOpen ? 0 : unread;
    if (this.unread !== before) this.host.emit('unread', { count: this.unread });
    const wantsTitle = document.hidden && this.isOn('title-notice');
    this.title.show(wantsTitle ? unread : 0);
    this.drawLauncher();
  }

  private get isLookedAt(): boolean {
    return this.panel.isOpen && !document.hidden;
  }

  private get takesVoice(): boolean {
    return this.isOn('voice') && this.client.session.hasOffer('voice');
  }

  /** What a page can switch off by an attribute. */
  private isOn(name: string): boolean {
    return this.host.element.getAttribute(name) !== 'off';
  }

  private drawLauncher(): void {
    const { isOpen } = this.panel;
    const closedLabel = this.unread > 0 ? strings.openUnread(this.unread) : strings.open;
    this.host.drawLauncher({ open: isOpen, label: isOpen ? strings.close : closedLabel, unread: isOpen ? 0 : this.unread });
  }
}
