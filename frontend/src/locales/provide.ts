// The entry of a language's file: hands its words to the element that has loaded it.
import type { SupportChat } from '../launcher/element';
import type { Language } from '../launcher/language';
import type { Strings } from './en';

export function provideWords(language: Language, words: Strings): void {
  const element = customElements.get('support-chat') as typeof SupportChat | undefined;
  element?.provide({ words: { [language]: words } });
}
