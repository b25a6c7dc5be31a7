// The entry of the bundle.
import { register } from './install';

register(document.currentScript instanceof HTMLScriptElement ? document.currentScript : null);
