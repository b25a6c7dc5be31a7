// What a visitor sees before the first question: a greeting and questions to start from.
import { strings } from '../strings';
import { button, el, icon, setText } from './dom';

const LONGEST_HEADLINE = 60;

export class EmptyView {
  private readonly greeting = el('h3', { class: 'greeting', dir: 'auto' }, [strings.greeting]);
  private readonly detail = el('p', { class: 'empty-detail', dir: 'auto' }, [strings.greetingDetail]);
  private readonly list = el('ul', { class: 'suggestions', 'aria-label': strings.suggestions });
  readonly element = el('div', { class: 'empty' }, [
    el('div', { class: 'empty-mark', 'aria-hidden': 'true' }, [icon('chat')]),
    this.greeting,
    this.detail,
    this.list,
  ]);

  constructor(private readonly pick: (text: string) => void) {}

  update(greeting: string | null, suggestions: readonly string[]): void {
    const [first, rest] = splitGreeting(greeting ?? strings.greeting);
    setText(this.greeting, first);
    setText(this.detail, rest === '' ? strings.greetingDetail : rest);
    this.list.hidden = suggestions.length === 0;
    this.list.replaceChildren(...suggestions.map((text) => el('li', {}, [this.suggestion(text)])));
  }

  private suggestion(text: string): HTMLElement {
    return button({ class: 'suggestion', testid: 'suggestion', dir: 'auto' }, [text], () => this.pick(text));
  }
}

/** The headline, and what follows it: of a long greeting only the first sentence is a headline. */
export function splitGreeting(greeting: string): readonly [string, string] {
  const end = greeting.length > LONGEST_HEADLINE ? /[.!?…。！？]\s+/u.exec(greeting) : null;
  if (end === null) return [greeting.trim(), ''];
  return [greeting.slice(0, end.index + 1).trim(), greeting.slice(end.index + 1).trim()];
}

/** A JSON list of strings, or questions separated by `|`. */
export function parseSuggestions(value: string | null): readonly string[] {
  if (value === null) return [];
  try {
    const parsed: unknown = JSON.parse(value);
    if (Array.isArray(parsed)) return parsed.filter((each): each is string => typeof each === 'string' && each !== '');
  } catch {
    // Not JSON, so it is the plain form.
  }
  return value.split('|').map((each) => each.trim()).filter((each) => each !== '');
}
