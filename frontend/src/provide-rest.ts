// The entry of support-chat-rest.js: a connection where no WebSocket gets through, or where another tab has it.
import type { SupportChat } from './launcher/element';
import { RestTransport } from './transport/rest';

const element = customElements.get('support-chat') as typeof SupportChat | undefined;
element?.provide({ rest: (address, handlers, source) => new RestTransport(address, handlers, source) });
