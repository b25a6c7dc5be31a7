// The entry of support-chat-help.js: help articles. It is loaded when somebody opens them.
import { openHelp } from './help/open';
import type { SupportChat } from './launcher/element';

const element = customElements.get('support-chat') as typeof SupportChat | undefined;
element?.provide({ openHelp });
