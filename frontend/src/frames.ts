// What the client sends, as the contract writes it.
import type { ClientFrame, FeedbackValue } from './contract';

/** The frames the client builds. One function each, so that the contract test can hold them to the fixture. */
export const frames = {
  hello: (after: number, conversation?: string | null): ClientFrame =>
    conversation ? { type: 'hello', after, conversation } : { type: 'hello', after },
  message: (client_id: string, text: string): ClientFrame => ({ type: 'message', client_id, text }),
  feedback: (message_id: string, value: FeedbackValue, comment = ''): ClientFrame =>
    comment ? { type: 'feedback', message_id, value, comment } : { type: 'feedback', message_id, value },
  handover: (): ClientFrame => ({ type: 'handover' }),
  typing: (): ClientFrame => ({ type: 'typing' }),
  close: (): ClientFrame => ({ type: 'close' }),
};
