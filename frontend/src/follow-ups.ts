// What may be asked next: fetched once an answer stands there, so that no answer waits for it.
import type { ChatClient } from './client';
import { parseChoices } from './message';
import { awaitsFollowUps } from './state';

export class FollowUps {
  private readonly asked = new Set<string>();

  constructor(private readonly client: ChatClient) {}

  /** For the newest answer, once; without them the answer is as good. */
  async fetch(): Promise<void> {
    const message = awaitsFollowUps(this.client.state);
    if (message === null || this.asked.has(message)) return;
    this.asked.add(message);
    const body = await this.client.session.read(`messages/${message}/follow-ups/`).catch(() => null);
    const choices = body ? parseChoices(body) : [];
    if (choices.length > 0) this.client.offer(message, choices);
  }
}
