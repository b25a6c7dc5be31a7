// The entry of support-chat-more.js: what few visitors need. It is loaded when one does.
import type { SupportChat } from './launcher/element';
import { more } from './more/all';

const element = customElements.get('support-chat') as typeof SupportChat | undefined;
element?.provide({ more });
