// The entry of support-chat-news.js, which only visitors who come back load.
import type { SupportChat } from './launcher/element';
import { NewsWatch } from './launcher/watch';

const element = customElements.get('support-chat') as typeof SupportChat | undefined;
element?.provide({ watch: (baseUrl, identity, onNews) => new NewsWatch(baseUrl, identity, onNews) });
