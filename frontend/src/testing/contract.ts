// The shared contract file, read as it is, and small builders for tests that need one event of a kind.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRecord, parseEvent } from '../contract';
import type { Citation, Message, Sentence, ServerEvent } from '../contract';

const path = join(import.meta.dirname, '../../../tests/contracts/realtime.json');

type Json = Readonly<Record<string, unknown>>;

function load(): Json {
  const raw: unknown = JSON.parse(readFileSync(path, 'utf8'));
  if (!isRecord(raw)) throw new Error(`${path} is not an object`);
  return raw;
}

export const contract = load();
export const rawEvents = contract.server_events as readonly Json[];
export const rawFrames = contract.client_frames as readonly Json[];
export const enums = contract.enums as Readonly<Record<string, readonly string[]>>;

export function parsed(raw: unknown): ServerEvent {
  const event = parseEvent(raw);
  if (!event || event.type === 'unknown') throw new Error(`not a known event: ${JSON.stringify(raw)}`);
  return event;
}

export const events: readonly ServerEvent[] = rawEvents.map(parsed);

const AT = '2026-11-21T10:00:00Z';

export function message(changes: Partial<Message> = {}): Message {
  return {
    id: 'm-1',
    author: 'customer',
    text: 'Can I return opened coffee beans?',
    created_at: AT,
    client_id: null,
    agent_name: null,
    run_id: null,
    sentences: [],
    files: [],
    ...changes,
  };
}

export function citation(changes: Partial<Citation> = {}): Citation {
  return {
    n: 1,
    kind: 'passage',
    passage_id: '17',
    document_id: '5',
    title: 'Returns policy',
    heading: ['Returns policy', 'What cannot be returned'],
    page: 2,
    quote: 'Opened food cannot be returned.',
    cells: [],
    passage: 'Opened food cannot be returned. Sealed food can be returned within 14 days.',
    version: 3,
    effective_from: '2026-03-01',
    updated_at: '2026-02-20T09:00:00Z',
    url: null,
    ...changes,
  };
}

export function sentence(changes: Partial<Sentence> = {}): Sentence {
  return { text: 'Opened food cannot be returned.', form: 'text', number: null, citations: [], ...changes };
}

/** Numbers and stamps the bodies of stored events, as the server would. */
export function storedLog(...bodies: readonly Json[]): readonly ServerEvent[] {
  return bodies.map((body, index) => parsed({ seq: index + 1, at: AT, ...body }));
}
