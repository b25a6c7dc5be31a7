// The entry of support-chat-site.js, which pages load whose script names a site.
import type { SupportChat } from './launcher/element';
import { readSite } from './launcher/site';

const element = customElements.get('support-chat') as typeof SupportChat | undefined;
element?.provide({ readSite });
