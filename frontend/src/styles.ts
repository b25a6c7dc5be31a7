// All styles of the panel, applied to the shadow root that the launcher has made.
import { baseStyles } from './styles/base';
import { composerStyles } from './styles/composer';
import { messageStyles } from './styles/messages';
import { panelStyles } from './styles/panel';
import { applySheet } from './view/sheet';

const css = [baseStyles, panelStyles, messageStyles, composerStyles].join('\n');

export function applyStyles(root: ShadowRoot): void {
  applySheet(root, css);
}
