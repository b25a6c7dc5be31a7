// What the client sends, as the contract writes it.
import type { ClientFrame, FeedbackValue, SentFile } from './contract';

/** How many messages a page of history has. */
export const PAGE_MESSAGES = 20;

/** The frames the client builds. One function each, so that the contract test can hold them to the fixture. */
export const frames = {
  /** After nothing means from the end: the last page, not the whole log. */
  hello: (after: number, conversation?: string | null, lang = 'en'): ClientFrame => ({
    type: 'hello',
    ...(after === 0 ? { last: PAGE_MESSAGES } : { after }),
    ...(conversation && { conversation }),
    // The server speaks English where it is told nothing.
    ...(lang !== 'en' && { lang }),
  }),
  earlier: (before: number): ClientFrame => ({ type: 'earlier', before, last: PAGE_MESSAGES }),
  message: (client_id: string, text: string, files: readonly SentFile[] = []): ClientFrame => ({
    type: 'message',
    client_id,
    text,
    ...(files.length > 0 && { files: files.map(({ id }) => id) }),
  }),
  feedback: (message_id: string, value: FeedbackValue, comment = ''): ClientFrame =>
    comment ? { type: 'feedback', message_id, value, comment } : { type: 'feedback', message_id, value },
  handover: (): ClientFrame => ({ type: 'handover' }),
  rating: (score: number): ClientFrame => ({ type: 'rating', score }),
  typing: (): ClientFrame => ({ type: 'typing' }),
  ping: (): ClientFrame => ({ type: 'ping' }),
  stop: (run_id: string): ClientFrame => ({ type: 'stop', run_id }),
  close: (): ClientFrame => ({ type: 'close' }),
};
