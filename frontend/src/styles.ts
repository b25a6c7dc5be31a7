// All styles of the widget, applied to its shadow root.
import { baseStyles } from './styles/base';
import { composerStyles } from './styles/composer';
import { historyStyles } from './styles/history';
import { messageStyles } from './styles/messages';
import { panelStyles } from './styles/panel';
import { sourceStyles } from './styles/source';

const css = [baseStyles, panelStyles, messageStyles, composerStyles, sourceStyles, historyStyles].join('\n');

let sheet: CSSStyleSheet | null = null;

/** A constructed sheet is shared by all elements and passes a page's `style-src` policy; old browsers get a tag. */
export function applyStyles(root: ShadowRoot): void {
  if ('adoptedStyleSheets' in root && 'replaceSync' in CSSStyleSheet.prototype) {
    if (!sheet) {
      sheet = new CSSStyleSheet();
      sheet.replaceSync(css);
    }
    root.adoptedStyleSheets = [sheet];
    return;
  }
  const style = document.createElement('style');
  style.textContent = css;
  root.append(style);
}
