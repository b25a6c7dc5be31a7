// The entry of support-chat-panel.js: hands the panel to the element that has loaded it.
import { Chat } from './chat';
import type { SupportChat } from './launcher/element';

const element = customElements.get('support-chat') as typeof SupportChat | undefined;
element?.provide({ mount: (host) => new Chat(host) });
