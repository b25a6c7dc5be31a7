// What the widget says now, in the language of the visitor. Views read it when they are drawn; another language draws
// them anew.
import type { Strings } from './locales/en';

export type { Strings } from './locales/en';

/** Empty until speak() is called, which comes before anything is drawn. */
export const strings = {} as Strings;

let tag: string | undefined;

/** From here on the widget speaks these words, and writes dates as the tag says. */
export function speak(languageTag: string, words: Strings): void {
  Object.assign(strings, words);
  tag = languageTag;
}

/** The tag that dates are written by; undefined for the browser's own. */
export function dateTag(): string | undefined {
  return tag;
}
