// The entry of support-chat-proof.js: a proof of work. It is loaded when the server, under attack, asks for one.
import type { SupportChat } from './launcher/element';
import { prove } from './proof/prove';

const element = customElements.get('support-chat') as typeof SupportChat | undefined;
element?.provide({ prove });
