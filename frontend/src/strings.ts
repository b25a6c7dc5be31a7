// What the widget says now, in the language of the visitor. Views read it when they are drawn; another language draws
// them anew.
import { en } from './locales/en';
import type { Strings } from './locales/en';

export type { Strings } from './locales/en';

export const strings: Strings = { ...en };

let tag: string | undefined;

/** From here on the widget speaks these words, or English without any, and writes dates as the tag says. */
export function speak(languageTag: string, words: Strings | null): void {
  Object.assign(strings, en, words);
  tag = languageTag;
}

/** The tag that dates are written by; undefined for the browser's own. */
export function dateTag(): string | undefined {
  return tag;
}
