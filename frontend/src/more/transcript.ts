// A conversation as a text file.
import type { Message } from '../contract';
import type { Earlier } from '../earlier';
import * as format from '../format';
import type { Speech } from '../launcher/part';
import { speak, strings } from '../strings';
import { plainText } from '../view/markdown';
import { saveBlob } from './save';

// Far more than anybody writes; it ends a server that never does.
const MOST_PAGES = 100;

/** Gives the conversation to the browser as a text file. Raises UnreachableError. */
export async function saveTranscript(earlier: Earlier, conversation: string, title: string | null, { tag, words: said }: Speech): Promise<void> {
  // This file has words of its own to fill.
  speak(tag, said);
  const text = transcriptText(title ?? strings.heading, await allMessages(earlier, conversation));
  saveBlob(`${strings.log}.txt`, new Blob([text], { type: 'text/plain;charset=utf-8' }));
}

/** All messages, oldest first. */
async function allMessages(earlier: Earlier, conversation: string): Promise<readonly Message[]> {
  let messages: readonly Message[] = [];
  let before: number | null = null;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const read = await earlier.read(conversation, before);
    messages = [...read.messages, ...messages];
    before = read.earlierBefore;
    if (before === null) break;
  }
  return messages;
}

function transcriptText(title: string, messages: readonly Message[]): string {
  const [first] = messages;
  const head = strings.transcriptOf(title, format.day(first?.created_at ?? new Date().toISOString()));
  const lines = messages.map((message) => `[${format.dateTime(message.created_at)}] ${speaker(message)}: ${words(message)}`);
  return `${[head, ...lines].join('\n\n')}\n`;
}

function speaker({ author, agent_name: name }: Message): string {
  if (author === 'customer') return strings.you;
  return author === 'agent' ? (name ?? strings.agent) : strings.bot;
}

function words(message: Message): string {
  return message.author === 'customer' ? message.text : plainText(message.text);
}
