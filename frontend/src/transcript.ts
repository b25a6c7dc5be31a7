// A conversation as a text file.
import type { Message } from './contract';
import type { Earlier } from './earlier';
import * as format from './format';
import { strings } from './strings';
import { plainText } from './view/markdown';

// Far more than anybody writes; it ends a server that never does.
const MOST_PAGES = 100;

/** All messages of a conversation, oldest first. Raises UnreachableError. */
export async function allMessages(earlier: Earlier, conversation: string): Promise<readonly Message[]> {
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

export function transcriptText(title: string, messages: readonly Message[]): string {
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

/** Gives the text to the browser as a file to keep. */
export function saveText(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
