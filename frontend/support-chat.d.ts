// The types of the element <support-chat>, for pages in TypeScript.

/** What `on` can be told of, and what comes with it. */
export interface SupportChatEvents {
  /** The panel was opened. */
  open: null;
  /** The panel was closed. */
  close: null;
  /** The visitor has asked for a person. */
  handover: null;
  /** The number of unread messages has changed. */
  unread: { readonly count: number };
  /** The server does not take the identity any more; call `identify` with a new one. */
  'signed-out': null;
}

export interface SupportChatElement extends HTMLElement {
  /** Opens the panel and moves focus into it. */
  open(): void;
  /** Closes the panel and gives focus back to the launcher. */
  close(): void;
  /** Opens the panel and sends a question, as if the visitor had typed it. */
  send(text: string): void;
  /** Who is signed in on the page, signed by its server; null when nobody is any more. */
  identify(identity: string | null): void;
  /** The language, such as `de` or `pt-BR`; null for that of the page or the browser. */
  setLocale(tag: string | null): void;
  /** Calls the listener each time; returns the function that ends it. */
  on<Name extends keyof SupportChatEvents>(name: Name, listener: (detail: SupportChatEvents[Name]) => void): () => void;
}

type DomEvents = { [Name in keyof SupportChatEvents as `support-chat-${Name}`]: CustomEvent<SupportChatEvents[Name]> };

declare global {
  interface HTMLElementTagNameMap {
    'support-chat': SupportChatElement;
  }
  // They bubble, and cross shadow roots. An interface takes no mapped members, but extends them.
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type
  interface HTMLElementEventMap extends DomEvents {}
}
