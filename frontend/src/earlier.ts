// Earlier conversations of this visitor: which there are, and what was said in one.
import { isRecord, parseMessage } from './contract';
import type { Message } from './contract';
import type { Session } from './session';

export interface Summary {
  readonly id: string;
  /** The visitor's first words in it. */
  readonly subject: string;
  readonly at: string;
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

  async read(id: string): Promise<readonly Message[]> {
    const body = await this.session.read(`conversations/${id}/`);
    return Array.isArray(body.messages) ? body.messages.map(parseMessage) : [];
  }
}
