// What is said: a message with its sentences, citations and files, and the parsers of each.
import { isRecord, list, number, oneOf, optionalText, record, text, texts } from './raw';
import type { Raw } from './raw';

export const FORMS = ['text', 'item', 'step'] as const;
export const KINDS = ['passage', 'curated'] as const;
export const AUTHORS = ['customer', 'bot', 'agent', 'system'] as const;

export type Form = (typeof FORMS)[number];
export type Kind = (typeof KINDS)[number];
export type Author = (typeof AUTHORS)[number];

/** A passage as it stood when the answer was written. `n` is its number within one answer. */
export interface Citation {
  readonly n: number;
  /** What is cited: a passage of a document, or what the team wrote. */
  readonly kind: Kind;
  readonly passage_id: string;
  readonly document_id: string;
  readonly title: string;
  readonly heading: readonly string[];
  readonly page: number | null;
  readonly quote: string;
  /** The texts of those cells of the quoted table row that the sentence uses. */
  readonly cells: readonly string[];
  /** Null in a page of history; it is fetched when somebody opens the source. */
  readonly passage: string | null;
  readonly version: number;
  /** A calendar date, `2026-03-01`, or null when the version has no start date. */
  readonly effective_from: string | null;
  readonly updated_at: string;
  /** The public page that the document was fetched from. */
  readonly url: string | null;
}

/** Neighbouring items are one list; neighbouring steps are one numbered list. */
export interface Sentence {
  readonly text: string;
  readonly form: Form;
  /** What a step is numbered with; null counts on from the step before. */
  readonly number: number | null;
  readonly citations: readonly Citation[];
}

/** A question the visitor may ask with one click: `label` is on the button, `text` is what is sent. */
export interface Choice {
  readonly label: string;
  readonly text: string;
}

/** A file that a customer has sent. */
export interface SentFile {
  readonly content_type: string;
  readonly id: string;
  readonly name: string;
  readonly size: number;
}

export interface Message {
  readonly id: string;
  readonly author: Author;
  readonly text: string;
  readonly created_at: string;
  readonly client_id: string | null;
  readonly agent_name: string | null;
  readonly run_id: string | null;
  readonly sentences: readonly Sentence[];
  readonly files: readonly SentFile[];
}

const MOST_CHOICES = 4;

function parseCitation(value: unknown): Citation {
  const raw = record(value);
  return {
    n: number(raw, 'n'),
    kind: oneOf(raw, 'kind', KINDS, 'passage'),
    passage_id: text(raw, 'passage_id'),
    document_id: text(raw, 'document_id'),
    title: text(raw, 'title'),
    heading: texts(raw, 'heading'),
    page: typeof raw.page === 'number' ? raw.page : null,
    quote: text(raw, 'quote'),
    cells: texts(raw, 'cells'),
    passage: optionalText(raw, 'passage'),
    version: number(raw, 'version'),
    effective_from: optionalText(raw, 'effective_from'),
    updated_at: text(raw, 'updated_at'),
    url: optionalText(raw, 'url'),
  };
}

export function parseSentence(value: unknown): Sentence {
  const raw = record(value);
  return {
    text: text(raw, 'text'),
    form: oneOf(raw, 'form', FORMS, 'text'),
    number: Number.isInteger(raw.number) ? number(raw, 'number') : null,
    citations: list(raw, 'citations').map(parseCitation),
  };
}

/** Choices are an extra: one that cannot be read is left out, and the answer stays. */
export function parseChoices(raw: Raw): readonly Choice[] {
  const choices = list(raw, 'choices').flatMap((value) => {
    if (!isRecord(value) || typeof value.label !== 'string' || typeof value.text !== 'string') return [];
    const choice = { label: value.label.trim(), text: value.text.trim() };
    return choice.label === '' || choice.text === '' ? [] : [choice];
  });
  return choices.slice(0, MOST_CHOICES);
}

function parseFile(value: unknown): SentFile {
  const raw = record(value);
  return { id: text(raw, 'id'), name: text(raw, 'name'), content_type: text(raw, 'content_type'), size: number(raw, 'size') };
}

export function parseMessage(value: unknown): Message {
  const raw = record(value);
  return {
    id: text(raw, 'id'),
    author: oneOf(raw, 'author', AUTHORS, 'system'),
    text: text(raw, 'text'),
    created_at: text(raw, 'created_at'),
    client_id: optionalText(raw, 'client_id'),
    agent_name: optionalText(raw, 'agent_name'),
    run_id: optionalText(raw, 'run_id'),
    sentences: list(raw, 'sentences').map(parseSentence),
    files: raw.files === undefined ? [] : list(raw, 'files').map(parseFile),
  };
}
