// The element on a page, connected to the fake server, and ways to look into it, for tests.
import { vi } from 'vitest';
import { Chat } from '../chat';
import { SupportChat } from '../launcher/element';
import { en } from '../locales/more/en';
import { openHelp } from '../help/open';
import { more } from '../more/all';
import { FakeSocket, settle } from './server';

/** Registers the element with the panel at hand, as if it had been loaded before. */
export function defineElement(): void {
  if (!customElements.get('support-chat')) customElements.define('support-chat', SupportChat);
  SupportChat.provide({ mount: (host) => new Chat(host), more, openHelp, moreWords: en });
  vi.spyOn(SupportChat.prototype as unknown as { load: () => Promise<void> }, 'load').mockResolvedValue();
}

export class Widget {
  private constructor(
    readonly element: HTMLElement,
    private readonly root: ShadowRoot,
  ) {}

  /** An open and connected widget; the test has called fakeServer(). */
  static async open(): Promise<Widget> {
    defineElement();
    const element = new SupportChat();
    element.setAttribute('base-url', 'https://help.example/');
    document.body.append(element);
    element.open();
    await settle();
    FakeSocket.last.accept();
    await settle();
    if (!element.shadowRoot) throw new Error('the element has no shadow root');
    return new Widget(element, element.shadowRoot);
  }

  all(selector: string): readonly HTMLElement[] {
    return [...this.root.querySelectorAll<HTMLElement>(selector)];
  }

  named(testid: string): readonly HTMLElement[] {
    return this.all(`[data-testid="${testid}"]`);
  }

  one(testid: string): HTMLElement {
    const [element] = this.named(testid);
    if (!element) throw new Error(`nothing with the test id ${testid}`);
    return element;
  }

  get focused(): string | null {
    return this.root.activeElement?.getAttribute('data-testid') ?? null;
  }
}

/** The server says these events, and they are drawn. */
export async function says(...events: readonly unknown[]): Promise<void> {
  FakeSocket.last.says(...events);
  await settle();
}
