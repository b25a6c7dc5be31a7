// When the form for an address comes. The form itself is loaded then.
import type { ChatClient } from './client';
import type { Host } from './launcher/part';
import type { First } from './more/form';
import { isEmpty } from './state';
import { strings } from './strings';
import type { PanelView } from './view/panel';

export class AddressQuestion {
  private loading = false;

  constructor(
    private readonly host: Host,
    private readonly client: ChatClient,
    private readonly panel: () => PanelView,
    private readonly closeChat: () => void,
  ) {}

  /** Before the first question, where the page asks so. */
  askFirst(): void {
    const first = this.host.element.getAttribute('ask-first');
    if (first !== 'optional' && first !== 'required') return;
    const { state, status, storage } = this.client;
    const begins = status === 'online' && state.conversation !== null && isEmpty(state);
    if (begins && !storage.wasAsked && this.host.identity() === null) void this.open(first);
  }

  /** A file that cannot be loaded leaves the button, to be pressed again. */
  async open(first: First): Promise<void> {
    const { client, closeChat } = this;
    const panel = this.panel();
    if (this.loading || panel.hasForm || !panel.isOpen) return;
    this.loading = true;
    const { more, moreWords: words } = (await this.host.load('more').catch(() => null)) ?? {};
    this.loading = false;
    // The panel may have gone meanwhile.
    if (more && words && panel.element.isConnected) more.openForm({ element: this.host.element, privacy: strings.privacy, client, panel, closeChat, words, first });
  }
}
