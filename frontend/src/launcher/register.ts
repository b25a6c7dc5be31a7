// The entry of support-chat.js, the one script that a page has.
import { register } from './install';

register(document.currentScript instanceof HTMLScriptElement ? document.currentScript : null);
