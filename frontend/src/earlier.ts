// Earlier conversations of this visitor: which there are, and what was said in one.
import { PAGE_MESSAGES, isRecord, parseMessage } from './contract';
import type { Message } from './contract';
import type { Session } from './session';

export interface Summary {
  readonly id: string;
  /** The visitor's first words in it. */
  readonly subject: string;
  readonly at: string;
}

/** Messages of one conversation in order, and the number to ask for those before them with. */
export interface MessagePage {
  readonly messages: readonly Message[];
  readonly earlierBefore: number | null;
}

export class Earlier {
  constructor(private readonly session: Session) {}

  /** Conversations in which something was said, newest first, without the one that is open. */
  async list(current: string | null): Promise<readonly Summary[]> {
    const body = await this.session.read('conversations/');
    const results: readonly unknown[] = Array.isArray(body.results) ? body.results : [];
    return results.flatMap((raw) => {
      if (!isRecord(raw) || typeof raw.id !== 'string' || raw.id === current) return [];
      if (typeof raw.subject !== 'string' || raw.subject === '') return [];
      return [{ id: raw.id, subject: raw.subject, at: String(raw.last_message_at ?? raw.created_at) }];
    });
  }

  /** The last page of a conversation, or the one before a number. */
  async read(id: string, before: number | null): Promise<MessagePage> {
    const page = before === null ? '' : `&before=${before}`;
    const body = await this.session.read(`conversations/${id}/?last=${PAGE_MESSAGES}${page}`);
    return {
      messages: Array.isArray(body.messages) ? body.messages.map(parseMessage) : [],
      earlierBefore: typeof body.earlier_before === 'number' ? body.earlier_before : null,
    };
  }
}
