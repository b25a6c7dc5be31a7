// What the launcher and the panel know of each other. A page has the launcher at once, and
// the panel when somebody wants to chat.

import type { SupportChatEvents } from '../../support-chat';
import type { Strings } from '../locales/en';
import type { MoreWords } from '../locales/more/en';
import type { openHelp } from '../help/open';
import type { More } from '../more/all';
import type { Proving } from '../proof/prove';
import type { RestFactory } from '../transport/transport';
import type { Language } from './language';

export type EventName = keyof SupportChatEvents;

/** What the panel may ask of the element it stands in. */
export interface Host {
  /** For its attributes. */
  readonly element: HTMLElement;
  /** Where the panel is put. */
  readonly frame: HTMLElement;
  readonly baseUrl: string;
  /** What the page's server has signed about who is signed in there. */
  readonly identity: () => string | null;
  /** The language that was chosen, and its words. */
  readonly speech: Speech;
  /** The page hears of it as an event `support-chat-NAME`. */
  /** Loads what is rarely needed, with its words in the language that was chosen. Raises when it cannot be had. */
  readonly load: (what: 'more' | 'help' | 'rest' | 'proof') => Promise<Provided>;
  readonly emit: (name: EventName, detail?: Readonly<Record<string, number>>) => void;
  readonly drawLauncher: (look: LauncherLook) => void;
  readonly focusLauncher: () => void;
}

export interface Speech {
  /** Dates are written as this tag says. */
  readonly tag: string;
  readonly words: Strings;
}

export interface LauncherLook {
  readonly open: boolean;
  readonly label: string;
  readonly unread: number;
}

/** The panel, once it is loaded. */
export interface Part {
  readonly isOpen: boolean;
  /** Connects for a visitor who comes back, to find what is new. */
  connect(): void;
  /** Shows the panel; focus stays where it is. */
  show(): void;
  /** Shows the panel and moves focus into it. */
  open(): void;
  close(): void;
  send(text: string): void;
  /** An attribute of the element has changed. */
  configure(): void;
  signInAgain(): void;
  /** Draws everything anew in another language. */
  speak(speech: Speech): void;
  /** Ends everything: the element has left the page. */
  destroy(): void;
}

/** Looks for news until it is stopped. */
export interface Watch {
  stop(): void;
}

/** What the loaded files hand to the element. */
export interface Provided {
  readonly mount?: (host: Host) => Part;
  readonly readSite?: (element: HTMLElement, baseUrl: string, site: string) => Promise<boolean>;
  /** Of one language or more; what was handed over before stays. */
  readonly words?: Partial<Record<Language, Strings>>;
  /** Of the language of the speech that `more` was called in. */
  readonly moreWords?: MoreWords;
  readonly more?: More;
  readonly openHelp?: typeof openHelp;
  readonly rest?: RestFactory;
  readonly prove?: (proving: Proving) => Promise<string>;
  readonly watch?: (baseUrl: string, identity: () => string | null, onNews: () => void) => Watch;
}
