// What the views may ask for. They know nothing of the connection or of each other.
import type { Citation, FeedbackValue, SentFile } from '../contract';
import type { ChoicesState } from '../state';

export interface Actions {
  readonly send: (text: string, files: readonly SentFile[]) => void;
  /** Files that the visitor has chosen, pasted or dropped. */
  readonly attach: (files: readonly File[]) => void;
  /** Records what the visitor says, to be written down. */
  readonly speak: () => void;
  /** Gives a file that was sent to the browser. */
  readonly saveFile: (file: SentFile) => void;
  /** Draws an image small. */
  readonly drawFile: (file: SentFile, canvas: HTMLCanvasElement) => void;
  /** Sends the words of a button that is about to go. */
  readonly pick: (text: string) => void;
  readonly typing: () => void;
  readonly retry: (clientId: string) => void;
  /** Takes a message that cannot be sent back into the input. */
  readonly edit: (clientId: string, text: string) => void;
  /** Takes the words of a message that was sent into the input, to ask again in other words. */
  readonly editAgain: (text: string) => void;
  /** Tells it to a screen reader. */
  readonly say: (text: string) => void;
  /** Raises when the conversation cannot be had. */
  readonly saveTranscript: (conversation: string) => Promise<void>;
  /** Stops the answer that is being written. */
  readonly stop: () => void;
  readonly askForPerson: () => void;
  /** Opens the form for an address that the reply goes to. */
  readonly leaveAddress: () => void;
  readonly rate: (messageId: string, value: FeedbackValue, comment?: string) => void;
  /** How the support of a ticket was, from 1 to 5. */
  readonly rateSupport: (score: number) => void;
  /** Citations of one passage by a message, which is null while it is written; the control to give focus back to. */
  readonly openSource: (messageId: string | null, citations: readonly Citation[], opener: HTMLElement) => void;
  readonly forget: () => void;
  readonly loadEarlier: () => void;
  readonly close: () => void;
  /** Turns the sound on or off. */
  readonly toggleSound: () => void;
  /** Ends the conversation. */
  readonly end: () => void;
  readonly showHistory: () => void;
  readonly showHelp: () => void;
}

/** What a row needs beside its item. */
export interface RowContext {
  readonly isLastAnswer: boolean;
  /** Whether the visitor may ask this again in other words. */
  readonly canEditAgain: boolean;
  readonly choices: ChoicesState;
  readonly canAskForPerson: boolean;
  readonly handoverAsked: boolean;
  readonly feedback: FeedbackValue | null;
  /** False while an earlier conversation is being replayed: nothing moves, nothing is announced. */
  readonly live: boolean;
}
