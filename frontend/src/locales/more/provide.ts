// The entry of a language's second file: hands its words to the element that has loaded it.
import type { SupportChat } from '../../launcher/element';
import type { MoreWords } from './en';

export function provideMoreWords(moreWords: MoreWords): void {
  const element = customElements.get('support-chat') as typeof SupportChat | undefined;
  element?.provide({ moreWords });
}
